"""Folder analyses: payload in, document out. Pure logic: no HTTP, no models, no clock but the one passed in."""
