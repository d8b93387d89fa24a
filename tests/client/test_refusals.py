"""Errors of every class, from a real server where it can be brought to them."""

from __future__ import annotations

import contextlib
import copy
import pickle
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from faceVer.client import (
    AnalysisFailed,
    ApiError,
    BadPayload,
    BadRequest,
    BadSample,
    BadTemplate,
    ClientError,
    FaceUnusable,
    Inoperative,
    NoFace,
    Overloaded,
    ProtocolError,
    Quality,
    SeveralFaces,
    Timeout,
    TooLarge,
    TransportError,
    Unauthorized,
    errors,
)
from faceVer.http.lite.errors import FACES, LIVENESS
from faceVer.http.pipeline.authentication import new_key
from tests import support_faces as faces
from tests.client.faulty import Faulty, answer
from tests.client.flavours import Connect
from tests.support_server import Server

SECRET = "fv_a-key-that-nobody-is-to-read"
Step = Callable[[Any], object]


def picture(of: Any) -> bytes:
    return faces.jpeg(of)


CUT = picture(faces.astronaut().crop((0, 130, 512, 512)))
TWO = picture(faces.scene(0.5))
LARGE = bytes(15 * 1024 * 1024 + 1)
REFUSED: dict[str, tuple[type[ApiError], str, Step]] = {
    "sample": (BadSample, "BPE-002003", lambda client: client.extract(b"junk")),
    "liveness sample": (BadSample, "LDE-002004", lambda client: client.liveness(b"junk")),
    "medium": (BadSample, "LDE-002004", lambda client: client.analyse({"a": b"junk"})),
    "medium, instant": (BadSample, "4", lambda client: client.analyse({"a": b"junk"}, instant=True)),
    "no medium": (BadSample, "LDE-002004", lambda client: client.analyse({})),
    "template": (BadTemplate, "BPE-002004", lambda client: client.compare(b"junk", b"junk")),
    "no templates": (BadTemplate, "BPE-002004", lambda client: client.compare_n(b"junk", [])),
    "size": (TooLarge, "BPE-002007", lambda client: client.extract(LARGE)),
    "size of a part": (TooLarge, "BPE-002007", lambda client: client.compare(LARGE, LARGE)),
    "size of a medium": (TooLarge, "LDE-002007", lambda client: client.analyse({"a": LARGE})),
    "size, instant": (TooLarge, "4", lambda client: client.analyse({"a": LARGE}, instant=True)),
    "unusable": (FaceUnusable, "BPE-003001", lambda client: client.extract(CUT)),
    "several faces": (SeveralFaces, "BPE-003003", lambda client: client.extract_and_compare(TWO, TWO)),
    "payload": (BadPayload, "LDE-003004", lambda client: client.analyse({"a": CUT}, [{"type": "tarot"}])),
    "payload, instant": (
        BadPayload,
        "4",
        lambda client: client.analyse({"a": CUT}, [{"type": "tarot"}], instant=True),
    ),
    "payload's type": (BadPayload, "5", lambda client: client.analyse({"a": CUT}, [{"type": 1}], instant=True)),
    "no such medium": (
        BadPayload,
        "LDE-003004",
        lambda client: client.analyse({"a": CUT}, [Quality(source_media=["b"])]),
    ),
}


@pytest.mark.parametrize(("kind", "code", "step"), REFUSED.values(), ids=REFUSED)
def test_the_servers_refusals(connect: Connect, server: Server, kind: type[ApiError], code: str, step: Step) -> None:
    with pytest.raises(ApiError) as caught:
        step(connect(server.url))
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert caught.value.message
    assert caught.value.status == (413 if kind is TooLarge else 400)
    assert server.logged(caught.value.request_id)


def test_no_face(connect: Connect, server: Server) -> None:
    with pytest.raises(NoFace):
        connect(server.url).liveness(picture(faces.no_face()))


def test_a_path_that_is_not_there(connect: Connect, server: Server) -> None:
    for prefix, code in (("/v1/face/pattern", "BPE-002006"), ("/nowhere/", "BPE-002006"), ("/api", "10")):
        with pytest.raises(BadRequest) as caught:
            connect(server.url + prefix).version()
        assert caught.value.code == code


def test_the_id_of_a_request_is_the_callers(connect: Connect, server: Server) -> None:
    with pytest.raises(BadSample, match=r"\[request mine-42\]$") as caught:
        connect(server.url).extract(b"junk", request_id="mine-42")
    assert caught.value.request_id == "mine-42"
    assert server.logged("mine-42")
    with pytest.raises(ValueError, match="visible ASCII"):
        connect(server.url).extract(b"junk", request_id="two words")


@pytest.fixture(scope="module")
def keys() -> dict[str, str]:
    """Keys, and the settings' lines that let them in."""
    return dict(new_key(name) for name in ("one", "hasty"))


@pytest.fixture(scope="module")
def guarded(keys: dict[str, str]) -> Iterator[Server]:
    with Server(api_keys=",".join(keys.values()), rate_limit="2", rate_burst="6") as running:
        yield running


