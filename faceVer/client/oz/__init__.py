"""Clients of the stored Oz API: accounts, folders, media and analyses that a server keeps (docs/client.md)."""
