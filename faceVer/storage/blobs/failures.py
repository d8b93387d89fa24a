"""Errors of the store behind the file storage as domain errors, without addresses and paths."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import re
from collections.abc import Iterator
from pathlib import Path

from obstore.exceptions import BaseError

from faceVer.domain.errors import FilesUnavailableError, InternalError, NotFoundError

_DETAILS = (r"os error (\d+)", r"<Code>(\w+)</Code>", r"status(?: code)?:? (\d{3})", r"kind: (Connect|Timeout|Request)")


@contextlib.contextmanager
def domain_errors(folder: Path | None, *, reading: bool = False) -> Iterator[None]:
    """folder: the storage's, None on S3. reading: a missing file is NotFoundError; all else FilesUnavailableError."""
    _check_process()
    try:
        yield
    except FileNotFoundError as error:
        # A folder that is not mounted, or a bucket that was removed, must not read as "no such file".
        there = folder.is_dir() if folder else "NoSuchBucket" not in str(error)
        if reading and there:
            raise NotFoundError("no such stored file") from None
        raise FilesUnavailableError(reason(error)) from None
    except (BaseError, OSError) as error:
        raise FilesUnavailableError(reason(error)) from None


def _check_process() -> None:
    """Raises InternalError where obstore would wait forever: its threads start with its first use; a fork ends them.

    So a process that forks must not use a storage before; making a `FileStorage` does not count.
    """
    if _process_of_first_use() != os.getpid():
        raise InternalError("the file storage was used before this process was forked")


@functools.cache
def _process_of_first_use() -> int:
    return os.getpid()


def reason(error: Exception) -> str:
    """Class of the error, and the system's, S3's or HTTP's name for it; the text itself has addresses and paths."""
    text = str(error)
    found = [match[1] for pattern in _DETAILS if (match := re.search(pattern, text))]
    names = (errno.errorcode.get(int(word), word) if word.isdigit() else word for word in found)
    return " ".join(dict.fromkeys([type(error).__name__, *names]))
