"""An HTTP response, the error it stands for, and typed access to JSON. No I/O; raises UnreadableError only."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from faceVer.client.errors import ApiError, ClientError, ProtocolError, by_code, by_number

MAX_EXCERPT, MAX_MESSAGE = 200, 1000
"""Characters of a body, and of a message in it, that an error repeats at most."""
OVERLOADED = 503
_TEXTUAL = ("text/", "application/json", "application/xml", "application/problem")
_KINDS = {
    str: "a string",
    int: "a whole number",
    float: "a finite number",
    bool: "a boolean",
    dict: "an object",
    list: "a list",
}
T = TypeVar("T")


class UnreadableError(ValueError):
    """A response's body does not fit the API; the text says where."""


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response. headers: by lower-case name. secrets: texts that no error may repeat."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    request_id: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def content_type(self) -> str:
        """In lower case, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def retry_after(self) -> float | None:
        """Seconds the server asks to wait, at least 0; None without a readable Retry-After."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return float(text[:9])
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
        except (ValueError, TypeError, IndexError, OverflowError):
            return None

    def document(self) -> dict[str, Any]:
        """The body as a JSON object. Raises UnreadableError."""
        return json_object(self.body)

    def error(self, reason: str = "") -> ClientError:
        """The error of this response: the API's own, or ProtocolError. reason: why the result cannot be read."""
        if not reason:
            try:
                return self._api_error(self.document())
            except UnreadableError:
                reason = "not a response of the API"
        if 300 <= self.status < 400:
            reason = "a redirect, which is not followed; give the client the final address"
        return ProtocolError(reason, self.status, self.request_id, self._excerpt())

    def _api_error(self, document: Mapping[str, Any]) -> ApiError:
        """Raises UnreadableError where the document has neither shape of an error."""
        name = None
        if "code" in document:
            code, message = required(document, "code", str), optional(document, "message", str) or ""
            kind = by_code(code, self.status)
        else:
            number, details = required(document, "error_code", int), document.get("details")
            if isinstance(details, dict):
                name = optional(details, "field", str) or optional(details, "key_path", str)
            kind, code = by_number(number, self.status, about_field=bool(name)), str(number)
            message = (optional(document, "error_message", str) or "") + (f": {name}" if name else "")
        text, field = self._redacted(message)[:MAX_MESSAGE], self._redacted(name or "")[:MAX_MESSAGE]
        return kind(code[:MAX_EXCERPT], text, self.status, self.request_id, self.retry_after, field)

    def _excerpt(self) -> str:
        """The beginning of the body, on one line. A body that is not text is left out: it may be a template."""
        if not self.content_type.startswith(_TEXTUAL):
            return f"{len(self.body)} bytes of {self.content_type or 'no stated type'}"
        # Redacted before the cut, which could halve a secret.
        size = 4 * MAX_EXCERPT + max(map(len, self.secrets), default=0)
        text = self._redacted(self.body[:size].decode("utf-8", "replace"))
        return " ".join(text.split())[:MAX_EXCERPT]

    def _redacted(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def json_object(data: bytes) -> dict[str, Any]:
    """Parse a JSON object. Raises UnreadableError."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):  # ValueError also for bytes that are not UTF-8, and for too many digits
        raise UnreadableError("not JSON") from None
    if not isinstance(document, dict):
        raise UnreadableError("the response is not an object")
    return document


def optional(document: Mapping[str, Any], name: str, kind: type[T]) -> T | None:
    """A field's value; None where it is missing or null. Raises UnreadableError for another type than `kind`."""
    value = document.get(name)
    if value is None:
        return None
    if kind is float and type(value) is int:
        with suppress(OverflowError):
            value = float(value)
    if (isinstance(value, float) and not math.isfinite(value)) or type(value) is not kind:
        raise UnreadableError(f"{name} is not {_KINDS[kind]}")
    return value


def required(document: Mapping[str, Any], name: str, kind: type[T]) -> T:
    """A field's value. Raises UnreadableError where it is missing, null or of another type than `kind`."""
    value = optional(document, name, kind)
    if value is None:
        raise UnreadableError(f"{name} is missing")
    return value


def objects(document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects; missing or null, an empty one. Raises UnreadableError."""
    items = optional(document, name, list) or []
    if not all(isinstance(item, dict) for item in items):
        raise UnreadableError(f"{name} does not consist of objects")
    return items
