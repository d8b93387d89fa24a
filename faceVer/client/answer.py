"""An HTTP answer, the error it is, and typed reading of JSON: pure; they raise UnreadableError and nothing else."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from faceVer.client.errors import ApiError, ClientError, ProtocolError, by_code, by_number

EXCERPT, MESSAGE = 200, 1000
"""Characters of an answer, and of a message in it, that an error tells at most."""
OVERLOADED = 503
_TEXTUAL = ("text/", "application/json", "application/xml", "application/problem")


class UnreadableError(ValueError):
    """An answer's body is not what the API answers; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. headers: by lower-case name. secrets: what no error may repeat."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    request_id: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def content_type(self) -> str:
        """Without its parameters, lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def retry_after(self) -> float | None:
        """Seconds the server asks to wait, at least 0; None where it does not, or not in a way that can be read."""
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

    def error(self, wrong: str = "") -> ClientError:
        """The error this answer is: the API's own, or else ProtocolError. wrong: what is wrong with a result."""
        if not wrong:
            try:
                return self._refusal(self.document())
            except UnreadableError:
                wrong = "not an answer of the API"
        if 300 <= self.status < 400:
            wrong = "a redirect, which is not followed; give the client the final address"
        return ProtocolError(wrong, self.status, self.request_id, self._excerpt())

    def _refusal(self, document: Mapping[str, Any]) -> ApiError:
        """Raises UnreadableError where the document is of neither error shape."""
        if "code" in document:
            code = text_of(document, "code")
            kind, message = by_code(code, self.status), text_of(document, "message", "")
        else:
            number = whole_of(document, "error_code")
            if number is None:
                raise UnreadableError("error_code is missing")
            details = document.get("details")
            field_name = text_of(details, "field", "") if isinstance(details, dict) else ""
            kind, code = by_number(number, self.status, about_field=bool(field_name)), str(number)
            message = text_of(document, "error_message", "") + (f": {field_name}" if field_name else "")
        return kind(code[:EXCERPT], self._safe(message)[:MESSAGE], self.status, self.request_id, self.retry_after)

    def _excerpt(self) -> str:
        """The body's beginning on one line; nothing of a body that is not text: it may be a template."""
        if not self.content_type.startswith(_TEXTUAL):
            return f"{len(self.body)} bytes of {self.content_type or 'no stated type'}"
        # Secrets are hidden before the cut, which might halve one.
        reach = 4 * EXCERPT + max(map(len, self.secrets), default=0)
        text = self._safe(self.body[:reach].decode("utf-8", "replace"))
        return " ".join(text.split())[:EXCERPT]

    def _safe(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def json_object(data: bytes) -> dict[str, Any]:
    """Raises UnreadableError."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):  # ValueError is also what is not UTF-8, or has too many digits
        raise UnreadableError("not JSON") from None
    return object_of(document, "the answer")


def object_of(value: object, name: str) -> dict[str, Any]:
    """Raises UnreadableError for what is no object."""
    if not isinstance(value, dict):
        raise UnreadableError(f"{name} is not an object")
    return value


def list_of(document: Mapping[str, Any], key: str) -> list[Any]:
    """Raises UnreadableError for what is no list; what is missing or null is an empty one."""
    value = document.get(key)
    if value is not None and not isinstance(value, list):
        raise UnreadableError(f"{key} is not a list")
    return value or []


def text_of(document: Mapping[str, Any], key: str, default: str | None = None) -> str:
    """Raises UnreadableError for what is no string; missing or null, it is the default, where there is one."""
    value = document.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise UnreadableError(f"{key} is not a string")
    return value


def number_of(document: Mapping[str, Any], key: str) -> float:
    """Raises UnreadableError for what is missing or no finite number."""
    value = optional_number(document, key)
    if value is None:
        raise UnreadableError(f"{key} is missing")
    return value


def optional_number(document: Mapping[str, Any], key: str) -> float | None:
    """None where it is missing or null. Raises UnreadableError for what is no finite number."""
    value = document.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UnreadableError(f"{key} is not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise UnreadableError(f"{key} is not a finite number")
    return number


def whole_of(document: Mapping[str, Any], key: str) -> int | None:
    """None where it is missing or null. Raises UnreadableError for what is no whole number."""
    value = document.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise UnreadableError(f"{key} is not a whole number")
    return value


def flag_of(document: Mapping[str, Any], key: str) -> bool:
    """Raises UnreadableError for what is missing or no boolean."""
    value = document.get(key)
    if not isinstance(value, bool):
        raise UnreadableError(f"{key} is not a boolean")
    return value
