"""A server as a `Backend`, through the client."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

from faceVer.cli import documents
from faceVer.cli.backend import Liveness, Match, RefusedError
from faceVer.cli.files import kind_of
from faceVer.cli.trust import trusting
from faceVer.client import ApiError, Client, ClientError, Quality, Timeout, TransportError, Unauthorized
from faceVer.environment import CLIENT_KEY
from faceVer.errors import SetupError
from faceVer.types import Decision

JOBS = 8
"""Requests at a time: enough to keep a server's threads busy while answers travel."""


class RemoteBackend:
    """One server. Its settings decide: thresholds, limits, which templates can be read."""

    def __init__(self, options: argparse.Namespace) -> None:
        """options: see faceVer.cli.options. Raises SetupError, OSError."""
        self.jobs = JOBS
        self._url: str = options.url
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
            found = self._client.compare_n(template, others)
        return [Match(match.score, cast(Decision, match.decision)) for match in found]

    def liveness(self, medium: bytes) -> Liveness:
        with self._refusing():
            if kind_of(medium) in ("video", "archive"):
                return documents.liveness(self._client.analyse({documents.MEDIUM: medium}).raw)
            answer = self._client.liveness(medium)
            return Liveness(answer.passed, answer.score)

    def best_shot(self, medium: bytes) -> bytes:
        with self._refusing():
            folder = self._client.analyse({documents.MEDIUM: medium}, [Quality(extract_best_shot=True)])
            return documents.best_shot(folder.raw)

    def close(self) -> None:
        self._client.close()

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except Unauthorized as error:
            raise SetupError(f"{self._url}: {error.message}; name it with --api-key-file or ${CLIENT_KEY}") from error
        except ApiError as error:
            raise RefusedError(error.code, error.message) from error
        except Timeout as error:
            if not error.sent:
                raise SetupError(f"the server cannot be reached: {error.message}") from error
            raise RefusedError("ETIMEDOUT", error.message) from error
        except TransportError as error:
            raise SetupError(f"the server cannot be reached: {error.message}") from error
        except ClientError as error:
            raise SetupError(f"{self._url}: {error}") from error


def _key(file: Path | None) -> str | None:
    """The API key: the file's first line, else the environment's. Raises SetupError, OSError."""
    if file is None:
        return os.environ.get(CLIENT_KEY) or None
    key = file.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip()
    if not key:
        raise SetupError(f"{file}: its first line holds no key")
    return key
