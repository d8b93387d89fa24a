"""Options that several commands have."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from faceVer.cli.exit_codes import DECLINED, FAILED, MEANINGS, OK, OPERATOR

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""argparse's collection of commands."""
CLIENT_TIMEOUT = 60.0
"""Seconds: long enough for a video on a busy server."""
_RESULTS = (OK, FAILED, DECLINED, OPERATOR)


def command(
    commands: Commands, name: str, text: str, parent: argparse.ArgumentParser | None = None
) -> argparse.ArgumentParser:
    """Add a command. text: what it does. parent: shared options, of commands whose exit status is a result."""
    return commands.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog="exit status: " + "; ".join(f"{status} = {MEANINGS[status]}" for status in _RESULTS) if parent else None,
        parents=[parent] if parent else [],
    )


def parent(*, parallel: bool = True) -> argparse.ArgumentParser:
    """The shared options: where the work is done and how results are printed. parallel: add --jobs."""
    parser = argparse.ArgumentParser(add_help=False)
    where = parser.add_argument_group("where the work is done")
    where.add_argument("--url", help="a server's base URL; without it the engine in this process")
    where.add_argument(
        "--api-key-file",
        type=Path,
        metavar="FILE",
        help="file with the API key for that server; else $FACEVER_CLIENT_KEY",
    )
    ca_file(where)
    where.add_argument(
        "--timeout",
        type=positive(float),
        default=CLIENT_TIMEOUT,
        metavar="SECONDS",
        help="longest wait for one response of that server (default %(default)g)",
    )
    if parallel:
        where.add_argument(
            "--jobs",
            type=positive(int),
            metavar="N",
            help="files processed at a time (default: the usable CPUs; with --url 8)",
        )
    shown = parser.add_argument_group("output")
    shown.add_argument("--json", action="store_true", help="JSON Lines on standard output")
    shown.add_argument("--quiet", action="store_true", help="no progress bar and no summary on standard error")
    return parser


def face(parser: argparse._ActionsContainer, where: str, name: str = "--face") -> None:
    """Add an option that chooses one of several people. where: they are."""
    parser.add_argument(
        name,
        type=_face,
        metavar="FACE",
        help=f"who counts where several people are in {where}: largest, central, a number from the left (1 = leftmost) "
        "or x,y,w,h in pixels",
    )


def _face(text: str) -> str:
    from faceVer.domain.errors import FaceChoiceError
    from faceVer.domain.face_choice import FaceChoice

    try:
        return str(FaceChoice.parse(text))
    except FaceChoiceError as error:
        raise argparse.ArgumentTypeError(
            f"largest, central, a number from 1, or x,y,w,h is expected, not {text!r}"
        ) from error


def ca_file(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--ca-file", type=Path, metavar="FILE", help="PEM file of the certificates to trust instead of the system's"
    )


def positive(kind: type[int] | type[float]) -> Callable[[str], float]:
    """A parser of arguments above 0."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not 0 < value < math.inf:
            raise argparse.ArgumentTypeError(f"a number above 0 is expected, not {text!r}")
        return value

    return parse
