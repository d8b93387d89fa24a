"""All hostile files, and a good file of each format."""

from __future__ import annotations

from functools import cache

import numpy as np
from PIL import Image

from faceVer.domain.folders import MediaKind
from tests.hostile import archives, heif, jpeg, pictures, videos
from tests.hostile.made import encoded
from tests.support_media import encode_video, face_frames, make_tar, make_zip

FILES = (*heif.FILES, *jpeg.FILES, *pictures.FILES, *videos.FILES, *archives.FILES)


@cache
def good() -> dict[str, tuple[MediaKind, bytes]]:
    """By name; only what the sandbox decodes."""
    frames = face_frames(2, 64, 48)
    photo = Image.fromarray(np.asarray(frames[1]))
    made: dict[str, tuple[MediaKind, bytes]] = {
        name: ("image", encoded(photo, name)) for name in ("HEIF", "AVIF", "WEBP", "GIF", "BMP", "TIFF")
    }
    made["JPEG"] = ("image", encoded(photo, "JPEG", progressive=True))
    made["PNG"] = ("image", encoded(photo.convert("P"), "PNG", icc_profile=bytes(200)))
    for codec, container in (("libx264", "mp4"), ("libx265", "mov"), ("libvpx-vp9", "webm"), ("mjpeg", "avi")):
        made[container] = ("video", encode_video(frames, codec, container))
    png = encoded(photo, "PNG")
    made["zip"] = ("shots_set", make_zip([("1.png", png)]))
    made["tar.gz"] = ("shots_set", make_tar([("1.png", png)], gzip=True))
    return made
