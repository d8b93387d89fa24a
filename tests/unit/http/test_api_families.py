"""Every error has its status, code and message in the table of every API family."""

from __future__ import annotations

import json
import re

import pytest
from aiohttp import web

from faceVer.domain import errors
from faceVer.http.lite.errors import FACES, LIVENESS
from faceVer.http.oz.errors import OZ
from faceVer.http.pipeline.api_family import ApiFamily
from faceVer.http.pipeline.error_responses import error_outcome
from faceVer.http.vendor.errors import VERIFICATION
from faceVer.settings.model import Settings


def tree(root: type[errors.FaceVerError]) -> list[type[errors.FaceVerError]]:
    return [root, *(found for child in root.__subclasses__() for found in tree(child))]


ALL = tree(errors.FaceVerError)
FAMILIES = (FACES, LIVENESS, OZ, VERIFICATION)


def response(family: ApiFamily, error: errors.FaceVerError, **settings: object) -> web.Response:
    found = error_outcome(family, error, Settings.of(**settings)).response
    assert isinstance(found, web.Response)
    return found


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_has_its_status_and_code(kind: type[errors.FaceVerError]) -> None:
    for family, prefix in ((FACES, "BPE"), (LIVENESS, "LDE"), (VERIFICATION, "BPE")):
        row = family.row(kind)
        assert re.fullmatch(prefix + r"-00\d00\d", str(row.code))
        assert row.status in (400, 401, 413, 500, 503)
    assert OZ.row(kind).code in (0, 1, 3, 4, 5, 6, 7, 10)
    for family in FAMILIES:
        assert family.row(kind).message.en.isascii()
        assert not family.row(kind).message.ru.isascii()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_an_internal_error_is_500_and_an_overload_503(family: ApiFamily) -> None:
    assert family.row(errors.InternalError).status == 500
    assert {family.row(kind).status for kind in tree(errors.OverloadedError)} == {503}
    rest = [kind for kind in tree(errors.RequestError) + tree(errors.FaceError) if kind is not errors.FaceError]
    assert {family.row(kind).status for kind in rest} <= {400, 401, 404, 405, 413}


def test_the_body_names_the_part_and_is_utf8() -> None:
    found = response(FACES, errors.TemplateError("why", exposed="bio_template"), language="ru")
    assert isinstance(found.body, bytes)
    assert found.body.decode() == (
        '{"code": "BPE-002004", "message": "Не удалось прочитать биометрический шаблон: bio_template"}'
    )
    assert found.headers["Content-Type"] == "application/json"
    assert "Retry-After" not in found.headers


def test_the_vendor_profile_has_russian_messages_without_the_part() -> None:
    found = response(VERIFICATION, errors.TemplateError("why", exposed="bio_template"))
    assert json.loads(found.body or b"") == {
        "code": "BPE-002004",
        "message": "Не удалось прочитать биометрический шаблон",
    }
    assert found.headers["Content-Type"] == "application/json; charset=UTF-8"


def test_an_overload_states_when_to_retry() -> None:
    assert response(FACES, errors.OverloadedError(), retry_after=7).headers["Retry-After"] == "7"
    limited = response(FACES, errors.RateLimitError(seconds=41.2), retry_after=7)
    assert limited.headers["Retry-After"] == "42"


def test_the_oz_api_names_field_and_methods() -> None:
    body = json.loads(response(OZ, errors.PayloadTypeError("a number", exposed="analyses")).body or b"")
    assert body == {"error_code": 5, "error_message": "Failed to read the payload", "details": {"field": "analyses"}}
    found = response(OZ, errors.MethodError(allowed=("POST",)))
    assert (found.status, found.headers["Allow"]) == (405, "POST")


def test_the_log_gets_the_detail_and_the_client_does_not() -> None:
    error = errors.SampleError("not a readable picture")
    assert str(error) == "not a readable picture"
    assert "readable" not in (response(FACES, error).text or "")
