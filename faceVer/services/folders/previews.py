"""The frames of a media item as small pictures, for the console."""

from __future__ import annotations

from collections.abc import Sequence

from faceVer.domain.values import Frame, FrameDetection
from faceVer.media.jpeg import encode_jpeg
from faceVer.observability.timings import stage
from faceVer.services.folders.findings import FramePreview, FrameScore, PadScore

# Longer sides, in pixels, of the pictures: of a photo, and of one frame among others. And their JPEG quality.
PHOTO_SIDE, FRAME_SIDE, QUALITY = 960, 320, 82


def frame_previews(
    frames: Sequence[Frame], detections: Sequence[FrameDetection], pad: PadScore | None
) -> tuple[FramePreview, ...]:
    """One preview per frame, in order. detections: of some of the frames. pad: of the detections, where it was made."""
    found = {one.frame.index: one for one in detections}
    scores = {one.index: one for one in pad.frames} if pad else {}
    side = PHOTO_SIDE if len(frames) == 1 else FRAME_SIDE
    return tuple(_preview(frame, found.get(frame.index), scores.get(frame.index), side) for frame in frames)


def _preview(frame: Frame, found: FrameDetection | None, score: FrameScore | None, side: int) -> FramePreview:
    image = found.image if found else frame.image
    with stage("preview"):
        picture = encode_jpeg(image, side, QUALITY)
    box = None
    if found and score:
        height, width = image.shape[:2]
        left, top, right, bottom = (float(edge) for edge in found.face.box)
        box = (left / width, top / height, right / width, bottom / height)
    return FramePreview(frame.index, frame.time, frame.name, picture, score, box, image is not frame.image)
