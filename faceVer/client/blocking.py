"""The synchronous client."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from faceVer.client.answer import Answer
from faceVer.client.calls import MAX_PARTS, Call
from faceVer.client.exchange import Attempt, DeadlinePassed, Lost
from faceVer.client.files import File, NamedFile
from faceVer.client.payload import AnalysisRequest
from faceVer.client.pool import NoneFreeError, Pool
from faceVer.client.results import Comparison, Folder, Health, Liveness, Match, Verification, Version
from faceVer.client.retry import Retries, Timeouts
from faceVer.client.search import Gallery, Search, batches
from faceVer.client.wire import LIMITS, Options, Wire, making, tls

T = TypeVar("T")


class Client:
    """A client of one server, with a pool of connections. Threads may share it; processes that fork may not.

    url: http://host:port, with a path before the API's own or none; user and password in it are sent as basic
    authentication. api_key: sent as a bearer token. timeout: seconds a call may take altogether, or `Timeouts`.
    retries: how often a failed call is repeated at most, or `Retries` (docs/client.md says what is never repeated).
    base64: files go out, and templates come back, as base64. headers: sent with every request. verify: True, False, a
    file of certificates to trust, or an SSL context. limits: of the pool. transport: in place of httpx's own; it has
    its own verify and limits, and is shared by the threads. max_parts: the server's limit.

    A method raises ClientError (see faceVer.client.errors), ValueError and TypeError for arguments that are wrong,
    OSError for files that cannot be read. Each takes `request_id=` and `timeout=` for itself alone.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        timeout: float | Timeouts | None = 30.0,
        retries: int | Retries = 3,
        base64: bool = False,
        *,
        headers: Mapping[str, str] | None = None,
        verify: ssl.SSLContext | str | bool = True,
        limits: httpx.Limits | None = None,
        transport: httpx.BaseTransport | None = None,
        max_parts: int = MAX_PARTS,
    ) -> None:
        self._wire = Wire(url, api_key, timeout, retries, base64, headers, max_parts)
        limits = limits or LIMITS
        one = httpx.Limits(max_connections=1, keepalive_expiry=limits.keepalive_expiry)
        trusted = tls(verify)
        self._transport = transport
        lent = None if transport is None else _Lent(transport)

        def make() -> httpx.Client:
            return httpx.Client(
                headers=self._wire.headers, auth=self._wire.auth, verify=trusted, limits=one, transport=lent
            )

        self._pool = Pool(lambda: making(make), limits)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._wire.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections. No call may follow."""
        self._pool.close()
        if self._transport is not None:
            self._transport.close()

    def version(self, **options: Unpack[Options]) -> Version:
        """Of the server, its runtime and its models."""
        return self._run(self._wire.calls.version(), options)

    def health(self, **options: Unpack[Options]) -> Health:
        """Whether faces can be compared. Not working is a Health, too, and no error."""
        return self._run(self._wire.calls.health(), options)

    def liveness_health(self, **options: Unpack[Options]) -> Health:
        """Whether liveness can be judged."""
        return self._run(self._wire.calls.liveness_health(), options)

    def extract(self, image: File, **options: Unpack[Options]) -> bytes:
        """The template of the face in an image."""
        return self._run(self._wire.calls.extract(image), options)

    def compare(self, feature: File, template: File, **options: Unpack[Options]) -> Comparison:
        """Compare two templates."""
        return self._run(self._wire.calls.compare(feature, template), options)

    def verify(self, image: File, template: File, **options: Unpack[Options]) -> Verification:
        """Compare an image with a template; the image's own template comes back."""
        return self._run(self._wire.calls.verify(image, template), options)

    def extract_and_compare(self, image: File, other: File, **options: Unpack[Options]) -> Comparison:
        """Compare two images."""
        return self._run(self._wire.calls.extract_and_compare(image, other), options)

    def compare_n(self, template: File, templates: Iterable[NamedFile], **options: Unpack[Options]) -> list[Match]:
        """Compare a template with each of N. Raises ValueError where they are too many for one request."""
        return self._run(self._wire.calls.compare_n(template, templates), options)

    def verify_n(self, image: File, templates: Iterable[NamedFile], **options: Unpack[Options]) -> list[Match]:
        """Compare an image with each of N templates. Raises ValueError as `compare_n` does."""
        return self._run(self._wire.calls.verify_n(image, templates), options)

    def extract_and_compare_n(
        self, image: File, images: Iterable[NamedFile], **options: Unpack[Options]
    ) -> list[Match]:
        """Compare an image with each of N images. Raises ValueError as `compare_n` does."""
        return self._run(self._wire.calls.extract_and_compare_n(image, images), options)

    def search(self, probe: File, gallery: Gallery, batch: int = 1000, **options: Unpack[Options]) -> Iterator[Match]:
        """Compare an image or a template with a gallery of templates of any length, in its order.

        The gallery is read as the matches are taken, `batch` templates to a request. What begins like no known image is
        taken for a template. `timeout` and retries are each request's. An error ends the search.
        """
        return self._search(Search(self._wire.calls, probe, batch), gallery, options)

    def liveness(self, image: File, **options: Unpack[Options]) -> Liveness:
        """Whether an image is bona fide or a presentation attack."""
        return self._run(self._wire.calls.liveness(image), options)

    def analyse(
        self,
        media: Mapping[str, NamedFile],
        analyses: Sequence[AnalysisRequest] | None = None,
        *,
        tags: Mapping[str, Sequence[str]] | None = None,
        meta_data: Mapping[str, Any] | None = None,
        media_meta_data: Mapping[str, Mapping[str, Any]] | None = None,
        resolution_endpoint: str | None = None,
        instant: bool = False,
        **options: Unpack[Options],
    ) -> Folder:
        """Analyse images, videos and archives, each under a name of its own.

        analyses: Quality, Biometry; by default one Quality. tags, media_meta_data: by the names of media. meta_data: of
        the folder. resolution_endpoint: where the server is to send the document, too; such a call is not repeated once
        its body may have arrived. instant: use /api/instant/folders/ instead of detect.
        """
        call = self._wire.calls.analyse(
            media,
            analyses,
            tags=tags,
            meta_data=meta_data,
            media_meta_data=media_meta_data,
            resolution_endpoint=resolution_endpoint,
            instant=instant,
        )
        return self._run(call, options)

    def best_shot(self, medium: NamedFile, **options: Unpack[Options]) -> bytes:
        """The best frame of a video or an archive, as a JPEG. Raises AnalysisFailed where there is none."""
        return self._run(self._wire.calls.best_shot(medium), options)

    def _search(self, search: Search, gallery: Gallery, options: Options) -> Iterator[Match]:
        for batch in batches(gallery, search.size):
            if (first := search.extraction()) is not None:
                search.extracted(self._run(first, options))
            yield from self._run(search.comparison(batch), options)

    def _run(self, call: Call[T], options: Options) -> T:
        exchange = self._wire.exchange(call, options)
        while True:
            pause = exchange.settle(self._send(exchange.attempt()))
            if pause is None:
                return exchange.result
            time.sleep(pause)

    def _send(self, attempt: Attempt) -> Answer | Lost:
        try:
            with self._pool.client(attempt.deadline.cap(None)) as http:
                content = None if attempt.call.body is None else attempt.blocks()
                response = http.send(http.build_request(content=content, **self._wire.request(attempt)), stream=True)
                try:
                    body = b"".join(attempt.in_time(response.iter_bytes()))
                finally:
                    response.close()
        except NoneFreeError:
            return attempt.late(connected=False)
        except DeadlinePassed:
            return attempt.late()
        except httpx.RequestError as error:
            return self._wire.lost(error, attempt)
        return self._wire.answer(response, body, attempt)


class _Lent(httpx.BaseTransport):
    """A caller's transport, which is not closed with the connections that go through it."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._transport.handle_request(request)
