"""How files come in: one as the body, or a form. The request's type and encoding are judged before its body is read."""

from __future__ import annotations

from aiohttp import web

from faceVer.domain.errors import FaceVerError, RequestTypeError
from faceVer.http.pipeline.context import SETTINGS
from faceVer.http.pipeline.forms.body import Grant, file_limit, read_file, read_parts
from faceVer.http.pipeline.forms.part import Encoding, MalformedBodyError, Part
from faceVer.http.pipeline.forms.transfer import FORM, IMAGE_TYPES, boundary, is_base64, media_type
from faceVer.http.pipeline.responses import TRANSFER_ENCODING


def is_form(request: web.Request) -> bool:
    """Whether the request says its body is a form."""
    return media_type(request.headers.get("Content-Type")) == FORM


def length_limit(request: web.Request) -> int:
    """Bytes that the request's body may have. Raises RequestTypeError."""
    settings = request.app[SETTINGS]
    if is_form(request):
        return settings.limits.max_request_bytes
    return file_limit(settings, is_base64(request.headers.get(TRANSFER_ENCODING)))


async def image_body(request: web.Request, grant: Grant) -> tuple[bytes, Encoding]:
    """(the body, whether base64 is still on it) of a request that is one image.

    Raises RequestTypeError, SampleError, TooLargeError, OverloadedError.
    """
    encoded = Encoding(is_base64(request.headers.get(TRANSFER_ENCODING)))
    if media_type(request.headers.get("Content-Type")) not in IMAGE_TYPES:
        raise RequestTypeError(f"Content-Type {request.headers.get('Content-Type')!r}")
    return await read_file(request, request.app[SETTINGS], grant, encoded=bool(encoded)), encoded


async def form_parts(request: web.Request, grant: Grant, broken: type[FaceVerError]) -> tuple[list[Part], bool]:
    """(the parts, whether the request's own header says base64) of a form.

    Raises RequestTypeError, `broken` where the body is not a whole form, TooLargeError, OverloadedError.
    """
    encoded = is_base64(request.headers.get(TRANSFER_ENCODING))
    header = request.headers.get("Content-Type", "")
    if media_type(header) != FORM:
        raise RequestTypeError(f"Content-Type {header!r}")
    try:
        return await read_parts(request, boundary(header), request.app[SETTINGS], grant, encoded=encoded), encoded
    except MalformedBodyError as error:
        raise broken(f"the body is not a whole multipart form: {error}") from error
