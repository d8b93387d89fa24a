"""Parsing any answer of a server ends in a result or in a ClientError."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceVer.client import ApiError, ClientError, Comparison, Folder, Match, ProtocolError
from faceVer.client.call import Call
from faceVer.client.calls import Calls
from faceVer.client.response import Response
from tests.unit.services.reference import EXAMPLE

IMAGE = b"\xff\xd8\xff"
PLAIN, ENCODED = Calls(encoded=False, max_parts=99), Calls(encoded=True, max_parts=99)
CALLS: list[Call[Any]] = [
    call
    for calls in (PLAIN, ENCODED)
    for call in (
        calls.version(),
        calls.health(),
        calls.extract(IMAGE),
        calls.compare(b"", b""),
        calls.verify(IMAGE, b""),
        calls.compare_n(b"", [b"", b""]),
        calls.liveness(IMAGE),
        calls.analyse({"a": IMAGE}),
        calls.best_shot(IMAGE),
    )
]
calls = st.sampled_from(CALLS)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just(10**4000)
KEYS = """core tfss models name version status message score decision passed results filename code error_code
error_message details field folder_id resolution_status system_resolution media analyses media_id info original tags
type state results_data results_media source_media output_images image_b64 confidence_spoofing meta_data time_created"""
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=8),
    max_leaves=25,
)
headers = st.fixed_dictionaries(
    {},
    optional={
        "content-type": st.sampled_from(
            [
                "application/json",
                "application/octet-stream",
                "multipart/form-data; boundary=b",
                'multipart/x;boundary="b"',
            ]
        )
        | st.text(max_size=30),
        "content-transfer-encoding": st.sampled_from(["base64", "BASE64 ", "binary"]) | st.text(max_size=9),
        "retry-after": st.sampled_from(["0", "-1", "1e9", "9" * 400, "Wed, 21 Oct 2015 07:28:00 GMT"])
        | st.text(max_size=30),
    },
)
statuses = st.sampled_from([200, 200, 200, 204, 301, 400, 401, 413, 500, 502, 503])
bodies = (
    st.binary(max_size=300)
    | documents.map(lambda document: json.dumps(document).encode())
    | st.lists(
        st.sampled_from(
            [
                *(b"--b", b"--b--", b"\r\n", b"\r\n\r\n", b"QUJD", b"\xff", b'{"score": 0.5}'),
                b'Content-Disposition: form-data; name="score"',
                b"content-disposition: form-data; name=bio_feature",
                b"Content-Transfer-Encoding: base64",
            ]
        ),
        max_size=20,
    ).map(b"".join)
    | st.just(b"[" * 100_000)
    | st.just(b'{"score": ' + b"9" * 5000 + b"}")
)


@given(calls, statuses, headers, bodies)
def test_nothing_else_ever_happens(call: Call[Any], status: int, fields: dict[str, str], body: bytes) -> None:
    answer = Response(status, fields, body, "id")
    try:
        outcome = call.read(answer)
    except ClientError as error:
        outcome = error
    if isinstance(outcome, ClientError):
        assert (outcome.request_id, outcome.args != ()) == ("id", True)
    else:
        assert status in call.statuses
    assert answer.retry_after is None or answer.retry_after >= 0


def filled(example: Any) -> Any:
    """A document of the reference's types."""
    if isinstance(example, dict):
        return {key: filled(value) for key, value in example.items()}
    if isinstance(example, list):
        return [filled(value) for value in example]
    return {str: "QUJD", int: 7, float: 0.5, bool: True}.get(example, example) if isinstance(example, type) else example


@given(st.data())
def test_a_document_that_is_nearly_right(data: st.DataObject) -> None:
    """The reference's own example with something else in one place of it."""
    document = filled(EXAMPLE)
    place: Any = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], (dict, list)) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(documents)
    try:
        folder = PLAIN.analyse({"a": IMAGE}).read(Response(200, {}, json.dumps(document).encode()))
    except ProtocolError:
        return
    assert isinstance(folder, Folder)
    hash(folder)


def test_the_references_own_document() -> None:
    document = filled(EXAMPLE)
    folder = PLAIN.analyse({"a": IMAGE}).read(Response(200, {}, json.dumps(document).encode()))
    assert (folder.folder_id, folder.time_created) == ("QUJD", 0.5)
    assert len(folder.media) == len(document["media"])
    assert len(folder.analyses) == len(document["analyses"])
    assert [shot.image for shot in folder.best_shots] == [b"ABC"]
    assert folder.raw == document


