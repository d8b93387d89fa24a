"""Which backend does the work of a command: the engine in this process, or a server."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing, contextmanager

from faceVer.cli.backend import Backend


@contextmanager
def connect(options: argparse.Namespace) -> Iterator[Backend]:
    """The backend that the options name. Raises SetupError."""
    if options.url:
        from faceVer.cli.remote import RemoteBackend

        with closing(RemoteBackend(options)) as server:
            yield server
        return
    from faceVer.cli.local import LocalBackend

    yield LocalBackend()
