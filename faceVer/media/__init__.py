"""Bytes to frames: what a medium is, its pictures, and every cap that is checked before memory is spent on it."""
