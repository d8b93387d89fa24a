"""A server as a `Backend`, through the client."""

from __future__ import annotations

import argparse
import contextlib
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from faceVer.cli import folder_results
from faceVer.cli.backend import TOO_LARGE, TOO_LARGE_MEDIA, FileError, refuse_choice
from faceVer.cli.exit_codes import OF_DECISION
from faceVer.cli.sources import kind_of
from faceVer.cli.tls_trust import trusting
from faceVer.client import (
    ApiError,
    Client,
    Comparison,
    Liveness,
    Match,
    ProtocolError,
    Quality,
    Timeout,
    TransportError,
    Unauthorized,
)
from faceVer.domain.errors import SetupError
from faceVer.settings.loader import CLIENT_KEY

JOBS = 8
"""Requests at a time: enough to keep the server's threads busy while responses travel."""
MAX_FOREIGN = 5
"""Responses in a row that are not the API's, from which on the URL is wrong, not a single file."""


class RemoteBackend:
    """One server. Its settings apply: thresholds, limits, models."""

    def __init__(self, options: argparse.Namespace) -> None:
        """options: see faceVer.cli.options. Raises SetupError, OSError."""
        self.jobs = JOBS
        self._url: str = options.url
        self._lock, self._foreign = threading.Lock(), 0
        key, file = _api_key(options.api_key_file), options.ca_file
        try:
            self._client = Client(self._url, key, options.timeout, verify=trusting(file) if file else True)
        except ValueError as error:
            raise SetupError(f"{self._url}: {error}") from error

    def extract(self, photo: bytes, face: str | None = None) -> bytes:
        with self._file_errors():
            return self._client.extract(photo, face=face)

    def compare(self, template: bytes, others: Sequence[bytes]) -> list[Comparison]:
        with self._file_errors():
            return _comparisons(self._client.compare_n(template, others))

    def verify(self, photo: bytes, others: Sequence[bytes], face: str | None = None) -> list[Comparison]:
        with self._file_errors():
            return _comparisons(self._client.verify_n(photo, others, face=face))

    def liveness(self, media: bytes, face: str | None = None) -> Liveness:
        with self._file_errors(liveness=True):
            if kind_of(media) in ("video", "archive"):
                refuse_choice(face)
                return folder_results.liveness(self._client.analyse({folder_results.MEDIA_NAME: media}))
            return self._client.liveness(media, face=face)

    def best_shot(self, media: bytes) -> bytes:
        with self._file_errors(liveness=True):
            analyses = [Quality(extract_best_shot=True)]
            return folder_results.best_shot(self._client.analyse({folder_results.MEDIA_NAME: media}, analyses))

    def close(self) -> None:
        self._client.close()

    @contextlib.contextmanager
    def _file_errors(self, *, liveness: bool = False) -> Iterator[None]:
        try:
            yield
            self._foreign = 0
        except Unauthorized as error:
            raise SetupError(f"{self._url}: {error.message}; name it with --api-key-file or ${CLIENT_KEY}") from error
        except ApiError as error:
            self._foreign = 0
            raise FileError(error.code, error.message) from error
        except TransportError as error:
            if isinstance(error, Timeout) and error.sent:
                raise FileError("ETIMEDOUT", error.message) from error
            raise SetupError(f"the server cannot be reached: {error.message}") from error
        except ProtocolError as error:
            if error.status == 413:  # a proxy's limit
                raise FileError(TOO_LARGE_MEDIA if liveness else TOO_LARGE, str(error)) from error
            raise self._foreign_response(error) from error

    def _foreign_response(self, error: ProtocolError) -> FileError | SetupError:
        """The error of a response that is not the API's: for one file, such as a proxy's page, or for the URL."""
        with self._lock:
            self._foreign += 1
            if self._foreign < MAX_FOREIGN and not 300 <= error.status < 400:
                return FileError(f"HTTP-{error.status}" if error.status else "EPROTO", str(error))
        return SetupError(f"{self._url}: {error}")


def _comparisons(matches: Sequence[Match]) -> list[Comparison]:
    """Raises ProtocolError where a decision is not the API's."""
    for match in matches:
        if match.decision not in OF_DECISION:
            raise ProtocolError(f"an unknown decision: {match.decision[:20]!r}", 200)
    return [Comparison(match.score, match.decision) for match in matches]


def _api_key(file: Path | None) -> str | None:
    """The API key: the file's first line, or the environment's. Raises SetupError, OSError."""
    if file is None:
        return os.environ.get(CLIENT_KEY) or None
    key = file.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip()
    if not key:
        raise SetupError(f"{file}: its first line holds no key")
    return key
