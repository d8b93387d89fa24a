"""The operations of /v1/face/liveness and /api/instant/folders/, and the webhook that sends their document on."""

from __future__ import annotations

from typing import Any

from faceVer.domain.errors import (
    InferenceError,
    NoFaceError,
    PartTypeError,
    PayloadError,
    PayloadTypeError,
    PayloadValueError,
    RequestTypeError,
    SampleError,
    SeveralFacesError,
    TooLargeError,
)
from faceVer.http.ops.openapi.answers import Ending, ending, endings, json_content, success
from faceVer.http.ops.openapi.bodies import folder_content, image_content
from faceVer.http.ops.openapi.examples import EXAMPLES, PAYLOADS
from faceVer.http.ops.openapi.operation import asked, operation, parameters, security
from faceVer.http.ops.openapi.schema import Schema, ref
from faceVer.http.pipeline.forms.part_headers import PAYLOAD
from faceVer.http.pipeline.paths import INSTANT_FOLDERS as FOLDERS_PATH
from faceVer.http.pipeline.paths import LIVENESS
from faceVer.http.pipeline.responses import JSON, TRANSFER_ENCODING
from faceVer.services.webhook_policy import SIGNATURE_HEADER
from faceVer.settings.model import Settings

DETECT = f"{LIVENESS}/detect"
DOCUMENTS = {"folder": EXAMPLES["folder"], "failed": EXAMPLES["failed"]}
_FOLDER = (
    "Each part but `payload` is a medium; the payload says which analyses to make of them. The answer is the folder "
    "document: its status is 200 also where an analysis failed, because a medium shows no face, or was DECLINED."
)


def liveness_paths(settings: Settings) -> dict[str, Schema]:
    """By path."""
    return {DETECT: {"post": _detect(settings)}, FOLDERS_PATH: {"post": _instant(settings)}}


def _detect(settings: Settings) -> dict[str, Any]:
    well = success(
        "For a picture whether it passed, for a form the folder document.",
        json_content({"oneOf": [ref("Liveness"), ref("FolderDocument")]}, picture=EXAMPLES["liveness"], **DOCUMENTS),
    )
    content = {**image_content(settings), **folder_content(settings, PAYLOADS)}
    return operation(
        "Liveness",
        "detect",
        "Detect presentation attacks: on a picture, or in a folder",
        f"The body is a picture, or a form. {_FOLDER}",
        asked(DETECT, settings, *endings(NoFaceError, SeveralFacesError), *_ends(), well=well),
        parameters=parameters(TRANSFER_ENCODING),
        requestBody={"required": True, "content": content},
        security=security(DETECT, settings),
    )


def _instant(settings: Settings) -> dict[str, Any]:
    well = success("The folder document.", json_content(ref("FolderDocument"), **DOCUMENTS))
    return operation(
        "Instant",
        "instantFolder",
        "Analyse a folder",
        _FOLDER,
        asked(FOLDERS_PATH, settings, *_ends(), well=well),
        parameters=parameters(TRANSFER_ENCODING),
        requestBody={"required": True, "content": folder_content(settings, PAYLOADS)},
        security=security(FOLDERS_PATH, settings),
    )


def _ends() -> list[Ending]:
    """The errors of a form of media."""
    payload = [
        ending(
            PayloadError(exposed=PAYLOAD), "the payload is not a JSON object, too large, nested too deep, or sent twice"
        ),
        ending(
            PayloadValueError(exposed="analyses[0].type"),
            "a field of the payload has a value that cannot be",
        ),
        ending(PayloadTypeError(exposed="media:tags.photo1"), "a field of the payload has another type"),
    ]
    return [
        *endings(RequestTypeError, SampleError, PartTypeError, TooLargeError, InferenceError),
        ending(SampleError(exposed="media"), "there is no medium"),
        *payload,
    ]


def webhooks() -> dict[str, Schema]:
    """What the server itself sends."""
    headers = {
        "X-Request-ID": "The id of the request the document answers.",
        "X-FaceVer-Folder": "The document's `folder_id`.",
        SIGNATURE_HEADER: '`t=<Unix seconds>,v1=<hex HMAC-SHA-256 of "<t>." and the body>`; only with a secret.',
    }
    described = operation(
        "Instant",
        "folderDocument",
        "A finished document",
        "POSTed to the payload's `resolution_endpoint`, if its host is allowed. Any 2xx takes it; 408, 429 and 5xx "
        "have it sent again, other statuses do not. A redirect is not followed.",
        {"2XX": {"description": "Taken."}},
        parameters=[
            {
                "name": name,
                "in": "header",
                "required": name != SIGNATURE_HEADER,
                "description": text,
                "schema": {"type": "string"},
            }
            for name, text in headers.items()
        ],
        requestBody={"required": True, "content": {JSON: {"schema": ref("FolderDocument")}}},
        security=[],
    )
    return {"folderDocument": {"post": described}}
