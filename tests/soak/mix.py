"""What the soak sends: every endpoint, every kind of media, and a few bad ones; and what two equal responses share."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pillow_heif

from tests import support_faces as faces
from tests.http.support_folders import BIOMETRY, DETECT, INSTANT, archive, normalized, photo, quality, video
from tests.support_media import encode_video, face_frames
from tests.support_server import JPEG, PATTERN, Response, Server, form, image_part, part, template_part

pillow_heif.register_heif_opener()
BASE64 = {"Content-Transfer-Encoding": "base64"}
FORM = {"Content-Type": "multipart/form-data; boundary=72468"}


@dataclass(frozen=True)
class Kind:
    """One request. bad: whether it is to be refused. share: how often it is sent, against the others of its sort."""

    name: str
    call: Callable[[], Response]
    bad: bool = False
    share: int = 1


def essence(answer: Response) -> tuple[int, Any]:
    """Status and body without what differs between responses: ids, times, a boundary."""
    kind = answer.headers["content-type"]
    if kind.startswith("application/json"):
        document = answer.json()
        return answer.status, normalized(document) if "folder_id" in document else document
    if kind.startswith("multipart/form-data"):
        return answer.status, answer.body.replace(kind.partition("boundary=")[2].encode(), b"-")
    return answer.status, answer.body


def kinds(server: Server) -> list[Kind]:
    """All of them; the templates they need are made first."""
    first, other = faces.astronaut(), faces.person(2)
    jpeg, stranger = faces.jpeg(first), faces.jpeg(other)
    mine, theirs = server.template(jpeg), server.template(stranger)
    photos = image_part("sample_1", jpeg), image_part("sample_2", stranger)
    several = image_part("sample_1", jpeg), *[image_part("samples_n", stranger)] * 2
    apart = template_part("bio_feature", mine), template_part("bio_template", theirs)
    cut = template_part("bio_feature", mine[:-1]), template_part("bio_template", mine)
    gallery = [template_part("templates_n", one, f"{number}.t") for number, one in enumerate([mine, theirs] * 60)]

    def post(path: str, body: bytes, headers: dict[str, str]) -> Callable[[], Response]:
        return lambda: server.call("POST", path, body, headers)

    def extract(data: bytes, headers: dict[str, str] | None = None) -> Callable[[], Response]:
        return post(PATTERN + "extract", data, {**JPEG, **(headers or {})})

    def parts(name: str, *some: bytes) -> Callable[[], Response]:
        return post(PATTERN + name, form(some), FORM)

    def folder(route: str, payload: Any, **media: bytes) -> Callable[[], Response]:
        asked = part("payload", json.dumps(payload).encode(), "application/json")
        return post(route, form([*(part(name, data) for name, data in media.items()), asked]), FORM)

    both = {"analyses": [quality(extract_best_shot=True), BIOMETRY], "folder:meta_data": {"a": "b"}}
    clip = encode_video(face_frames(12), "libvpx", "webm", 12)
    good = [
        Kind("extract jpeg", extract(jpeg), share=6),
        Kind("extract stranger", extract(stranger), share=3),
        Kind("extract 4 MP", extract(faces.jpeg(first.resize((2000, 2000))))),
        Kind("extract turned", extract(faces.turned_away(first, 6))),
        Kind("extract png", extract(faces.encoded(first, "PNG"))),
        Kind("extract webp", extract(faces.encoded(first, "WEBP"))),
        Kind("extract heic", extract(faces.encoded(first, "HEIF"))),
        Kind("extract base64", extract(base64.b64encode(jpeg), BASE64)),
        Kind("compare", parts("compare", *apart), share=6),
        Kind("verify", parts("verify", image_part("sample", jpeg), template_part("bio_template", theirs)), share=3),
        Kind("extract_and_compare", parts("extract_and_compare", *photos)),
        Kind("compare_n 120", parts("compare_n", template_part("template_1", mine), *gallery), share=3),
        Kind("verify_n 120", parts("verify_n", image_part("sample_1", stranger), *gallery)),
        Kind("extract_and_compare_n 2", parts("extract_and_compare_n", *several)),
        Kind("detect image", post(DETECT, photo(), JPEG), share=2),
        Kind("folder photos", folder(INSTANT, both, a=photo(), b=photo(2))),
        Kind("folder video", folder(DETECT, both, v=video(), p=photo())),
        Kind("folder webm", folder(INSTANT, {}, v=clip)),
        Kind("folder archive", folder(INSTANT, both, z=archive())),
        Kind("version", lambda: server.call("GET", "/version")),
    ]  # fmt: skip
    bad = [
        Kind("no picture", extract(b"\xff\xd8\xffjunk"), bad=True),
        Kind("half a picture", extract(jpeg[: len(jpeg) // 2]), bad=True),
        Kind("no face", extract(faces.jpeg(faces.no_face((640, 480)))), bad=True),
        Kind("no base64", extract(b"&&&&", BASE64), bad=True),
        Kind("no template", parts("compare", *cut), bad=True),
        Kind("no form", post(PATTERN + "verify", form([b"x"])[:-9], FORM), bad=True),
        Kind("no payload", folder(DETECT, [1], a=photo()), bad=True),
        Kind("half a video", folder(INSTANT, {}, v=video()[:900]), bad=True),
        Kind("no path", lambda: server.call("POST", PATTERN + "nothing", b"x"), bad=True),
        Kind("no method", lambda: server.call("DELETE", PATTERN + "extract"), bad=True),
    ]  # fmt: skip
    return good + bad
