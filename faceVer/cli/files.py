"""Arguments -> files: names, folders (walked), patterns (`**` too); and files -> bytes."""

from __future__ import annotations

import errno
import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Literal

from faceVer.cli.backend import RefusedError, is_template
from faceVer.errors import SampleError, SetupError

Kind = Literal["image", "video", "archive", "template"]

TEMPLATE_SUFFIX = ".fvt"
# In a folder a file is taken by its ending, so that a damaged one is told of, or else by its first bytes.
_SUFFIXES: Mapping[Kind, frozenset[str]] = {
    "image": frozenset(
        {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".heic", ".heif", ".avif", ".bmp", ".tif", ".tiff", ".gif"}
    ),
    "video": frozenset({".mp4", ".m4v", ".mov", ".webm", ".avi", ".mkv", ".3gp"}),
    "archive": frozenset({".zip", ".tar", ".tgz", ".gz"}),
    "template": frozenset({TEMPLATE_SUFFIX}),
}
_WORDS: Mapping[Kind, str] = {"image": "pictures", "video": "videos", "archive": "archives", "template": "templates"}
_HEAD = 4096
_MAGIC = re.compile(r"[*?[]")


@dataclass(frozen=True, slots=True)
class Source:
    """A file to work on. name: what it is called below a folder of results: relative to the argument it came from."""

    path: str
    name: str


def find(arguments: Iterable[str], kinds: tuple[Kind, ...]) -> list[Source]:
    """The files that the arguments mean, each once, in order; folders' sorted. Nothing is said about named files.

    Raises SetupError for a folder without files of these kinds, and for a pattern that nothing matches.
    """
    found: dict[str, Source] = {}
    for argument in arguments:
        for source in _meant(argument, kinds):
            found.setdefault(os.path.normpath(source.path), source)
    return list(found.values())


def _meant(argument: str, kinds: tuple[Kind, ...]) -> Iterator[Source]:
    if os.path.isdir(argument):
        yield from _in_folder(argument, argument, kinds)
    elif _MAGIC.search(argument) and not os.path.lexists(argument):
        yield from _matching(argument, kinds)
    else:
        yield Source(argument, os.path.basename(argument))


def _in_folder(folder: str, root: str, kinds: tuple[Kind, ...]) -> Iterator[Source]:
    empty = True
    for path in _walk(folder):
        if _is_one_of(path, kinds):
            empty = False
            yield Source(path, os.path.relpath(path, root))
    if empty:
        raise SetupError(f"{folder}: no {' or '.join(_WORDS[kind] for kind in kinds)} in this folder")


def _walk(folder: str) -> Iterator[str]:
    """Every file below, hidden ones left out. Raises OSError where a folder cannot be read."""

    def refuse(error: OSError) -> None:
        raise error

    for place, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield os.path.join(place, name)


def _matching(pattern: str, kinds: tuple[Kind, ...]) -> Iterator[Source]:
    root = _fixed_part(pattern)
    matches = sorted(glob.glob(pattern, recursive=True))
    if not matches:
        raise SetupError(f"{pattern}: no file matches")
    # A pattern like ** matches folders and what is in them: then the files are named by themselves.
    deep = "**" in pattern
    for path in matches:
        if not os.path.isdir(path):
            yield Source(path, os.path.relpath(path, root))
        elif not deep:
            yield from _in_folder(path, root, kinds)


def _fixed_part(pattern: str) -> str:
    """The folder in front of the first component that is a pattern."""
    parts = PurePath(pattern).parts
    fixed = next(number for number, part in enumerate(parts) if _MAGIC.search(part))
    return str(PurePath(*parts[:fixed]))


def _is_one_of(path: str, kinds: tuple[Kind, ...]) -> bool:
    suffix = os.path.splitext(path)[1].lower()
    if any(suffix in _SUFFIXES[kind] for kind in kinds):
        return True
    if not os.path.isfile(path):  # a pipe, say, on which reading would wait
        return False
    try:
        with open(path, "rb") as stream:
            return kind_of(stream.read(_HEAD)) in kinds
    except OSError:
        return False


def kind_of(head: bytes) -> Kind | None:
    """What a file is by its first bytes; None = nothing we know."""
    from faceVer.media.sniff import identify

    if is_template(head):
        return "template"
    try:
        return identify(head)[0]
    except SampleError:
        return None


def renamed(name: str, suffix: str) -> str:
    """A file's name with another ending; one that is none we know (a.b of a photo without an ending) stays."""
    stem, own = os.path.splitext(name)
    return (stem if any(own.lower() in known for known in _SUFFIXES.values()) else name) + suffix


def read(path: str) -> bytes:
    """A file's bytes. Raises RefusedError with the system's error as its code."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise RefusedError(_code(error), error.strerror or str(error)) from error


def store(path: Path, data: bytes) -> None:
    """`write` a result. Raises RefusedError."""
    try:
        write(path, data)
    except OSError as error:
        raise RefusedError(_code(error), f"{path} cannot be written: {error.strerror or error}") from error


def _code(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "EIO")


def write(path: Path, data: bytes) -> None:
    """Write a whole file or none; folders are made. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".facever-{os.getpid()}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
