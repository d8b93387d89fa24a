"""The console's report on one media item: its folder document, and the frames its PAD score is the mean of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from faceVer.services.folders.findings import FramePreview

INSPECTION_PAYLOAD = b'{"analyses": [{"type": "quality", "params": {"extract_best_shot": true}}]}'
"""One quality analysis with a best shot."""


@dataclass(frozen=True, slots=True)
class LivenessReport:
    """document: the folder document of the media item. pad_score: None where the analysis failed. frames: in order."""

    document: dict[str, Any]
    pad_score: float | None
    frames: tuple[FramePreview, ...]
