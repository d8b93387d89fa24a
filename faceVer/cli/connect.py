"""Which backend does the work of a command: the models of this machine, or a server."""

from __future__ import annotations

import argparse

from faceVer.cli.backend import Backend


def connect(options: argparse.Namespace) -> Backend:
    """The backend that the options name. Raises SetupError."""
    if options.url:
        from faceVer.cli.remote import RemoteBackend

        return RemoteBackend(options)
    from faceVer.cli.local import LocalBackend

    return LocalBackend()
