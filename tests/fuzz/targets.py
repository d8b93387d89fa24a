"""What the coverage-guided fuzzer calls: parsers and decoders, each with bytes of any kind.

A target returns for any input; it catches only the errors that its module documents.
"""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import warnings
from collections.abc import Callable

import numpy as np

from faceVer.domain.errors import FaceVerError, RequestTypeError
from faceVer.http.pipeline.forms.content_types import boundary_of
from faceVer.http.pipeline.forms.parser import FormParser
from faceVer.http.pipeline.forms.part_headers import Header, MalformedBodyError, add_header, parse_headers
from faceVer.http.pipeline.forms.transfer_encoding import unbase64
from faceVer.http.pipeline.responses import json_bytes
from faceVer.matching.template import TemplateCodec
from faceVer.media.archive import read_archive
from faceVer.media.image import decode
from faceVer.media.limits import MediaLimits
from faceVer.media.video import read_video
from faceVer.services.folders.request import parse_payload
from tests.fuzz.heads import HEADS, heads
from tests.fuzz.protocol import TYPES
from tests.fuzz.seeds import PAYLOAD, Seeds, header, sealed
from tests.hostile.corpus import FILES, good

LIMITS = MediaLimits(frames=3, side=256, max_pixels=1 << 20, max_video_pixels=1 << 20, max_members=8)
MEDIA = ("m", "video1")
CODEC = TemplateCodec("model 1 0123456789ab", 64)


def multipart(data: bytes) -> None:
    """The first byte says in pieces of how many bytes the body arrives."""
    parser = FormParser(b"72468", max_parts=50, max_size=1000, max_base64_size=1500, form_is_base64=data[:1] > b"\x7f")
    step = (data[0] & 0x7F if data else 0) or 1 << 20
    try:
        for at in range(1, len(data), step):
            parser.feed(data[at : at + step])
        for part in parser.close():
            assert len(part.data) <= 1500
    except (MalformedBodyError, FaceVerError):
        pass


def headers(data: bytes) -> None:
    """The request's Content-Type, and the headers of a part, a line each."""
    with contextlib.suppress(RequestTypeError):
        assert 0 < len(boundary_of(data.decode("utf-8", "surrogateescape"))) <= 256
    found: list[Header] = []
    try:
        for line in data.split(b"\r\n"):
            if line:
                add_header(found, line)
        head = parse_headers(found, form_is_base64=True)
    except (MalformedBodyError, RequestTypeError):
        return
    assert len(head.name) <= len(data)
    head.name.encode()  # they are echoed as UTF-8
    (head.filename or "").encode()


def unbase(data: bytes) -> None:
    try:
        plain = unbase64(data)
    except ValueError:
        return
    assert len(plain) * 4 <= len(data) * 3


def template(data: bytes) -> None:
    """As it is, and as a body under a checksum that is right."""
    for blob in (data, sealed(header(data) + data)):
        try:
            vector = CODEC.decode(blob)
        except FaceVerError:
            continue
        assert vector.shape == (64,)
        assert abs(float(np.linalg.norm(vector)) - 1) < 0.02


def image(data: bytes) -> None:
    try:
        pixels = decode(data, max_pixels=1 << 16, memory=1 << 28)
    except (FaceVerError, MemoryError):
        return
    assert pixels.dtype == np.uint8
    assert pixels.shape[2] == 3


def archive(data: bytes) -> None:
    try:
        frames = read_archive(data, limits=LIMITS)
    except FaceVerError:
        return
    assert 0 < len(frames) <= LIMITS.frames


def video(data: bytes) -> None:
    try:
        found = read_video(data, limits=LIMITS)
    except FaceVerError:
        return
    assert 0 < len(found.frames) <= LIMITS.frames


def payload(data: bytes) -> None:
    try:
        found = parse_payload(data, MEDIA)
    except FaceVerError:
        return
    json.loads(json_bytes([found.meta_data, dict(found.media_meta_data), found.resolution_endpoint]))


HEAD = (
    b"Content-Disposition: form-data; name=\"a\"; filename*=UTF-8''%d0%b0\r\n"
    b"content-type: image/png\r\nContent-Length: 5\r\nContent-Transfer-Encoding: base64"
)
FORMATS = ("heif", "avif", "webp", "tiff", "gif")
"""Each a search of its own, from its good and its hostile files."""
TARGETS: dict[str, Callable[[bytes], None]] = {
    one.__name__: one for one in (multipart, heads, headers, unbase, template, image, archive, video, payload)
} | dict.fromkeys(FORMATS, image)
MOST = 20_000
"""Bytes of an input."""


def beginnings(name: str) -> list[bytes]:
    """What a target's search begins with."""
    seeds = Seeds.make(CODEC.encode(np.full(64, 0.125, np.float32)))
    if name in FORMATS:
        prefix = {"heif": "HEIC"}.get(name, name.upper())
        hostile = (file.make() for file in FILES if file.name.upper().startswith(prefix + ":"))
        return [good()[name.upper()][1], *(data for data in hostile if len(data) <= MOST)]
    parts = b'--72468\r\nContent-Disposition: form-data; name="a"; filename="f"\r\nContent-Type: image/jpeg\r\n\r\nx'
    return {
        "multipart": lambda: [b"\0" + parts + b"\r\n" + parts + b"\r\n--72468--\r\n", b"\x85" + parts],
        "heads": lambda: [b"\x07" + one for one in HEADS],
        "headers": lambda: [*(one.encode() for one in TYPES), HEAD],
        "unbase": lambda: [base64.b64encode(bytes(range(99))), b"data:image/png;base64,\r\nQUJD-_==", b"QQ"],
        "template": lambda: [seeds.template, seeds.template[12:-16]],
        "image": lambda: list(seeds.images.values()),
        "archive": lambda: list(seeds.archives.values()),
        "video": lambda: list(seeds.videos.values()),
        "payload": lambda: [json.dumps(PAYLOAD).encode(), b"{}", b'{"analyses": [{"type": "biometry"}]}'],
    }[name]()


def quiet() -> None:
    """Pillow warns about unusual files, and logs them, which are expected here."""
    warnings.simplefilter("ignore")
    logging.disable()
