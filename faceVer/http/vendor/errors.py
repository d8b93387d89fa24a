"""The vendor profile's errors: the BPE codes, always in Russian, with nothing after the message."""

from __future__ import annotations

from faceVer.domain.errors import FaceVerError
from faceVer.http.pipeline.api_family import ApiFamily, ErrorRow
from faceVer.http.pipeline.bpe_errors import BPE_ERRORS


def _body(row: ErrorRow, message: str, error: FaceVerError) -> object:
    return {"code": row.code, "message": message}


VERIFICATION = ApiFamily(
    "vendor-verification", BPE_ERRORS, _body, language="ru", content_type="application/json; charset=UTF-8"
)
"""/v1/{prefix}/pattern."""
