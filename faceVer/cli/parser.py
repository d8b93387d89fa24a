"""The command line: every command with its options. Nothing heavy is imported for it."""

from __future__ import annotations

import argparse
import sys

from faceVer import __version__
from faceVer.cli import (
    best_shot,
    companies,
    comparing,
    database,
    extract,
    folders,
    liveness,
    models,
    options,
    retention,
    search,
    service,
    storage,
    users,
)
from faceVer.cli.exit_codes import MEANINGS, USAGE

_STATUSES = "\n".join(f"  {status:<4} {meaning}" for status, meaning in MEANINGS.items())


def build() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="facever",
        description="Open, self-hosted biometric processor. Settings: FACEVER_* variables (`facever settings`).",
        epilog=f"exit status:\n{_STATUSES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"facever {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", dest="command")
    parser.set_defaults(run=lambda _: _help(parser))
    one, many = options.parent(parallel=False), options.parent()
    extract.add(commands, many)
    comparing.add(commands, one)
    search.add(commands, many)
    liveness.add(commands, many)
    best_shot.add(commands, many)
    models.add(commands)
    service.add(commands)
    storage.add(commands)
    database.add(commands)
    companies.add(commands)
    users.add(commands)
    folders.add(commands)
    retention.add(commands)
    return parser


def _help(parser: argparse.ArgumentParser) -> int:
    """No command was named."""
    parser.print_help(sys.stderr)
    return USAGE
