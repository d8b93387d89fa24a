"""The engine in this process as a `Backend`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import cached_property

from faceVer.cli import folder_results
from faceVer.cli.backend import FileError, refuse_choice
from faceVer.cli.load_settings import load
from faceVer.client import Comparison, Folder, Liveness
from faceVer.client.folder_parsing import parse_folder
from faceVer.domain.errors import FaceVerError
from faceVer.domain.face_choice import FaceChoice
from faceVer.domain.values import Upload
from faceVer.http.lite.errors import FACES, LIVENESS
from faceVer.media.sniffing import identify
from faceVer.observability.cgroup import usable_cpus
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.findings import PadScore
from faceVer.services.folders.inspection import INSPECTION_PAYLOAD
from faceVer.services.folders.service import FolderService

UNLIMITED = 1 << 62
"""The limit of requests does not apply to local files."""


class LocalBackend:
    """Loads the configured pack, and the liveness models on first use. Raises SetupError."""

    def __init__(self) -> None:
        self.settings = load().changed(max_file_bytes=UNLIMITED)
        self.jobs = self.settings.server.threads or usable_cpus()
        self.engine = FaceEngine.load(self.settings)

    @cached_property
    def folders(self) -> FolderService:
        """Liveness and folder analyses. Raises SetupError."""
        return FolderService.load(self.engine, self.settings)

    def extract(self, photo: bytes, face: str | None = None) -> bytes:
        with self._file_errors():
            return self.engine.extract(photo, choice_of(face))

    def compare(self, template: bytes, others: Sequence[bytes]) -> list[Comparison]:
        with self._file_errors():
            return [Comparison(one.score, one.decision) for one in self.engine.compare_n(template, others)]

    def verify(self, photo: bytes, others: Sequence[bytes], face: str | None = None) -> list[Comparison]:
        with self._file_errors():
            compared = self.engine.verify(photo, others, choice_of(face))[1]
            return [Comparison(one.score, one.decision) for one in compared]

    def liveness(self, media: bytes, face: str | None = None) -> Liveness:
        with self._file_errors(liveness=True):
            if identify(media)[0] == "image":
                return Liveness(*self.folders.detect_image(media, choice_of(face)))
            refuse_choice(face)
            return folder_results.liveness(self._folder(media))

    def pad_score(self, media: bytes, face: str | None = None) -> PadScore:
        """The PAD score of a photo, a video or an archive, with each frame's part. Raises FileError, SetupError."""
        with self._file_errors(liveness=True):
            return self.folders.pad_score(media, choice_of(face))

    def best_shot(self, media: bytes) -> bytes:
        with self._file_errors(liveness=True):
            return folder_results.best_shot(self._folder(media, INSPECTION_PAYLOAD))

    def _folder(self, media: bytes, payload: bytes | None = None) -> Folder:
        return parse_folder(self.folders.run([Upload(folder_results.MEDIA_NAME, media)], payload))

    @contextlib.contextmanager
    def _file_errors(self, *, liveness: bool = False) -> Iterator[None]:
        try:
            yield
        except FaceVerError as error:
            row = (LIVENESS if liveness else FACES).row(error)
            message = row.message.text(self.settings.api.language)
            raise FileError(str(row.code), message, str(error)) from error


def choice_of(face: str | None) -> FaceChoice | None:
    """The value of --face as the engine takes it. Raises FaceChoiceError."""
    return None if face is None else FaceChoice.parse(face)
