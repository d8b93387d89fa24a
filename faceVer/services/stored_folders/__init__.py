"""Folders that are kept: taking in media, running analyses apart from requests, operators' decisions, erasure."""
