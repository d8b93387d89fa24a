"""What decoders need once. They load code at their first file, which a confined helper cannot: the fork server decodes
one of each kind before. And glibc ends a process that has no memory for a library's thread-local data."""

from __future__ import annotations

import codecs
import contextlib
import io
import tarfile
import zipfile

import av
import cv2
import numpy as np
from PIL import Image as Pil

from faceVer.domain.errors import SampleError
from faceVer.domain.folders import MediaKind
from faceVer.media.image import FORMATS
from faceVer.media.limits import MediaLimits
from faceVer.media.medium import decode_medium

_SIDE = 64
_MUXERS = ("mp4", "matroska", "avi")
_CODECS = ("cp437", "cp866", "utf-16-be", "latin-1", "idna")
"""Of names in archives and of texts in pictures."""


def warm_up() -> None:
    """On this thread, decode a file of each kind that this machine can make, and have C++ throw an exception."""
    with contextlib.suppress(cv2.error):
        cv2.resize(np.empty((0, 0), np.uint8), (1, 1))
    for name in _CODECS:
        codecs.lookup(name)
    pixels = np.arange(_SIDE * _SIDE * 3, dtype=np.uint8).reshape(_SIDE, _SIDE, 3)
    pictures = {name: made for name in FORMATS if (made := _picture(name, pixels))}
    files: list[tuple[MediaKind, bytes]] = [("image", data) for data in pictures.values()]
    files += [("video", _video(name, pixels)) for name in _MUXERS]
    files += [("shots_set", _zip(pictures["PNG"])), ("shots_set", _tar(pictures["PNG"]))]
    for kind, data in (*files, ("image", b"GIF89a"), ("video", b"\0\0\0\x08ftyp")):
        with contextlib.suppress(SampleError):
            decode_medium(data, kind, MediaLimits())


def _picture(name: str, pixels: np.ndarray) -> bytes:
    target = io.BytesIO()
    with contextlib.suppress(KeyError, OSError, ValueError):  # MPO and DIB are only read
        Pil.fromarray(pixels).save(target, name)
    return target.getvalue()


def _video(muxer: str, pixels: np.ndarray) -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format=muxer) as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = _SIDE
        for image in (pixels, pixels[::-1], pixels):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")))
        container.mux(stream.encode(None))
    return target.getvalue()


def _zip(picture: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.png", picture)
    return target.getvalue()


def _tar(picture: bytes) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        member = tarfile.TarInfo("1.png")
        member.size = len(picture)
        archive.addfile(member, io.BytesIO(picture))
    return target.getvalue()
