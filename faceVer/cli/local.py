"""The engine in this process as a `Backend`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import cached_property

from faceVer.cli import documents
from faceVer.cli.backend import Liveness, Match, RefusedError
from faceVer.cli.load_settings import load
from faceVer.domain.errors import FaceVerError
from faceVer.domain.values import Upload
from faceVer.http.lite.errors import FACES, LIVENESS
from faceVer.media.sniffing import identify
from faceVer.observability.cgroup import usable_cpus
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.findings import PadScore
from faceVer.services.folders.inspection import INSPECTION_PAYLOAD
from faceVer.services.folders.service import FolderService

ANY_SIZE = 1 << 62
"""The limits of requests do not apply to local files."""


class LocalBackend:
    """Loads the configured pack; the liveness models when they are first needed. Raises SetupError."""

    def __init__(self) -> None:
        self.settings = load().changed(max_file_bytes=ANY_SIZE)
        self.jobs = self.settings.server.threads or usable_cpus()
        self.engine = FaceEngine.load(self.settings)

    @cached_property
    def folders(self) -> FolderService:
        """Liveness and folder analyses. Raises SetupError."""
        return FolderService.load(self.engine, self.settings)

    def extract(self, photo: bytes) -> bytes:
        with self._refusing():
            return self.engine.extract(photo)

    def compare(self, template: bytes, others: Sequence[bytes]) -> list[Match]:
        with self._refusing():
            return [Match(found.score, found.decision) for found in self.engine.compare_n(template, others)]

    def liveness(self, medium: bytes) -> Liveness:
        with self._refusing(liveness=True):
            if identify(medium)[0] == "image":
                return Liveness(*self.folders.detect_image(medium))
            return documents.liveness(self.folders.run([Upload(documents.MEDIUM, medium)], None))

    def pad_score(self, medium: bytes) -> PadScore:
        """A media item's PAD score with every frame's part in it. Raises RefusedError, SetupError."""
        with self._refusing(liveness=True):
            return self.folders.pad_score(medium)

    def best_shot(self, medium: bytes) -> bytes:
        with self._refusing(liveness=True):
            return documents.best_shot(self.folders.run([Upload(documents.MEDIUM, medium)], INSPECTION_PAYLOAD))

    def close(self) -> None:
        """Nothing is open."""

    @contextlib.contextmanager
    def _refusing(self, *, liveness: bool = False) -> Iterator[None]:
        try:
            yield
        except FaceVerError as error:
            row = (LIVENESS if liveness else FACES).row(error)
            message = row.message.text(self.settings.api.language)
            raise RefusedError(str(row.code), message, str(error)) from error
