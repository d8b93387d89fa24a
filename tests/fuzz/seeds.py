"""What the fuzzer starts from: small real files of every format, a template, a payload. The same bytes in every run."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import zipfile
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

from tests import support_faces as faces
from tests.support_media import encode_video, face_frames, make_tar, make_zip

pillow_heif.register_heif_opener()

SIZE = (160, 120)
PAYLOAD: dict[str, Any] = {
    "folder:meta_data": {"partner_side_folder_id": "id", "person_info": {"first_name": "Vitaly"}},
    "resolution_endpoint": "https://hook.example/x?token=1",
    "media:meta_data": {"video1": {"foo": "bar"}},
    "media:tags": {"video1": ["video_selfie", "video_selfie_blank", "orientation_portrait"], "p": ["photo_id_front"]},
    "analyses": [
        {
            "type": "quality",
            "meta_data": {"some": "data"},
            "source_media": ["video1"],
            "params": {"threshold_spoofing": 0.5, "extract_best_shot": True},
        },
        {"type": "biometry", "params": {"threshold_min": 0.1, "threshold_max": 0.9}},
    ],
}


def sealed(blob: bytes) -> bytes:
    """A template's bytes with the checksum that belongs to them."""
    return blob + hashlib.sha256(blob).digest()[:16]


def header(body: bytes, magic: bytes = b"FVTP", version: int = 1, flags: int = 0, zero: int = 0) -> bytes:
    return struct.pack("<4sBBHI", magic, version, flags, zero, len(body))


def _photo() -> Image.Image:
    """A face, small enough that looking for it costs little."""
    return faces.astronaut().crop((90, 0, 390, 225)).resize(SIZE)


def _images() -> dict[str, bytes]:
    photo = _photo()
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    return {
        "jpeg": faces.jpeg(photo, exif=exif),
        "progressive": faces.jpeg(photo, progressive=True, quality=60),
        "cmyk": faces.encoded(photo.convert("CMYK"), "JPEG", quality=40),
        "png": faces.encoded(photo.resize((80, 60)), "PNG"),
        "palette": faces.encoded(photo.quantize(32), "PNG", transparency=3),
        "deep": faces.encoded(photo.resize((60, 45)).convert("I;16"), "PNG"),
        "webp": faces.encoded(photo, "WEBP", quality=60),
        "lossless": faces.encoded(photo.resize((80, 60)), "WEBP", lossless=True),
        "animated": faces.encoded(photo, "WEBP", save_all=True, append_images=[photo], quality=20),
        "heic": faces.encoded(photo, "HEIF", quality=50),
        "gif": faces.encoded(photo.resize((80, 60)), "GIF"),
        "bmp": faces.encoded(photo.resize((40, 30)), "BMP"),
        "tiff": faces.encoded(photo.resize((60, 45)), "TIFF", compression="tiff_lzw"),
        "tiffjpeg": faces.encoded(photo, "TIFF", compression="jpeg"),
    }


def _zip(members: list[tuple[str, bytes]], compression: int) -> bytes:
    return make_zip([(zipfile.ZipInfo(name), data) for name, data in members], compression)  # no time of day in it


def _archives(photo: bytes) -> dict[str, bytes]:
    members = [(f"frame_{number}.jpg", photo) for number in range(2)]
    tar = make_tar([(f"f/{name}", data) for name, data in members])
    long = make_tar([("long/" * 30 + "a.jpg", photo)])
    return {
        "stored": _zip(members, zipfile.ZIP_STORED),
        "deflated": _zip([("__MACOSX/._a", b"x"), *members], zipfile.ZIP_DEFLATED),
        "tar": tar,
        "pax": long,
        "targz": gzip.compress(tar, mtime=0),
    }


def _videos() -> dict[str, bytes]:
    frames = face_frames(5, 128, 96)
    exact = {"fflags": "+bitexact"}  # no random identifiers in it

    def film(codec: str, container: str, **more: Any) -> bytes:
        return encode_video(frames, codec, container, 10, options=exact, **more)

    return {
        "mp4": film("libx264", "mp4", rotation=90),
        "fragmented": encode_video(
            frames, "libx264", "mp4", 10, options=exact | {"movflags": "frag_keyframe+empty_moov"}
        ),
        "mov": film("mjpeg", "mov"),
        "hevc": film("libx265", "mp4"),
        "webm": film("libvpx", "webm"),
        "vp9": film("libvpx-vp9", "mkv"),
        "avi": film("mpeg4", "avi"),
    }


@dataclass(frozen=True)
class Seeds:
    """template: a plain one of the server's model. key: the server's template key."""

    template: bytes
    key: bytes
    images: dict[str, bytes] = field(default_factory=_images)
    archives: dict[str, bytes] = field(default_factory=dict)
    videos: dict[str, bytes] = field(default_factory=_videos)
    blank: bytes = b""
    payload: bytes = json.dumps(PAYLOAD).encode()

    @classmethod
    def make(cls, template: bytes, key: bytes = b"") -> Seeds:
        images = _images()
        small = faces.jpeg(_photo().resize((64, 48)))
        gray = io.BytesIO()
        Image.fromarray(np.full((48, 64, 3), 128, np.uint8)).save(gray, "JPEG")
        return cls(template, key, images, _archives(small), blank=gray.getvalue())
