"""Weight files: fetch, verify, prepare."""
