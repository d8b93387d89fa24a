"""The files that arguments name: names, folders, and patterns (`**` too)."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from faceVer.cli.backend import is_template
from faceVer.domain.errors import SampleError, SetupError

Kind = Literal["image", "video", "archive", "template"]

TEMPLATE_SUFFIX = ".fvt"
# In a folder, files are selected by extension, so that damaged ones are reported, or else by their first bytes.
_SUFFIXES: Mapping[Kind, frozenset[str]] = {
    "image": frozenset(
        {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".heic", ".heif", ".avif", ".bmp", ".tif", ".tiff", ".gif"}
    ),
    "video": frozenset({".mp4", ".m4v", ".mov", ".webm", ".avi", ".mkv", ".3gp"}),
    "archive": frozenset({".zip", ".tar", ".tgz", ".gz"}),
    "template": frozenset({TEMPLATE_SUFFIX}),
}
_NOUNS: Mapping[Kind, str] = {"image": "pictures", "video": "videos", "archive": "archives", "template": "templates"}
_HEAD_SIZE = 4096
_WILDCARD = re.compile(r"[*?[]")
_DEEP = re.compile(r"(?<![^/])\*\*(?![^/])")
"""`**` as a component of a pattern."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to work on. name: its path relative to the argument, which names its result in a folder of results."""

    path: str
    name: str


def find(arguments: Iterable[str], kinds: tuple[Kind, ...]) -> list[Source]:
    """The files of the arguments, each once, in order; those of folders sorted. Files named outright are not checked.

    Raises SetupError for a folder without files of these kinds, and for a pattern without matches.
    """
    found: dict[str, Source] = {}
    for argument in arguments:
        for source in _expand(argument, kinds):
            found.setdefault(os.path.abspath(source.path), source)
    return list(found.values())


def _expand(argument: str, kinds: tuple[Kind, ...]) -> Iterator[Source]:
    if os.path.isdir(argument):
        yield from _in_folder(argument, argument, kinds)
    elif _WILDCARD.search(argument) and not os.path.lexists(argument):
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
        raise SetupError(f"{folder}: no {' or '.join(_NOUNS[kind] for kind in kinds)} in this folder")


def _walk(folder: str) -> Iterator[str]:
    """Every file in a folder and below, except hidden ones. Raises OSError where a folder cannot be read."""

    def fail(error: OSError) -> None:
        raise error

    for place, folders, files in os.walk(folder, onerror=fail):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield os.path.join(place, name)


def _matching(pattern: str, kinds: tuple[Kind, ...]) -> Iterator[Source]:
    root = _fixed_part(pattern)
    deep = _DEEP.search(pattern)
    found = _walk_pattern(pattern[: deep.start()], pattern[deep.start() :]) if deep else glob.glob(pattern)
    matches = sorted(path for path in found if os.path.isdir(path) or not _is_special(path))
    if not matches:
        raise SetupError(f"{pattern}: no file matches")
    for path in matches:
        if os.path.isdir(path):
            yield from _in_folder(path, root, kinds)
        else:
            yield Source(path, os.path.relpath(path, root))


def _walk_pattern(head: str, tail: str) -> Iterator[str]:
    """The files that match a pattern whose tail begins with **. Walked like folders, since glob would follow links."""
    parts = [part for part in tail.split("/") if part]
    for top in glob.glob(head) if head else ("",):
        for path in _walk(top or os.curdir):
            name = os.path.relpath(path, top or os.curdir)
            if _matches(name.split(os.sep), parts):
                yield top + name


def _matches(names: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether the components of a path match those of a pattern."""
    if not parts:
        return not names
    if parts[0] == "**":
        return any(_matches(names[begin:], parts[1:]) for begin in range(len(names) + 1))
    return bool(names) and fnmatch.fnmatchcase(names[0], parts[0]) and _matches(names[1:], parts[1:])


def _fixed_part(pattern: str) -> str:
    """The folder before the first component with wildcards."""
    parts = PurePath(pattern).parts
    fixed = next(number for number, part in enumerate(parts) if _WILDCARD.search(part))
    return str(PurePath(*parts[:fixed]))


def _is_special(path: str) -> bool:
    """Whether it is not a file: reading a pipe would block."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except OSError:  # reported when it is read
        return False


def _is_one_of(path: str, kinds: tuple[Kind, ...]) -> bool:
    if _is_special(path):
        return False
    suffix = os.path.splitext(path)[1].lower()
    if any(suffix in _SUFFIXES[kind] for kind in kinds):
        return True
    try:
        with open(path, "rb") as stream:
            return kind_of(stream.read(_HEAD_SIZE)) in kinds
    except OSError:
        return False


def kind_of(head: bytes) -> Kind | None:
    """The kind of a file by its first bytes; None = unknown."""
    from faceVer.media.sniffing import identify

    if is_template(head):
        return "template"
    try:
        return identify(head)[0]
    except SampleError:
        return None


def renamed(name: str, suffix: str) -> str:
    """A file name with another extension. An unknown extension (a.b of a photo without one) is part of the name."""
    stem, own = os.path.splitext(name)
    return (stem if any(own.lower() in known for known in _SUFFIXES.values()) else name) + suffix
