"""One request of the API, with the parser of its response and the caller's options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypedDict, TypeVar

from faceVer.client.form import Body
from faceVer.client.response import Response, UnreadableError
from faceVer.client.retry import Timeouts

T = TypeVar("T")


class Options(TypedDict, total=False):
    """Options of a single call. request_id: 1 to 128 visible ASCII characters. timeout: replaces the client's."""

    request_id: str
    timeout: float | Timeouts | None


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request. safe: repeating it does no harm, since it changes nothing. statuses: HTTP statuses of a result.

    verb: the method, "" = GET without a body, else POST. headers: besides those of every request. path: with its query;
    an address that begins with http is used as it is.
    """

    path: str
    parse: Callable[[Response], T]
    options: Options
    body: Body | None = None
    safe: bool = True
    statuses: tuple[int, ...] = (200,)
    verb: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        return self.verb or ("GET" if self.body is None else "POST")

    def read(self, response: Response) -> T:
        """The result. Raises ClientError."""
        reason = ""
        if response.status in self.statuses:
            try:
                return self.parse(response)
            except UnreadableError as error:
                reason = str(error) if 200 <= response.status < 300 else ""
        raise response.error(reason)
