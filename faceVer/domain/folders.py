"""Folders: the media and the analyses of one request. Wire codes and messages are not here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from faceVer.domain.analyses import AnalysisStatus, FailureKind, Outcome, Resolution, StoredImage, Thresholds

MediaKind = Literal["image", "video", "shots_set"]


@dataclass(frozen=True, slots=True)
class MediaItem:
    """An image, a video or an archive of images in a folder.

    media_id: its UUID. kind, mime: by its content. name: its part's name, unique in the request. filename: as sent, may
    be empty. md5: hex. size: bytes. created, updated: Unix seconds, when it was received and when it was decoded.
    width, height: pixels, upright. duration: seconds, fps: frames per second, both None where it has no clock. Until it
    is decoded width and height are 0, and updated is created. key: of its file in the file storage; None = not stored,
    or deleted. thumbnail: None = not stored, deleted, or not made.
    """

    media_id: str
    kind: MediaKind
    name: str
    filename: str
    md5: str
    size: int
    mime: str
    created: float
    updated: float
    width: int = 0
    height: int = 0
    duration: float | None = None
    fps: float | None = None
    tags: tuple[str, ...] = ()
    meta_data: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    thumbnail: StoredImage | None = None


@dataclass(frozen=True, slots=True)
class PlannedAnalysis:
    """One analysis. media: ids of the media it uses. failure: why it cannot be made, known before media are decoded.

    best_shots: by the ids of the media of which it takes a best shot, the ids of the shots.
    """

    analysis_id: str
    thresholds: Thresholds
    media: tuple[str, ...]
    failure: FailureKind | None = None
    best_shots: Mapping[str, str] = field(default_factory=dict)
    meta_data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Analysis:
    """One analysis of a folder.

    group_id: of the analyses that were requested together. source: the media it used. outcome: None while it runs.
    created, updated: Unix seconds, when it began and when it changed. ended: when it ended, None while it runs.
    resolution_operator: SUCCESS or DECLINED as an operator decided, None = undecided. operator_comment: the operator's.
    """

    analysis_id: str
    group_id: str
    thresholds: Thresholds
    source: tuple[MediaItem, ...]
    outcome: Outcome | None
    status: AnalysisStatus
    created: float
    updated: float
    meta_data: Mapping[str, Any] = field(default_factory=dict)
    ended: float | None = None
    resolution_operator: Resolution | None = None
    operator_comment: str | None = None


class FolderState(StrEnum):
    """`resolution_status` of a folder, worst first."""

    INITIAL = "INITIAL"
    PROCESSING = "PROCESSING"
    FAILED = "FAILED"
    FINISHED = "FINISHED"


class FolderStatus(NamedTuple):
    """`resolution_status` and `system_resolution` of a folder."""

    state: FolderState
    resolution: Resolution


@dataclass(frozen=True, slots=True)
class Ownership:
    """To whom a stored folder belongs, and what an operator decided. The folder of a stateless request has none.

    company_id, user_id: of the owner. operator_status: SUCCESS or DECLINED, None = undecided. resolution_author_id,
    resolution_time: who decided, and when in Unix seconds. is_cleared: whether its personal data was erased.
    """

    company_id: str
    user_id: str
    operator_status: Resolution | None = None
    operator_comment: str | None = None
    resolution_author_id: str | None = None
    resolution_time: float | None = None
    is_cleared: bool = False


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with its analyses. created, updated: Unix seconds, when its media had arrived and when it changed."""

    folder_id: str
    created: float
    updated: float
    media: tuple[MediaItem, ...]
    analyses: tuple[Analysis, ...]
    status: FolderStatus
    meta_data: Mapping[str, Any] = field(default_factory=dict)
    resolution_endpoint: str | None = None
    ownership: Ownership | None = None
