"""Pictures to JPEG files."""

from __future__ import annotations

import io

from PIL import Image as Pil

from faceVer.domain.analyses import JpegImage
from faceVer.domain.values import Image


def encode_jpeg(image: Image, side: int, quality: int) -> JpegImage:
    """A picture as a JPEG whose longer side is at most `side` pixels. quality: 1..95, see Pillow's JPEG writer."""
    picture = Pil.fromarray(image)
    picture.thumbnail((side, side), Pil.Resampling.LANCZOS)
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=quality)
    return JpegImage(target.getvalue(), picture.width, picture.height)
