"""One medium shown frame by frame: what the liveness score is made of, for whoever looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from faceVer.domain.values import Frame
from faceVer.observability.timings import stage
from faceVer.services.folders.quality import FrameEvidence, SpoofScore, encode
from faceVer.vision.detection.frames import Sighting

# Longer sides, in pixels, of the pictures: of a photo, and of one frame among others. And their JPEG quality.
PHOTO_SIDE, FRAME_SIDE, QUALITY = 960, 320, 82


@dataclass(frozen=True, slots=True)
class Seen:
    """A medium's frames as decoded, and the subject in those that show one."""

    frames: Sequence[Frame]
    sightings: Sequence[Sighting] = ()


@dataclass(frozen=True, slots=True)
class FrameView:
    """One frame. jpeg: the frame, upright, of `width` by `height` pixels. evidence: its part in the score, None where
    it has none. box: the subject's left, top, right, bottom as shares of the width and the height, None likewise.
    turned: whether the frame was turned to find the face, and so does not lie as the medium does.
    """

    index: int
    time: float
    name: str
    jpeg: bytes
    width: int
    height: int
    evidence: FrameEvidence | None = None
    box: tuple[float, float, float, float] | None = None
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Inspection:
    """document: the folder document of the medium alone, its quality analysis with a best shot. score: the chance of
    an attack, None where the analysis failed. frames: every frame that was looked at, in order.
    """

    document: dict[str, Any]
    score: float | None
    frames: tuple[FrameView, ...]


def inspection(document: dict[str, Any], seen: Seen | None, spoof: SpoofScore | None) -> Inspection:
    """What was seen in the one medium of a document, with pictures."""
    frames = seen.frames if seen else ()
    found = {sighting.frame.index: sighting for sighting in seen.sightings} if seen else {}
    parts = {part.index: part for part in spoof.frames} if spoof else {}
    side = PHOTO_SIDE if len(frames) == 1 else FRAME_SIDE
    views = tuple(_view(frame, found.get(frame.index), parts.get(frame.index), side) for frame in frames)
    return Inspection(document, spoof.attack if spoof else None, views)


def _view(frame: Frame, found: Sighting | None, evidence: FrameEvidence | None, side: int) -> FrameView:
    image = found.image if found else frame.image
    with stage("best_shot"):
        shot = encode(image, side, QUALITY)
    box = None
    if found and evidence:
        height, width = image.shape[:2]
        left, top, right, bottom = (float(edge) for edge in found.face.box)
        box = (left / width, top / height, right / width, bottom / height)
    turned = image is not frame.image
    return FrameView(frame.index, frame.time, frame.name, shot.jpeg, shot.width, shot.height, evidence, box, turned)
