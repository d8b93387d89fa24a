"""Liveness of the vendor profile over HTTP: passive and active, and every error in the profile's order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests import support_faces as faces
from tests.support_liveness import blank, pair, selfie
from tests.support_media import encode_video, face_frames, jpeg
from tests.support_server import Response, Server, form, part

FORM = {"Content-Type": "multipart/form-data; boundary=72468"}
PATH = "/v1/bank/liveness/detect"
LINE = re.compile(r'\{"passed": (true|false), "score": (0\.0|1\.0|0\.\d*[1-9]), "results": \[(\{.*\})\]\}')
MESSAGE = "Посмотрите ровно в камеру"
PASSIVE = {"mnemonic": "passive-instructions", "actions": [{"type": "photo-type", "duration": 0, "message": MESSAGE}]}
PASSIVE_VIDEO = {**PASSIVE, "actions": [{"type": "photo-type", "duration": 5000, "message": MESSAGE}]}
DIGITS = {
    "mnemonic": "text-instructions",
    "actions": [{"type": "numbers-digits", "duration": 5000, "message": MESSAGE, "text": "ноль два один"}],
}


def move(*types: str) -> dict[str, Any]:
    actions = [{"type": one, "duration": 3000, "message": MESSAGE, "client_duration": 7} for one in types]
    return {"mnemonic": "move-instructions", "actions": actions}


@pytest.fixture(scope="module")
def vendor() -> Iterator[Server]:
    with Server(vendor_prefix="bank", threads="1") as running:
        yield running


@pytest.fixture(scope="module")
def photo() -> bytes:
    return jpeg(selfie(2))


@pytest.fixture(scope="module")
def clip() -> bytes:
    return encode_video(face_frames(12, 320, 240), "libvpx", "webm", fps=6)


def detect(server: Server, metadata: Any, sample: bytes, kind: str | None = "image/jpeg") -> Response:
    """metadata: an object, or bytes as they are."""
    text = metadata if isinstance(metadata, bytes) else json.dumps(metadata, ensure_ascii=False).encode()
    parts = [part("metadata", text, "application/json;charset=UTF-8"), part("bio_sample", sample, kind, "x")]
    return server.call("POST", PATH, form(parts), FORM)


def found(response: Response) -> tuple[bool, float, list[dict[str, Any]]]:
    """(passed, score, results) of a response in the profile's form."""
    assert (response.status, response.headers["content-type"]) == (200, "application/json; charset=UTF-8")
    match = LINE.fullmatch(response.body.decode())
    assert match, response.body
    return match[1] == "true", float(match[2]), json.loads(f"[{match[3]}]")


def code(response: Response) -> str:
    """The error's code; its message must be in Russian, as UTF-8."""
    assert response.status == 400
    document = json.loads(response.body)
    assert list(document) == ["code", "message"]
    assert re.search("[а-я]", response.body.decode())
    return str(document["code"])


def test_health(vendor: Server) -> None:
    assert vendor.call("GET", "/v1/bank/liveness/health").json() == {"status": 0, "message": ""}


def test_the_score_of_a_photo_is_that_it_is_live(vendor: Server, photo: bytes) -> None:
    passed, score, results = found(detect(vendor, PASSIVE, photo))
    attack = vendor.call("POST", "/v1/face/liveness/detect", photo, {"Content-Type": "image/jpeg"}).json()
    assert score == pytest.approx(1 - attack["score"], abs=1e-6)
    assert passed is attack["passed"]
    assert results == [{"type": "photo-type", "passed": passed}]


def test_videos_are_accepted_by_their_type(vendor: Server, clip: bytes) -> None:
    for kind in ("video/webm", "video/mp4", "video/x-any", None):
        passed, _, results = found(detect(vendor, PASSIVE_VIDEO, clip, kind))
        assert results == [{"type": "photo-type", "passed": passed}]


def test_a_gesture_that_is_not_made_is_no_error(vendor: Server, clip: bytes) -> None:
    moves = ("TURN_RIGHT", "TURN_LEFT", "TURN_UP", "TURN_DOWN", "SMILE", "BLINK", "DISTORTION", "RAISE_EYEBROW")
    passed, _, results = found(detect(vendor, move(*moves), clip, "video/webm"))
    assert not passed
    assert [one["type"] for one in results] == list(moves)
    assert not any(one["passed"] for one in results)


