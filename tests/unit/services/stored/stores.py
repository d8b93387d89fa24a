"""A store of folders for tests: a real database and real files, and an examiner that needs no models."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import sqlalchemy as sa

from faceVer.domain.accounts import Company, Principal, Role, User
from faceVer.domain.analyses import FailureKind, JpegImage
from faceVer.domain.errors import InferenceError
from faceVer.domain.folders import MediaItem, MediaKind
from faceVer.domain.values import Comparison
from faceVer.media.limits import MediaLimits
from faceVer.services.access import Access
from faceVer.services.folders.examine import Examiner
from faceVer.services.folders.findings import Findings, PadScore, Vector, to_bytes
from faceVer.services.folders.planned import PlannedMedium
from faceVer.services.stored_folders.creation import FolderCreator
from faceVer.services.stored_folders.editing import FolderEditor
from faceVer.services.stored_folders.intake import ExaminedFile
from faceVer.services.stored_folders.metadata import MetadataEditor
from faceVer.services.stored_folders.reading import FolderReader
from faceVer.services.stored_folders.run import GroupRunner
from faceVer.services.stored_folders.store import FolderStore
from faceVer.settings.model import Settings
from faceVer.storage import companies, users
from faceVer.storage.blobs.files import FileStorage
from faceVer.storage.database import Connection, Database
from faceVer.storage.tables import files, metadata

Job = tuple[str, dict[str, Any]]


@dataclass
class Content:
    """What the examiner finds in a file: a PAD score and a vector's angle, or a failure."""

    pad: float = 0.1
    angle: float = 0.0
    failure: FailureKind | None = None

    @property
    def data(self) -> bytes:
        return f"{self.pad} {self.angle} {self.failure or ''}".encode()

    @classmethod
    def of(cls, data: bytes) -> Content:
        pad, angle, failure = data.decode().split(" ")
        return cls(float(pad), float(angle), FailureKind(failure) if failure else None)


@dataclass
class MemoryFile:
    """A received file."""

    name: str
    data: bytes
    filename: str = ""

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def md5(self) -> str:
        return hashlib.md5(self.data, usedforsecurity=False).hexdigest()

    @property
    def head(self) -> bytes:
        return self.data[:4096]

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        yield io.BytesIO(self.data)

    def open(self) -> AbstractContextManager[BinaryIO]:
        return self._opened()


class ScriptedExaminer:
    """Reads its findings from the file. broken: whether each run ends in an error of the server."""

    broken = False

    def examine(self, data: bytes, medium: PlannedMedium, limits: MediaLimits, now: float) -> Findings:
        if self.broken:
            raise InferenceError("scripted")
        content, wanted = Content.of(data), medium.extraction
        found = Findings(medium.item.media_id, now, 480, 640, failure=content.failure)
        if content.failure:
            return found
        vector = np.array([np.cos(content.angle), np.sin(content.angle)], dtype=np.float32)
        return Findings(
            medium.item.media_id,
            now,
            480,
            640,
            pad=PadScore(content.pad, ()) if wanted.pad_score else None,
            best_shot=JpegImage(b"jpeg of " + data, 48, 64) if wanted.best_shot else None,
            vector=to_bytes(vector) if wanted.vector else None,
        )


def match(probe: Vector, others: Any) -> list[Comparison]:
    """The score of two vectors: 1 at the same angle, 0 at a right one."""
    scores = [round(float(np.clip(probe @ other, 0, 1)), 6) for other in others]
    return [Comparison(score, score, "approved" if score >= 0.85 else "declined") for score in scores]


@dataclass
class Clock:
    """Seconds that advance with each look."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


@dataclass
class World:
    """A store with its use cases, and the jobs that were put into its queue."""

    folder: Path
    settings: Settings = field(default_factory=Settings)
    clock: Clock = field(default_factory=Clock)
    jobs: list[Job] = field(default_factory=list)
    announced: list[str] = field(default_factory=list)
    numbers: int = 0

    def __post_init__(self) -> None:
        self.settings = self.settings.changed(store=str(self.folder))
        self.database = Database.of(str(self.folder))
        with self.database.write() as unit:
            metadata.create_all(unit)
        self.files = FileStorage.of(self.settings.store)
        self.store = FolderStore(
            self.database, self.files, self.settings, Access(), self.clock, self.new_id, self._enqueue
        )
        self.examiner = ScriptedExaminer()
        self.runner = GroupRunner(self.store, cast("Examiner", self.examiner), match, self._announce)
        self.creator, self.reader = FolderCreator(self.store), FolderReader(self.store)
        self.editor, self.metadata = FolderEditor(self.store), MetadataEditor(self.store)

    def new_id(self) -> str:
        self.numbers += 1
        return f"00000000-0000-4000-8000-{self.numbers:012x}"

    def company(self, name: str) -> str:
        company = Company(self.new_id(), name)
        with self.database.write() as unit:
            companies.insert(unit, company, self.clock())
        return company.company_id

    def user(self, role: Role, company_id: str) -> Principal:
        user = User(self.new_id(), company_id, role, f"u{self.numbers}@example.org", "A", "B")
        with self.database.write() as unit:
            users.insert(unit, user, "no password", self.clock())
        return Principal(user)

    def examined(self, name: str, content: Content, kind: MediaKind = "video", **more: Any) -> ExaminedFile:
        """A file as the intake hands it over."""
        mimes = {"video": "video/mp4", "image": "image/jpeg", "shots_set": "application/zip"}
        file, now = MemoryFile(name, content.data, f"{name}.bin"), self.clock()
        item = MediaItem(
            self.new_id(), kind, name, file.filename, file.md5, file.size, mimes[kind], now, now, 480, 640, **more
        )
        return ExaminedFile(file, item, JpegImage(b"thumbnail", 30, 40))

    def stored_keys(self) -> set[str]:
        """The keys of all files in the storage."""
        return {key for key, _ in self.files.stored()}

    def known_keys(self) -> set[str]:
        """The keys of all rows of files."""
        with self.database.read() as connection:
            return set(connection.scalars(sa.select(files.c.key)))

    def _enqueue(
        self, connection: Connection, task: str, arguments: Mapping[str, Any], due: float | None = None
    ) -> None:
        self.jobs.append((task, dict(arguments)))

    def _announce(
        self, connection: Connection, *, folder_id: str, group_id: str, company_id: str, url: str | None
    ) -> None:
        if url:
            self.announced.append(group_id)
