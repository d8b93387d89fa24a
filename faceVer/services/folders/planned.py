"""The plan of one folder: complete values, so that it can be stored and executed by another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from faceVer.domain.folders import MediaItem, PlannedAnalysis
from faceVer.domain.gestures import DemandedGesture


@dataclass(frozen=True, slots=True)
class Extraction:
    """What to extract from a media item. gestures: those to look for. previews: every frame as a small picture, for the
    console.
    """

    pad_score: bool = False
    best_shot: bool = False
    vector: bool = False
    gestures: tuple[DemandedGesture, ...] = ()
    previews: bool = False


@dataclass(frozen=True, slots=True)
class PlannedMedium:
    """One media item, and what to extract from it for its analyses."""

    item: MediaItem
    extraction: Extraction


@dataclass(frozen=True, slots=True)
class Plan:
    """One folder. created: Unix seconds, when the request began to be read. begun: when its analyses began."""

    folder_id: str
    group_id: str
    created: float
    begun: float
    media: tuple[PlannedMedium, ...]
    analyses: tuple[PlannedAnalysis, ...]
    meta_data: Mapping[str, Any] = field(default_factory=dict)
    resolution_endpoint: str | None = None
