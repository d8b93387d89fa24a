"""Requests to every operation, good and bad, and the status and code that each has to get."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from faceVer.domain.errors import SampleError
from faceVer.http.lite.faces import COMPARING as ENDPOINTS
from faceVer.http.ops.openapi.headers import ENCODINGS
from faceVer.http.pipeline.forms.content_types import IMAGE_TYPES
from faceVer.http.pipeline.part_spec import PartSpec
from faceVer.http.pipeline.paths import FACES as PREFIX
from faceVer.http.pipeline.paths import INSTANT_FOLDERS as FOLDERS_PATH
from faceVer.http.pipeline.paths import LIVENESS
from tests import support_faces as faces
from tests.support_liveness import blank, pair, selfie
from tests.support_media import encode_video, jpeg, make_zip
from tests.support_server import JPEG, OCTETS, Response, Server, form, image_part, part, template_part

FORM = {"Content-Type": "multipart/form-data; boundary=72468"}
BASE64 = {"Content-Transfer-Encoding": "base64"}
COMPARE = f"{PREFIX}/compare"
EXTRACT, DETECT = f"{PREFIX}/extract", f"{LIVENESS}/detect"
PICTURES = (EXTRACT, DETECT)
FOLDERS = (DETECT, FOLDERS_PATH)
FORMS = tuple(f"{PREFIX}/{name}" for name in ENDPOINTS)
WORK = (*FORMS, EXTRACT, DETECT, FOLDERS_PATH)
"""Paths that are POSTed to."""
FACTS = ("/version", f"{PREFIX}/health", f"{LIVENESS}/health", "/livez", "/readyz", "/metrics")
HEALTH = (f"{PREFIX}/health", f"{LIVENESS}/health", "/readyz")
FILES = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A request, and what has to be answered. code: "" = no error."""

    name: str
    path: str
    status: int
    code: str = ""
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    verb: str = "POST"

    def send(self, server: Server) -> Response:
        return server.call(self.verb, self.path, self.body, self.headers)


def family(path: str, number: str, *, instant: str = "") -> str:
    """A code by its number: the path's family's. instant: the full API's code, for its paths."""
    if path == FOLDERS_PATH:
        return instant
    liveness = f"{path}/".startswith(f"{LIVENESS}/")
    if liveness and number == "002003":
        number = "002004"
    return f"{'LDE' if liveness else 'BPE'}-{number}"


class Material:
    """Files that requests are made of; the template needs a server."""

    def __init__(self, server: Server) -> None:
        self.face = faces.jpeg(faces.person(0).resize((112, 112)))
        self.template = server.template(self.face)
        self.stranger = server.template(faces.jpeg(faces.person(2)))
        self.cut = faces.jpeg(faces.astronaut().crop((90, 100, 390, 400)).resize((64, 64)))
        self.empty, self.two = jpeg(blank()), jpeg(pair())
        self.video = encode_video([selfie(0, shift=4 * n) for n in range(4)], fps=4)
        self.archive = make_zip([(f"{n}.jpg", jpeg(selfie(0, shift=4 * n))) for n in range(2)])

    def part(self, spec: PartSpec) -> bytes:
        return (
            image_part(spec.name, self.face) if spec.types is IMAGE_TYPES else template_part(spec.name, self.template)
        )

    def good(self, path: str) -> tuple[bytes, dict[str, str]]:
        """Body and headers of a request that `path` answers with 200."""
        if path in PICTURES:
            return self.face, dict(JPEG)
        if path in FORMS:
            return form([self.part(spec) for spec in ENDPOINTS[path.rpartition("/")[2]][:2]]), dict(FORM)
        return form([part("medium", self.face)]), dict(FORM)


def calls(have: Material) -> Iterator[Call]:
    """Every request that a server with default settings gets."""
    for path in WORK:
        yield from _any(path, *have.good(path))
    for path in PICTURES:
        yield from _picture(path, have)
    for path in FORMS:
        yield from _form(path, have)
    for path in FOLDERS:
        yield from _folder(path, have)
    for path in (*FACTS, *FILES):
        yield Call("well", path, 200, verb="GET")
        yield Call("wrong verb", path, 400, family(path, "002002"))


def passer_by() -> Image.Image:
    """A person in front, and one behind who is found and does not count."""
    picture = Image.new("RGB", (900, 675), (90, 110, 130))
    picture.paste(faces.astronaut().crop((90, 0, 390, 300)).resize((500, 500)))
    picture.paste(faces.person(0).resize((66, 66)), (814, 20))
    return picture


def _any(path: str, body: bytes, headers: dict[str, str]) -> Iterator[Call]:
    """What every path answers that is POSTed to."""
    yield Call("well", path, 200, "", body, headers)
    yield Call("odd type", path, 400, family(path, "002001", instant="5"), b"x", {"Content-Type": "text/plain"})
    odd = {**headers, "Content-Transfer-Encoding": "x-rot13"}
    yield Call("odd transfer encoding", path, 400, family(path, "002001", instant="5"), body, odd)
    yield Call(
        "wrong verb", path, 405 if path == FOLDERS_PATH else 400, family(path, "002002", instant="1"), verb="PUT"
    )
    yield Call(
        "too large", path, 413, family(path, "002007", instant="4"), None, {**headers, "Content-Length": str(1 << 40)}
    )


