"""The operations of the browser console: its files, and what its page asks of the server."""

from __future__ import annotations

from typing import Any

from faceVer.domain.errors import InferenceError, PartTypeError, RequestTypeError, SampleError, TooLargeError
from faceVer.http import console
from faceVer.http.ops.openapi.answers import NOWHERE, ending, endings, json_content, success
from faceVer.http.ops.openapi.bodies import binary, image_body
from faceVer.http.ops.openapi.examples import EXAMPLES
from faceVer.http.ops.openapi.operation import asked, file, operation, parameters, read, security
from faceVer.http.ops.openapi.schema import Schema, ref
from faceVer.http.pipeline.context import CONSOLE, CONSOLE_LIVENESS, CONSOLE_STATUS
from faceVer.http.pipeline.forms.content_types import FORM
from faceVer.http.pipeline.responses import TRANSFER_ENCODING
from faceVer.settings.model import Settings

TAG = "Console"


def console_paths(settings: Settings) -> dict[str, Schema]:
    """By path; none where the console is not served."""
    if not console.wanted(settings):
        return {}
    return _files(settings) | {
        console.ABOUT: read(
            TAG,
            "consoleAbout",
            console.ABOUT,
            "What the page shows of the server: fixed",
            "What does not change while the server runs.",
            success("What the server is.", json_content(ref("ConsoleAbout"), answer=EXAMPLES["console_about"])),
            settings,
        ),
        CONSOLE_STATUS: read(
            TAG,
            "consoleStatus",
            CONSOLE_STATUS,
            "What the page shows of the server: moving",
            "The numbers of all workers.",
            success("How it does.", json_content(ref("ConsoleStatus"), answer=EXAMPLES["console_status"])),
            settings,
        ),
        console.FACE: {"post": _face(settings)},
        CONSOLE_LIVENESS: {"post": _liveness(settings)},
    }


def _files(settings: Settings) -> dict[str, Schema]:
    names = [path.removeprefix(f"{CONSOLE}/") for path in console.FILES if path != console.PAGE]
    paths = {console.PAGE: file(TAG, "console", console.PAGE, "The console's page", settings)}
    if names:
        path = f"{CONSOLE}/{names[0]}"
        paths[f"{CONSOLE}/{{file}}"] = file(
            TAG, "consoleFile", path, "A file of that page", settings, NOWHERE, names=names
        )
    return paths


def _face(settings: Settings) -> dict[str, Any]:
    well = success(
        "What the picture shows, also where no template can be made of it.",
        json_content(ref("ConsoleFace"), usable=EXAMPLES["console_face"], unusable=EXAMPLES["console_no_face"]),
    )
    return operation(
        TAG,
        "consoleFace",
        "Faces of a picture, and its template",
        "As `extract`, but a picture without a usable face is answered, too.",
        asked(
            console.FACE, settings, *endings(RequestTypeError, SampleError, TooLargeError, InferenceError), well=well
        ),
        parameters=parameters(TRANSFER_ENCODING),
        requestBody=image_body(settings),
        security=security(console.FACE, settings),
    )


def _liveness(settings: Settings) -> dict[str, Any]:
    well = success(
        "The folder document of the medium, and the frames its score is made of.",
        json_content(ref("ConsoleLiveness"), answer=EXAMPLES["console_liveness"]),
    )
    kinds = endings(RequestTypeError, SampleError, PartTypeError, TooLargeError, InferenceError)
    schema = {
        "type": "object",
        "description": "One medium, under any name; a part `payload` is ignored.",
        "properties": {"medium": binary("A picture, a video or an archive of pictures, told from its bytes.")},
        "required": ["medium"],
    }
    return operation(
        TAG,
        "consoleLiveness",
        "Liveness of a medium, frame by frame",
        "A form of one medium.",
        asked(
            CONSOLE_LIVENESS, settings, *kinds, ending(SampleError(), "there is no medium, or more than one"), well=well
        ),
        parameters=parameters(TRANSFER_ENCODING),
        requestBody={"required": True, "content": {FORM: {"schema": schema}}},
        security=security(CONSOLE_LIVENESS, settings),
    )
