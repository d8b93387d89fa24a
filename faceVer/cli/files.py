"""Arguments -> files: names, folders (walked), patterns (`**` too); and files -> bytes."""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import glob
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Literal

from faceVer.cli.backend import RefusedError, is_template
from faceVer.domain.errors import SampleError, SetupError

Kind = Literal["image", "video", "archive", "template"]

TEMPLATE_SUFFIX = ".fvt"
# In a folder a file is taken by its ending, so that a damaged one is reported, or else by its first bytes.
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
_DEEP = re.compile(r"(?<![^/])\*\*(?![^/])")
"""`**` as a whole component of a pattern."""


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
            found.setdefault(os.path.abspath(source.path), source)
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
    deep = _DEEP.search(pattern)
    found = _below(pattern[: deep.start()], pattern[deep.start() :]) if deep else glob.glob(pattern)
    matches = sorted(path for path in found if os.path.isdir(path) or not _is_special(path))
    if not matches:
        raise SetupError(f"{pattern}: no file matches")
    for path in matches:
        if os.path.isdir(path):
            yield from _in_folder(path, root, kinds)
        else:
            yield Source(path, os.path.relpath(path, root))


def _below(head: str, tail: str) -> Iterator[str]:
    """The files that a pattern matches which has ** first in its tail; walked as folders are: glob follows links."""
    parts = [part for part in tail.split("/") if part]
    for top in glob.glob(head) if head else ("",):
        for path in _walk(top or os.curdir):
            name = os.path.relpath(path, top or os.curdir)
            if _fits(name.split(os.sep), parts):
                yield top + name


def _fits(names: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether the components of a path match those of a pattern."""
    if not parts:
        return not names
    if parts[0] == "**":
        return any(_fits(names[begin:], parts[1:]) for begin in range(len(names) + 1))
    return bool(names) and fnmatch.fnmatchcase(names[0], parts[0]) and _fits(names[1:], parts[1:])


def _fixed_part(pattern: str) -> str:
    """The folder in front of the first component that is a pattern."""
    parts = PurePath(pattern).parts
    fixed = next(number for number, part in enumerate(parts) if _MAGIC.search(part))
    return str(PurePath(*parts[:fixed]))


def _is_special(path: str) -> bool:
    """Whether it is a pipe, say, on which reading would wait."""
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
            return kind_of(stream.read(_HEAD)) in kinds
    except OSError:
        return False


def kind_of(head: bytes) -> Kind | None:
    """What a file is by its first bytes; None = nothing we know."""
    from faceVer.media.sniffing import identify

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


def present(path: Path) -> bytes | None:
    """The present content of a file to write; None = it does not exist. Raises RefusedError where it is not a file."""
    with _refusing(path, "replaced"):
        return None if _status(path) is None else path.read_bytes()


def store(path: Path, data: bytes) -> None:
    """Write a result, whole or not at all; folders are made. Raises RefusedError.

    What a link leads to is written, and a file that is there keeps its mode.
    """
    with _refusing(path, "written"):
        there, place = _status(path), Path(os.path.realpath(path))
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".facever-{os.getpid()}.part")
        try:
            if there:
                part.touch(0o600)  # until it has the other's mode
            part.write_bytes(data)
            if there:
                part.chmod(stat.S_IMODE(there.st_mode))
            os.replace(part, place)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _status(path: Path) -> os.stat_result | None:
    """A file's; None = it is not there. Raises OSError for what is not to be replaced: a folder, a pipe, a device."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(status.st_mode):
        raise FileExistsError(errno.EEXIST, "it is no regular file")
    return status


@contextlib.contextmanager
def _refusing(path: Path, done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RefusedError(_code(error), f"{path} cannot be {done}: {error.strerror or error}") from error


def _code(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "EIO")
