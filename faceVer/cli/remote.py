"""A server as a `Backend`, through the client."""

from __future__ import annotations

import argparse
import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from faceVer.cli import documents
from faceVer.cli.backend import TOO_LARGE, TOO_LARGE_MEDIUM, Liveness, Match, RefusedError
from faceVer.cli.exit_codes import OF_DECISION
from faceVer.cli.files import kind_of
from faceVer.cli.tls_trust import trusting
from faceVer.client import ApiError, Client, ProtocolError, Quality, Timeout, TransportError, Unauthorized
from faceVer.client import Match as Found
from faceVer.domain.errors import SetupError
from faceVer.domain.values import Decision
from faceVer.settings.loader import CLIENT_KEY

JOBS = 8
"""Requests at a time: enough to keep a server's threads busy while answers travel."""
PAGES = 5
"""Answers in a row that are not the API's, after which it is no single file that something in between refuses."""
_TOO_LARGE, _LASTING = 413, range(300, 400)
"""HTTP statuses: of a file above a proxy's limit; of what every file would get."""
T = TypeVar("T")


class RemoteBackend:
    """One server. Its settings decide: thresholds, limits, which templates can be read."""

    def __init__(self, options: argparse.Namespace) -> None:
        """options: see faceVer.cli.options. Raises SetupError, OSError."""
        self.jobs = JOBS
        self._url: str = options.url
        self._lock, self._pages = threading.Lock(), 0
        key, file = _key(options.api_key_file), options.ca_file
        try:
            self._client = Client(self._url, key, options.timeout, verify=trusting(file) if file else True)
        except ValueError as error:
            raise SetupError(f"{self._url}: {error}") from error

    def extract(self, photo: bytes) -> bytes:
        with self._refusing():
            return self._client.extract(photo)

    def compare(self, template: bytes, others: Sequence[bytes]) -> list[Match]:
        with self._refusing():
            return [_match(found) for found in self._client.compare_n(template, others)]

    def liveness(self, medium: bytes) -> Liveness:
        with self._refusing(liveness=True):
            if kind_of(medium) in ("video", "archive"):
                return _read(documents.liveness, self._client.analyse({documents.MEDIUM: medium}).raw)
            answer = self._client.liveness(medium)
            return Liveness(answer.passed, answer.score)

    def best_shot(self, medium: bytes) -> bytes:
        with self._refusing(liveness=True):
            folder = self._client.analyse({documents.MEDIUM: medium}, [Quality(extract_best_shot=True)])
            return _read(documents.best_shot, folder.raw)

    def close(self) -> None:
        self._client.close()

    @contextlib.contextmanager
    def _refusing(self, *, liveness: bool = False) -> Iterator[None]:
        try:
            yield
            self._pages = 0
        except Unauthorized as error:
            raise SetupError(f"{self._url}: {error.message}; name it with --api-key-file or ${CLIENT_KEY}") from error
        except ApiError as error:
            self._pages = 0
            raise RefusedError(error.code, error.message) from error
        except Timeout as error:
            if not error.sent:
                raise SetupError(f"the server cannot be reached: {error.message}") from error
            raise RefusedError("ETIMEDOUT", error.message) from error
        except TransportError as error:
            raise SetupError(f"the server cannot be reached: {error.message}") from error
        except ProtocolError as error:
            if error.status == _TOO_LARGE:
                raise RefusedError(TOO_LARGE_MEDIUM if liveness else TOO_LARGE, str(error)) from error
            raise self._page(error) from error

    def _page(self, error: ProtocolError) -> RefusedError | SetupError:
        """What an answer is that is not the API's: a proxy's page for one file, or all that there is at this URL."""
        with self._lock:
            self._pages += 1
            if self._pages < PAGES and error.status not in _LASTING:
                return RefusedError(f"HTTP-{error.status}" if error.status else "EPROTO", str(error))
        return SetupError(f"{self._url}: {error}")


def _match(found: Found) -> Match:
    """Raises ProtocolError."""
    if found.decision not in OF_DECISION:
        raise ProtocolError(f"a decision that is not known: {found.decision[:20]!r}", 200)
    return Match(found.score, cast(Decision, found.decision))


def _read(reader: Callable[[Mapping[str, Any]], T], document: Mapping[str, Any]) -> T:
    """What a folder document says. Raises RefusedError, ProtocolError."""
    try:
        return reader(document)
    except (LookupError, TypeError, ValueError) as error:
        raise ProtocolError("a folder document without the requested result", 200) from error


def _key(file: Path | None) -> str | None:
    """The API key: the file's first line, else the environment's. Raises SetupError, OSError."""
    if file is None:
        return os.environ.get(CLIENT_KEY) or None
    key = file.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip()
    if not key:
        raise SetupError(f"{file}: its first line holds no key")
    return key