def test_words_are_never_taken_for_said(vendor: Server, clip: bytes) -> None:
    passed, _, results = found(detect(vendor, DIGITS, clip, "video/webm"))
    assert (passed, results) == (False, [{"type": "numbers-digits", "passed": False}])


def test_which_kind_of_sample_is_expected(vendor: Server, photo: bytes, clip: bytes) -> None:
    assert code(detect(vendor, PASSIVE, clip, "video/webm")) == "LDE-002005"
    for metadata in (PASSIVE_VIDEO, move("BLINK"), DIGITS):
        assert code(detect(vendor, metadata, photo)) == "LDE-002005"
    with Server(vendor_prefix="bank", vendor_samples="any", threads="1") as lax:
        found(detect(lax, PASSIVE, clip, "video/webm"))
        found(detect(lax, PASSIVE_VIDEO, photo))
        assert code(detect(lax, move("BLINK"), photo)) == "LDE-002005"


@pytest.mark.parametrize(
    "metadata",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        {},
        {"mnemonic": "passive-instructions"},
        {"actions": PASSIVE["actions"]},
        {**PASSIVE, "mnemonic": "other"},
        {**PASSIVE, "actions": []},
        {**PASSIVE, "actions": {}},
        {**PASSIVE, "actions": [{"type": "photo-type", "duration": 0}]},
        {**PASSIVE, "actions": [{"type": "photo-type", "message": ""}]},
        {**PASSIVE, "actions": [{"duration": 0, "message": ""}]},
        {**PASSIVE, "actions": [{"type": "BLINK", "duration": 0, "message": ""}]},
        {**PASSIVE, "actions": [{"type": "photo-type", "duration": -1, "message": ""}]},
        {**PASSIVE, "actions": [{"type": "photo-type", "duration": "0", "message": ""}]},
        {**DIGITS, "actions": [{"type": "numbers-digits", "duration": 0, "message": ""}]},
        b"[" * 100_000,
    ],
)
def test_metadata_that_cannot_be_read(vendor: Server, photo: bytes, metadata: Any) -> None:
    assert code(detect(vendor, metadata, photo)) == "LDE-003004"


def test_errors_in_the_order_of_the_profile(vendor: Server, photo: bytes, clip: bytes) -> None:
    text = json.dumps(PASSIVE).encode()
    good, sample = part("metadata", text, "application/json"), part("bio_sample", photo, "image/png")
    assert code(vendor.call("GET", f"{PATH}/x")) == "LDE-002006"
    assert code(vendor.call("GET", PATH)) == "LDE-002002"
    assert code(vendor.call("POST", PATH, text, {"Content-Type": "application/json"})) == "LDE-002001"
    for kind in ("image/jpeg", "video/mov"):
        wrong = part("metadata", b"{", kind)
        assert code(vendor.call("POST", PATH, form([wrong, sample]), FORM)) == "LDE-002005"
    for kind in ("application/json", "audio/wav"):
        wrong = part("bio_sample", b"", kind)
        assert (
            code(vendor.call("POST", PATH, form([part("metadata", b"{", "application/json"), wrong]), FORM))
            == "LDE-002005"
        )
    assert code(vendor.call("POST", PATH, form([sample]), FORM)) == "LDE-003004"
    assert code(vendor.call("POST", PATH, form([good]), FORM)) == "LDE-002004"
    for data, kind, metadata in ((b"", "image/jpeg", PASSIVE), (b"RIFF    WAVE", "image/jpeg", PASSIVE),
                                 (clip, "image/jpeg", PASSIVE), (photo, "video/mp4", PASSIVE_VIDEO)):  # fmt: skip
        assert code(detect(vendor, metadata, data, kind)) == "LDE-002004"
    assert code(detect(vendor, PASSIVE, jpeg(blank(300, 400)))) == "LDE-003002"
    assert code(detect(vendor, PASSIVE, jpeg(pair()))) == "LDE-003003"
    assert code(detect(vendor, PASSIVE_VIDEO, encode_video([blank(320, 240)] * 6, fps=6), "video/mp4")) == "LDE-003002"


def test_a_small_second_face_is_not_more_than_one(vendor: Server) -> None:
    found(detect(vendor, PASSIVE, faces.jpeg(faces.scene(0.16))))
