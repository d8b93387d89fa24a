"""Reads files, and writes results without ever leaving a partial file."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from faceVer.cli.backend import FileError


def read(path: str) -> bytes:
    """The bytes of a file. Raises FileError with the name of the system's error as its code."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise FileError(_code(error), error.strerror or str(error)) from error


def read_existing(path: Path) -> bytes | None:
    """The present content of a file to write; None = it does not exist. Raises FileError where it is not a file."""
    with _file_errors(path, "replaced"):
        return None if _status(path) is None else path.read_bytes()


def store(path: Path, data: bytes) -> None:
    """Write a result, completely or not at all; missing folders are made. Raises FileError.

    The target of a link is written, and an existing file keeps its mode.
    """
    with _file_errors(path, "written"):
        existing, target = _status(path), Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".facever-{os.getpid()}.part")
        try:
            if existing:
                part.touch(0o600)  # until it has the mode of the existing file
            part.write_bytes(data)
            if existing:
                part.chmod(stat.S_IMODE(existing.st_mode))
            os.replace(part, target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _status(path: Path) -> os.stat_result | None:
    """The status of a file; None = it does not exist. Raises OSError for a folder, a pipe or a device."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(status.st_mode):
        raise FileExistsError(errno.EEXIST, "it is no regular file")
    return status


@contextlib.contextmanager
def _file_errors(path: Path, action: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileError(_code(error), f"{path} cannot be {action}: {error.strerror or error}") from error


def _code(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "EIO")
