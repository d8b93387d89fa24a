"""The synchronous client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, Unpack

import httpx

from faceVer.client.base import ClientBase, method
from faceVer.client.call import Call, Options
from faceVer.client.calls import Calls
from faceVer.client.exchange import Attempt, DeadlinePassed, Failure
from faceVer.client.files import File
from faceVer.client.pool import ConnectionPool, NoConnectionFree
from faceVer.client.response import Response
from faceVer.client.results import Match
from faceVer.client.search import Gallery, Search, batches

P = ParamSpec("P")
T = TypeVar("T")


def _method(make: Callable[Concatenate[Calls, P], Call[T]]) -> Callable[Concatenate[Client, P], T]:
    """The method that makes a call and returns its result."""

    def run(client: Client, /, *arguments: P.args, **options: P.kwargs) -> T:
        return client._run(make(client._calls, *arguments, **options))

    return method(make, run)


class BlockingConnection(ClientBase):
    """The connections of a synchronous client, and how it runs a call."""

    def close(self) -> None:
        """Close all connections. No call may follow."""
        self._pool.close()
        if self._transport is not None:
            self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self, settings: Mapping[str, Any], limits: httpx.Limits, transport: httpx.BaseTransport | None) -> None:
        one = httpx.Limits(max_connections=1, keepalive_expiry=limits.keepalive_expiry)
        shared = None if transport is None else _SharedTransport(transport)
        self._transport = transport
        self._pool = ConnectionPool(lambda: httpx.Client(**settings, limits=one, transport=shared), limits)

    def _run(self, call: Call[T]) -> T:
        exchange = self._exchange(call)
        while (pause := exchange.settle(self._send(exchange.attempt()))) is not None:
            time.sleep(pause)
        return exchange.result

    def _send(self, attempt: Attempt) -> Response | Failure:
        try:
            with self._pool.client(attempt.deadline.cap(None)) as http:
                content = None if attempt.call.body is None else attempt.blocks()
                response = http.send(http.build_request(content=content, **self._request(attempt)), stream=True)
                try:
                    body = b"".join(attempt.in_time(response.iter_bytes()))
                finally:
                    response.close()
        except NoConnectionFree:
            return attempt.late(connected=False)
        except DeadlinePassed:
            return attempt.late()
        except httpx.RequestError as error:
            return self._failure(error, attempt)
        return self._response(response, body, attempt)


class Client(BlockingConnection):
    """A client of one server, with a pool of connections. Threads may share it; processes that fork may not.

    url: http://host:port, optionally with a path before the API's own; user and password in it are sent as basic
    authentication. api_key: sent as a bearer token. timeout: seconds a call may take, or `Timeouts`. retries: most
    repetitions of a failed call, or `Retries` (docs/client.md, What is sent again). base64: send files, and request
    templates, in base64. headers: sent with every request. verify: True, False, a file of certificates to trust, or an
    SSL context. limits: of the pool. transport: replaces httpx's own, with its own verify and limits. max_parts: the
    server's limit.

    A method raises ClientError (faceVer.client.errors), ValueError and TypeError for wrong arguments, and OSError for
    files that cannot be read. Each has the options `request_id=` and `timeout=`.
    """

    version = _method(Calls.version)
    health = _method(Calls.health)
    liveness_health = _method(Calls.liveness_health)
    extract = _method(Calls.extract)
    compare = _method(Calls.compare)
    verify = _method(Calls.verify)
    extract_and_compare = _method(Calls.extract_and_compare)
    compare_n = _method(Calls.compare_n)
    verify_n = _method(Calls.verify_n)
    extract_and_compare_n = _method(Calls.extract_and_compare_n)
    liveness = _method(Calls.liveness)
    analyse = _method(Calls.analyse)
    best_shot = _method(Calls.best_shot)

    def search(self, probe: File, gallery: Gallery, batch: int = 1000, **options: Unpack[Options]) -> Iterator[Match]:
        """Compare an image or a template with a gallery of templates of any length, in its order.

        The gallery is read as the matches are taken, `batch` templates per request. A probe of no known image type is
        a template. `timeout` and retries apply to each request. An error ends the search.
        """
        return self._search(Search(self._calls, probe, batch, options), gallery)

    def _search(self, search: Search, gallery: Gallery) -> Iterator[Match]:
        for batch in batches(gallery, search.size):
            if search.template is None:
                search.template = self._run(search.extraction())
            yield from self._run(search.comparison(search.template, batch))


class _SharedTransport(httpx.BaseTransport):
    """A caller's transport, which stays open when an httpx client that uses it is closed."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._transport.handle_request(request)
