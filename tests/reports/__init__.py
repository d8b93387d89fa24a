"""Statistics, retention and reports of a server that keeps a store."""
