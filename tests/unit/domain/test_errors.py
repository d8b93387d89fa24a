"""Every error has its code, its words in both languages, and its status."""

from __future__ import annotations

import json
import re

import pytest

from faceVer.domain import errors
from faceVer.http.pipeline.messages import status_of, words
from faceVer.http.pipeline.responses import error_response


def tree(root: type[errors.FaceVerError]) -> list[type[errors.FaceVerError]]:
    return [root, *(found for child in root.__subclasses__() for found in tree(child))]


ALL = tree(errors.FaceVerError)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_is_mapped(kind: type[errors.FaceVerError]) -> None:
    for code, prefix in ((kind.pattern, "BPE"), (kind.liveness, "LDE")):
        assert re.fullmatch(prefix + r"-00\d00\d", code)
        english, russian = words(code, "en"), words(code, "ru")
        assert english.isascii()
        assert not russian.isascii()
        assert status_of(code) in (400, 413, 500, 503)


def test_the_statuses_of_the_contract() -> None:
    raised = [kind for kind in ALL if kind not in (errors.FaceVerError, errors.RequestError, errors.FaceError)]
    overload = dict.fromkeys(tree(errors.OverloadedError), 503)
    assert {kind: status_of(kind.pattern) for kind in raised if status_of(kind.pattern) != 400} == {
        errors.InternalError: 500,
        errors.TooLargeError: 413,
        **overload,
    }


def test_the_body_of_an_error() -> None:
    response = error_response(
        errors.TemplateError("why", exposed="bio_template"), liveness=False, language="ru", retry_after=7
    )
    assert isinstance(response.body, bytes)
    assert response.body.isascii()
    assert json.loads(response.body) == {
        "code": "BPE-002004",
        "message": "Не удалось прочитать биометрический шаблон: bio_template",
    }
    assert "Retry-After" not in response.headers
    assert (
        error_response(errors.OverloadedError(), liveness=False, language="en", retry_after=7).headers["Retry-After"]
        == "7"
    )


def test_the_log_gets_the_detail_and_the_client_does_not() -> None:
    error = errors.SampleError("not a readable picture")
    assert str(error) == "not a readable picture"
    assert "readable" not in (error_response(error, liveness=False, language="en", retry_after=1).text or "")
