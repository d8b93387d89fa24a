"""Listening, connections, worker processes, TLS, draining."""
