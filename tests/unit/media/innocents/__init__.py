"""Legitimate files, written by real encoders, of a face: each must be read, and give the template of that face."""
