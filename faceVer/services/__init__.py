"""Use cases, synchronous and without HTTP."""