class TestKeys:
    def test_a_key_lets_in(self, connect: Connect, guarded: Server, keys: dict[str, str]) -> None:
        key = next(iter(keys))
        # A host with a user and a password is a proxy with a check of its own, which takes the usual header.
        for url in (guarded.url, guarded.url.replace("//", "//us%40er:pass@")):
            client = connect(url, key)
            with pytest.raises(BadTemplate):
                client.compare(b"x", b"x")
            assert not {"pass", key} & set(re.findall(r"\w+", repr(client)))
        assert connect(guarded.url).version().core

    @pytest.mark.parametrize("key", [None, SECRET])
    def test_no_key_or_a_wrong_one_does_not(self, connect: Connect, guarded: Server, key: str | None) -> None:
        client = connect(guarded.url, key)
        for step in (lambda: client.compare(b"x", b"x"), lambda: client.analyse({"a": b"x"}, instant=True)):
            with pytest.raises(Unauthorized) as caught:
                step()
            assert caught.value.status == 401
            assert caught.value.request_id
            assert SECRET not in f"{caught.value} {caught.value!r} {caught.value.__dict__} {client!r}"
            assert SECRET.encode() not in pickle.dumps(caught.value)

    def test_a_hasty_client_is_told_to_wait(self, connect: Connect, guarded: Server, keys: dict[str, str]) -> None:
        client = connect(guarded.url, list(keys)[1], retries=0)

        def hurry() -> None:
            for _ in range(30):
                with contextlib.suppress(BadTemplate):
                    client.compare(b"x", b"x")

        with pytest.raises(Overloaded) as caught:
            hurry()
        assert caught.value.code == "BPE-001003"
        assert caught.value.retry_after is not None
        assert caught.value.retry_after >= 1


class TestWhatIsNotTheApi:
    def test_a_page(self, connect: Connect) -> None:
        page = b"<html>\n <b>Sign in</b> Authorization: Bearer " + SECRET.encode() + b" </html>"
        with Faulty(answer(page, Content_Type="text/html; charset=utf-8")) as server:
            client = connect(server.url, SECRET)
            for step in (lambda: client.extract(b"x"), lambda: client.compare(b"x", b"x"), client.version):
                with pytest.raises(ProtocolError, match="<html> <b>Sign in</b>") as caught:
                    step()
                assert (caught.value.status, caught.value.request_id) == (200, server.ids[-1])
                assert SECRET not in f"{caught.value} {caught.value!r} {caught.value.__dict__}"
                assert len(caught.value.excerpt) <= 200

    def test_a_redirect(self, connect: Connect) -> None:
        with Faulty(answer(b"", 301, Location="https://example.com/")) as server:
            with pytest.raises(ProtocolError, match="a redirect"):
                connect(server.url).version()
            assert len(server.seen) == 1

    def test_nothing_of_a_template_gets_into_an_error(self, connect: Connect) -> None:
        form = b"--b\r\nContent-Disposition: form-data; name=bio_feature\r\n\r\nFVTPsecret\r\n--b--\r\n"
        fault = answer(form, Content_Type="multipart/form-data; boundary=b")
        with Faulty(fault) as server, pytest.raises(ProtocolError, match="no score") as caught:
            connect(server.url).verify(b"x", b"x")
        assert "FVTP" not in f"{caught.value!r} {caught.value}"

    def test_broken_compression(self, connect: Connect) -> None:
        with Faulty(answer(b"no gzip", Content_Encoding="gzip")) as server, pytest.raises(ProtocolError) as caught:
            connect(server.url).version()
        assert "HTTP" not in str(caught.value)


EXAMPLES: list[ClientError] = [
    TransportError("no connection", "id", True),
    Timeout("late", "id"),
    ProtocolError("odd", 502, "id", "<html>"),
    AnalysisFailed("no face", 202, "id"),
    NoFace("BPE-003002", "The biometric sample is missing face", 400, "id"),
    Overloaded("LDE-001003", "Overloaded, try again", 503, "id", 2.5),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_errors_can_be_pickled_and_copied(error: ClientError) -> None:
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is type(error)
        assert (twin.__dict__, str(twin), repr(twin)) == (error.__dict__, str(error), repr(error))
    assert "[request id]" in str(error)


def test_every_code_of_the_server_has_a_class() -> None:
    for code in {str(row.code) for family in (FACES, LIVENESS) for row in family.errors.values()}:
        assert errors.by_code(code, 400) is not ApiError, code


def test_a_code_that_is_not_known_goes_by_its_status() -> None:
    found = [errors.by_code("BPE-009999", status) for status in (400, 401, 413, 500, 503)]
    assert found == [ApiError, Unauthorized, TooLarge, errors.ServerError, Overloaded]
    assert errors.by_number(777, 400, about_field=False) is ApiError
    assert errors.by_number(0, 400, about_field=False) is Inoperative
    assert errors.by_number(1, 405, about_field=False) is BadRequest
