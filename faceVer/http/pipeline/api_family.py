"""An API family: the shape of its error responses, and its table from error to status, code and message."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from faceVer.domain.errors import FaceVerError
from faceVer.http.pipeline.messages import Message
from faceVer.http.pipeline.wire import Error, WireModel


class ErrorRow(NamedTuple):
    """An error on the wire. code: text or a number, as the family writes it."""

    status: int
    code: str | int
    message: Message


ErrorBody = Callable[[ErrorRow, str, FaceVerError], WireModel]
"""(row, message in the response's language, error) -> the response's JSON."""


@dataclass(frozen=True, slots=True, eq=False)
class ApiFamily:
    """Endpoints of one API, which report errors in the same way.

    name: an identifier; title, about: its section of the OpenAPI document. errors: a row for each error class; a class
    without a row uses that of its nearest base class. body: makes the JSON of an error, an `error_model`. language: of
    the messages, None = FACEVER_LANGUAGE. content_type: of its JSON responses.
    """

    name: str
    title: str
    about: str
    errors: Mapping[type[FaceVerError], ErrorRow]
    body: ErrorBody
    error_model: type[WireModel] = Error
    language: str | None = None
    content_type: str = "application/json"

    def row(self, error: FaceVerError | type[FaceVerError]) -> ErrorRow:
        """The row of an error's class, or of its nearest base class. Every table has a row for FaceVerError."""
        error_class = error if isinstance(error, type) else type(error)
        return next(self.errors[base] for base in error_class.__mro__ if base in self.errors)

    def outcomes(self) -> Iterator[tuple[str, str]]:
        """Every (status, code) of the family's error responses, for the metrics."""
        for row in self.errors.values():
            yield str(row.status), str(row.code)


def code_and_message(row: ErrorRow, message: str, error: FaceVerError) -> Error:
    """The error JSON of API Lite: the name of the wrong part or field follows the message."""
    return Error(code=str(row.code), message=f"{message}: {error.exposed}" if error.exposed else message)
