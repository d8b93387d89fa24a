"""Alembic's migrations of the database, in `versions`; `faceVer.storage.schema` runs them.

A new one is a module there, written by hand: `NNNN_what.py` with revision, down_revision and upgrade(). There is no
downgrade: the way back is a backup.
"""