def _picture(path: str, have: Material) -> Iterator[Call]:
    yield Call("base64", path, 200, "", base64.b64encode(have.face), {**JPEG, **BASE64})
    yield Call("unreadable", path, 400, family(path, "002003"), b"hello", dict(JPEG))
    yield Call("not base64", path, 400, family(path, "002003"), b"@@@", {**JPEG, **BASE64})
    yield Call("no face", path, 400, family(path, "003002"), have.empty, dict(JPEG))
    yield Call("two people", path, 400, family(path, "003003"), have.two, dict(JPEG))
    yield Call("one of them", f"{path}?face=2", 200, "", have.two, dict(JPEG))
    yield Call("no choice", f"{path}?face=0", 400, family(path, "002006"), have.two, dict(JPEG))
    if path == EXTRACT:
        for encoding in ENCODINGS[1:]:
            as_is = {**JPEG, "Content-Transfer-Encoding": encoding}
            yield Call(encoding, path, 200, "", have.face, as_is)
        yield Call("cut", path, 400, "BPE-003001", have.cut, dict(JPEG))


def _form(path: str, have: Material) -> Iterator[Call]:
    specs = ENDPOINTS[path.rpartition("/")[2]][:2]
    good = {spec.name: [have.part(spec)] for spec in specs}

    def call(name: str, code: str, changed: Mapping[str, list[bytes]]) -> Call:
        parts = [one for items in {**good, **changed}.values() for one in items]
        return Call(name, path, 400, code, form(parts), dict(FORM))

    plain = {
        spec.name: [part(spec.name, base64.b64encode(have.face if spec.types is IMAGE_TYPES else have.template))]
        for spec in specs
    }
    yield Call("base64", path, 200, "", form([one for items in plain.values() for one in items]), {**FORM, **BASE64})
    if specs[1].types is not IMAGE_TYPES:
        other = {specs[1].name: [template_part(specs[1].name, have.stranger)]}
        yield Call("strangers", path, 200, "", call("", "", other).body, dict(FORM))
    for spec in specs:
        code = "BPE-002003" if spec.error is SampleError else "BPE-002004"
        kind = "image/jpeg" if spec.types is IMAGE_TYPES else OCTETS
        yield call(f"{spec.name} missing", code, {spec.name: []})
        yield call(f"{spec.name} unreadable", code, {spec.name: [part(spec.name, b"hello", kind)]})
        yield call(f"{spec.name} of an odd type", "BPE-002005", {spec.name: [part(spec.name, b"x", "text/plain")]})
        if spec.many:
            data = have.stranger if spec.types is not IMAGE_TYPES else have.face
            both = [*good[spec.name], part(spec.name, data, kind, "имя “1”.bin")]
            yield Call("two of N", path, 200, "", form([*good[specs[0].name], *both]), dict(FORM))
        if spec.types is IMAGE_TYPES:
            yield call("no choice", "BPE-002006", {"face": [part("face", b"0")]})
            for name, picture, number in (
                ("cut", have.cut, 1),
                ("no face", have.empty, 2),
                ("two people", have.two, 3),
            ):
                yield call(f"{spec.name} {name}", f"BPE-00300{number}", {spec.name: [image_part(spec.name, picture)]})


def _folder(path: str, have: Material) -> Iterator[Call]:
    media = {"video1": have.video, "photo1": have.face, "shots1": have.archive}

    def call(
        name: str, status: int, code: str, files: Mapping[str, bytes], payload: Any = None, kind: str = ""
    ) -> Call:
        parts = [part(key, data, kind or None, f"{key}.bin") for key, data in files.items()]
        sent = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return Call(name, path, status, code, form([*parts, part("payload", sent)]), dict(FORM))

    every = {
        "folder:meta_data": {"a": [1, None]},
        "resolution_endpoint": "https://example.com/hook",
        "media:tags": {"video1": ["video_selfie"]},
        "media:meta_data": {"photo1": {"b": 1}},
        "analyses": [
            {"type": "quality", "params": {"extract_best_shot": True, "threshold_spoofing": 1}},
            {"type": "quality", "params": {"threshold_spoofing": 0}, "meta_data": {"c": True}},
            {"type": "biometry"},
        ],
    }
    operator = {"analyses": [{"type": "biometry", "params": {"threshold_min": 0, "threshold_max": 1}}]}
    strangers = {"a": have.face, "b": faces.jpeg(faces.person(2))}
    yield call("video, photo and archive", 200, "", media, every)
    gesture = {"media:tags": {"m": ["video_selfie_left"]}, "params": {"check_gesture": True}}
    yield call("gesture", 200, "", {"m": have.video}, gesture)
    yield call("strangers", 200, "", strangers, {"analyses": [{"type": "biometry"}]})
    yield call("operator", 200, "", strangers, operator)
    yield call("no face", 200, "", {"m": have.empty}, {"analyses": [{}, {"type": "biometry"}]})
    yield call("id only", 200, "", {"m": have.face}, {"media:tags": {"m": ["photo_id"]}})
    yield call("no medium", 400, family(path, "002003", instant="4"), {})
    yield call("unreadable", 400, family(path, "002003", instant="4"), {"m": b"hello"})
    yield call("odd type of a part", 400, family(path, "002005", instant="5"), {"m": have.face}, None, "text/plain")
    for number, payload in (("3", b"{"), ("4", {"analyses": [{"type": "x"}]}), ("5", {"analyses": 1})):
        yield call(f"payload {number}", 400, family(path, "003004", instant=number), {"m": have.face}, payload)
