"""Errors of the vendor profile: codes with messages in Russian only, without a part's or field's name."""

from __future__ import annotations

from dataclasses import replace

from faceVer.domain.errors import FaceVerError
from faceVer.http.pipeline.api_family import ApiFamily, ErrorRow
from faceVer.http.pipeline.bpe_errors import BPE_ERRORS
from faceVer.http.pipeline.lde_errors import LDE_ERRORS
from faceVer.http.pipeline.wire import Error


def _body(row: ErrorRow, message: str, error: FaceVerError) -> Error:
    return Error(code=str(row.code), message=message)


VERIFICATION = ApiFamily(
    "vendor-verification",
    "Vendor",
    "Verification in the form in which national biometric systems test their vendors.",
    BPE_ERRORS,
    _body,
    language="ru",
    content_type="application/json; charset=UTF-8",
)
"""/v1/{prefix}/pattern."""

LIVENESS = replace(
    VERIFICATION,
    name="vendor-liveness",
    title="Vendor liveness",
    about="Passive and active liveness in the form in which national biometric systems test their vendors.",
    errors=LDE_ERRORS,
)
"""/v1/{prefix}/liveness."""