def verify_answer(*parts: tuple[str, bytes], mark: str = "q") -> bytes:
    sections = [f"--{mark}\r\n{head}\r\n\r\n".encode() + data + b"\r\n" for head, data in parts]
    return b"preamble\r\n" + b"".join(sections) + f"--{mark}--\r\n".encode()


SCORE = ('Content-Type: application/json\r\nContent-Disposition: form-data; name="score"', b'{"score": 0.25}')
TEMPLATE = bytes(range(256)) + b"\r\n--\r\n\r\n"


class TestVerify:
    @pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=q", 'Multipart/Mixed; x=1;Boundary="q"'])
    def test_binary(self, content_type: str) -> None:
        body = verify_answer(("content-disposition: form-data; filename=f; name=bio_feature", TEMPLATE), SCORE)
        found = PLAIN.verify(b"", b"").read(Response(200, {"content-type": content_type}, body))
        assert (found.score, found.template) == (0.25, TEMPLATE)

    @pytest.mark.parametrize("told", ["", "\r\nContent-Transfer-Encoding: base64"])
    def test_base64(self, told: str) -> None:
        head = f'Content-Disposition: form-data; name="bio_feature"{told}'
        body = verify_answer(SCORE, (head, base64.encodebytes(TEMPLATE)))
        answer = Response(200, {"content-type": "multipart/form-data; boundary=q"}, body)
        assert ENCODED.verify(b"", b"").read(answer).template == TEMPLATE

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            verify_answer(SCORE),
            verify_answer(SCORE, ('Content-Disposition: form-data; name="bio_feature"', b"")),
            verify_answer(SCORE, ('Content-Disposition: form-data; name="bio_feature"', b"x"))[:-6],
            verify_answer(SCORE, ('Content-Disposition: form-data; name="bio_feature"', b"x"), mark="other"),
        ],
    )
    def test_what_is_missing(self, body: bytes) -> None:
        with pytest.raises(ProtocolError):
            PLAIN.verify(b"", b"").read(Response(200, {"content-type": "multipart/form-data; boundary=q"}, body))


class TestExtract:
    def test_base64_that_is_not_announced(self) -> None:
        answer = Response(200, {"content-type": "application/octet-stream"}, b"QUJD\r\nREVG\r\n")
        assert ENCODED.extract(b"").read(answer) == b"ABCDEF"
        assert PLAIN.extract(b"").read(answer) == answer.body

    def test_base64_that_is_announced_and_none(self) -> None:
        fields = {"content-type": "application/octet-stream", "content-transfer-encoding": "base64"}
        with pytest.raises(ProtocolError, match="not base64"):
            PLAIN.extract(b"").read(Response(200, fields, b"QUJ"))


def test_as_many_results_as_files() -> None:
    row = {"filename": "a", "score": 0.5, "decision": "of a later server", "more": 1}
    call = PLAIN.compare_batch(b"", [b"", b""], 40, {})
    found = call.read(Response(200, {}, json.dumps({"results": [row, row], "more": 1}).encode()))
    assert found == [Match("a", 0.5, "of a later server", 40), Match("a", 0.5, "of a later server", 41)]
    with pytest.raises(ProtocolError, match="1 results for 2 files"):
        call.read(Response(200, {}, json.dumps({"results": [row]}).encode()))


@pytest.mark.parametrize("score", ["NaN", "Infinity", "true", '"0.5"', "null", "1e999", "9" * 4000])
def test_a_score_is_a_number(score: str) -> None:
    body = f'{{"score": {score}, "decision": "approved"}}'.encode()
    with pytest.raises(ProtocolError, match="score is"):
        PLAIN.compare(b"", b"").read(Response(200, {"content-type": "application/json"}, body))


def test_more_than_is_asked_for_is_no_harm() -> None:
    body = b'\xef\xbb\xbf {"score": 1, "decision": "approved", "cosine": 1}'[3:]
    assert PLAIN.compare(b"", b"").read(Response(200, {}, body)) == Comparison(1.0, "approved")


def test_long_words_are_cut() -> None:
    body = json.dumps({"code": "BPE-002003", "message": "x" * 10_000}).encode()
    with pytest.raises(ApiError) as caught:
        PLAIN.compare(b"", b"").read(Response(400, {}, body))
    assert len(str(caught.value)) < 1100
