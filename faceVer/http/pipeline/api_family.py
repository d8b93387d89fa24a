"""An API family: the shape of its error responses, and its table from error to status, code and message."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from faceVer.domain.errors import FaceVerError
from faceVer.http.pipeline.messages import Message
from faceVer.http.pipeline.wire import Error, WireModel


class ErrorRow(NamedTuple):
    """How one error looks on the wire. code: text or number, as the family writes it."""

    status: int
    code: str | int
    message: Message


ErrorBody = Callable[[ErrorRow, str, FaceVerError], WireModel]
"""(row, message in the response's language, error) -> the response's JSON."""


@dataclass(frozen=True, slots=True, eq=False)
class ApiFamily:
    """name: one word for code; title and about: for readers of the OpenAPI document.

    errors: by class; a class without a row has its base's. error_model: the type that `body` makes. language: the
    family's only one, None = the setting's. content_type: of its JSON responses.
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
        """The row of an error's class or of its nearest base. Raises KeyError where the table lacks FaceVerError."""
        kind = error if isinstance(error, type) else type(error)
        return next(self.errors[base] for base in kind.__mro__ if base in self.errors)

    def outcomes(self) -> Iterator[tuple[str, str]]:
        """Every (status, code) the family's errors end with, for the metrics."""
        for row in self.errors.values():
            yield str(row.status), str(row.code)


def code_and_message(row: ErrorRow, message: str, error: FaceVerError) -> Error:
    """API Lite's shape; the name of the wrong part or field follows the message."""
    return Error(code=str(row.code), message=f"{message}: {error.exposed}" if error.exposed else message)
