"""The words at the top of the document: what holds for every operation."""

from __future__ import annotations

from collections.abc import Iterable

from faceVer.http.ops.openapi.answers import Ending, answered, told
from faceVer.http.pipeline.authentication import HEADER
from faceVer.http.pipeline.error_responses import REQUEST_ID, common_headers
from faceVer.http.pipeline.paths import FACES as PATTERN
from faceVer.http.pipeline.paths import LIVENESS
from faceVer.http.pipeline.paths import OZ as INSTANT
from faceVer.settings.field import PREFIX
from faceVer.settings.model import Settings, declared

TAGS = {
    "Pattern": "Face templates and their comparison, 1:1 and 1:N.",
    "Liveness": "Presentation attack detection on a picture, and folder analyses of pictures, videos and archives.",
    "Instant": "The same folder analyses under the full API's path, with the full API's errors.",
    "Service": "Versions, probes, metrics, and this document.",
    "Console": "The browser console: its files, and what its page asks of the server.",
}
LIMITS = (
    "max_request_bytes",
    "max_file_bytes",
    "max_parts",
    "max_samples",
    "max_pixels",
    "max_media",
    "max_folder_pixels",
    "max_video_seconds",
    "max_video_frames",
    "max_video_pixels",
    "max_members",
    "max_expanded_bytes",
    "max_header_bytes",
    "max_queue",
    "max_inflight_bytes",
    "request_timeout",
    "body_timeout",
    "rate_limit",
    "rate_burst",
)


def description(settings: Settings, ends: Iterable[Ending]) -> str:
    """The document's description, Markdown. ends: every way a request can end in an error."""
    return "\n\n".join(
        (
            "An open, self-hosted biometric processor that speaks the HTTP API of Oz API Lite: face templates, 1:1 and "
            "1:N comparison, passive liveness, best shot and stateless folder analyses. Nothing of a request is kept.",
            _requests(),
            _keys(settings),
            _answers(settings),
            "## Errors\n\n" + _errors(settings, list(ends)),
            "## Limits\n\n" + _limits(settings),
        )
    )


def _requests() -> str:
    return (
        "## Requests\n\n"
        "- A template is opaque bytes, bound to the model that made it: keep it whole, compare it here only.\n"
        "- Names of header fields and media types are read in any letter case; a Content-Type's parameters are ignored "
        "but for the boundary. Parts of a form need no Content-Type.\n"
        "- `Content-Transfer-Encoding: base64` on a request means that its picture, or every file part of its form but "
        "the payload, is base64; on a part, that part. Standard and URL-safe alphabet, wrapped lines, missing padding "
        "and a `data:…;base64,` prefix are accepted. Templates then come back as base64, too.\n"
        "- Paths are matched literally; query strings are ignored. HEAD goes wherever GET does and gets no body. A "
        "CORS preflight (OPTIONS with Origin and Access-Control-Request-Method) gets 204 on every path."
    )


def _keys(settings: Settings) -> str:
    state = "are on" if settings.auth.api_keys else "are off: none is asked for"
    return (
        f"## API keys\n\nAPI keys {state}. A key is sent as `Authorization: Bearer …` or as `{HEADER}: …`; probes and "
        "files of pages need none."
    )


def _answers(settings: Settings) -> str:
    names = ", ".join(f"`{name}`" for name in (*common_headers(settings), REQUEST_ID))
    return (
        f"## Answers\n\nEvery answer has the headers {names}. `X-Request-ID` is the request's own where that is 1 to "
        "128 visible ASCII characters, else a fresh one. Numbers are plain decimals, never with an exponent, but for "
        "those that a client wrote itself. Answers are not to be cached (`Cache-Control: no-store`), but for files of "
        "pages, which have an ETag and `no-cache`."
    )


def _errors(settings: Settings, ends: list[Ending]) -> str:
    rows = ["| HTTP | pattern | liveness | words | when |", "| --- | --- | --- | --- | --- |"]
    for end in ends:
        bodies = told(end, settings)
        words = " / ".join(dict.fromkeys(body["message"] for body in bodies if body))
        pattern, liveness = (body["code"] if body else "–" for body in bodies)
        rows.append(f"| {answered(end, PATTERN, settings)[0].status} | {pattern} | {liveness} | {words} | {end.when} |")
    return "\n".join(
        (
            "Two problems at once: the request's own type and method are told first, then its parts in the order of "
            "the operation's form. After a colon the message names a part that is missing or sent twice, or the "
            "payload's field. The shape is `{code, message}`, but under "
            f"`{INSTANT}/` the full API's, `{{error_code, error_message, details}}`. Wrong verbs are 400, but 405 "
            f"under `{INSTANT}/`. Unknown paths are 400 under `{PATTERN}` and `{LIVENESS}`, else 404.\n",
            *rows,
        )
    )


def _limits(settings: Settings) -> str:
    words = {one.name: one.metadata["doc"] for _, one in declared()}
    rows = ["| setting | value | what |", "| --- | --- | --- |"]
    rows += [f"| `{PREFIX}{name.upper()}` | {settings.value(name):.12g} | {words[name]} |" for name in LIMITS]
    return "\n".join(rows)
