"""What is kept of a media file that is stored before it is analysed: its dimensions and a thumbnail."""

from __future__ import annotations

from dataclasses import dataclass

from faceVer.domain.analyses import JpegImage
from faceVer.domain.folders import MediaKind
from faceVer.media.decoder import Decoder
from faceVer.media.jpeg import encode_jpeg
from faceVer.media.limits import MediaLimits
from faceVer.observability.timings import stage

QUALITY = 80
"""JPEG quality of a thumbnail."""


@dataclass(frozen=True, slots=True)
class SeenFile:
    """width, height: pixels, upright. duration: seconds, fps: frames per second, both None where it has no clock."""

    width: int
    height: int
    duration: float | None
    fps: float | None
    thumbnail: JpegImage | None


def examine_file(decoder: Decoder, data: bytes, kind: MediaKind, limits: MediaLimits, side: int) -> SeenFile:
    """Decode a media file once. side: longest side of the thumbnail, in pixels; 0 = none. Raises SampleError.

    The thumbnail is of the first frame.
    """
    decoded = decoder.medium(data, kind, limits)
    thumbnail = None
    if side:
        with stage("preview"):
            thumbnail = encode_jpeg(decoded.frames[0].image, side, QUALITY)
    return SeenFile(decoded.width, decoded.height, decoded.duration, decoded.fps, thumbnail)
