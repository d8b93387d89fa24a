"""The Oz API: /api."""
