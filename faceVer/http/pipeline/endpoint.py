"""Endpoints, and the table of them that the router, metrics, admission, the OpenAPI document and the tests read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, NamedTuple

from aiohttp import web

from faceVer.domain.errors import FaceVerError, MethodError, UnknownPathError
from faceVer.http.pipeline.api_family import ApiFamily
from faceVer.http.pipeline.part_spec import PartSpec
from faceVer.observability.metrics import CLIENT_CLOSED

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ANY_METHOD = "*"
OTHER = "other"
"""The label of requests to unknown paths."""


class Access(Enum):
    """Who may call an endpoint.

    OPEN: everyone, even under overload. GUARDED: as OPEN, but with an API key if FACEVER_METRICS_KEY is on. KEY: with
    an API key if any is configured, within the rate limit and the capacity of the endpoint's lane. ANYONE: as KEY, but
    without a credential. TOKEN: with the access token of a session. TOKEN_OR_KEY: with either, where keys are
    configured.
    """

    OPEN, GUARDED, KEY, ANYONE, TOKEN, TOKEN_OR_KEY = range(6)


WITH_TOKEN = frozenset({Access.TOKEN, Access.TOKEN_OR_KEY})


class Lane(Enum):
    """The queue that a request occupies. COMPARISON: for endpoints that take no image and so never wait behind one.

    STORAGE: for those that wait for the database and the file storage. MEDIA: of requests whose files the sandbox
    decodes; they move there from INFERENCE once the server has seen the files.
    """

    INFERENCE, COMPARISON, STORAGE, MEDIA = "inference", "comparison", "storage", "media"


class Body(Enum):
    """What an endpoint reads, which determines how long the body may be."""

    NONE, IMAGE, FORM, IMAGE_OR_FORM, JSON, JSON_OR_FORM = range(6)


class Content(NamedTuple):
    """A kind of response body. model: the type of its content (a wire model of JSON or of a form, bytes, str); None =
    no body.

    headers: those that the response has besides the usual ones, by name: what they say.
    """

    media_type: str
    model: Any
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


NO_CONTENT = Content("", None, 204)


class QueryParameter(NamedTuple):
    """A parameter of the query string. schema: of its value in JSON; the values of an array are joined with commas."""

    name: str
    description: str
    schema: Mapping[str, Any]


def json_content(model: Any, status: int = 200) -> Content:
    return Content("application/json", model, status)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Endpoint:
    """One row of the table: a method on a path.

    method: "GET" includes HEAD; "*" is every method without a row of its own. path: a template for aiohttp's router,
    with parameters in braces. alternatives: further paths with the same handler and label. lane: None if the handler
    runs nothing on the executor. parts: of its form. models: tasks ("faces", "liveness") whose models must be loaded.
    label: in logs and metrics, by default the path; never text from a client. responses: what the handler returns.
    examples: names of real responses in the OpenAPI document's examples.json. query: parameters it knows. accepts: the
    model of its JSON body, or of the payload of its form. errors: those that no other column tells of. documented:
    whether the OpenAPI document contains the endpoint; the handler's docstring is its description.
    """

    method: str
    path: str
    handler: Handler
    family: ApiFamily
    access: Access = Access.KEY
    lane: Lane | None = Lane.INFERENCE
    body: Body = Body.NONE
    parts: tuple[PartSpec, ...] = ()
    models: tuple[str, ...] = ()
    label: str = ""
    alternatives: tuple[str, ...] = ()
    responses: tuple[Content, ...] = ()
    examples: tuple[str, ...] = ()
    query: tuple[QueryParameter, ...] = ()
    accepts: Any = None
    errors: tuple[type[FaceVerError], ...] = ()
    documented: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", self.label or self.path)


class EndpointTable:
    """All endpoints. A request's endpoint is found by the resource that aiohttp's router matched.

    families: (prefix that ends with a slash, family), the most specific prefix first and "/" last. An unknown path
    belongs to the first family whose prefix it starts with.
    """

    def __init__(self, endpoints: Iterable[Endpoint], families: Sequence[tuple[str, ApiFamily]]) -> None:
        self.endpoints = tuple(endpoints)
        self._families = tuple(families)
        self._by_path: dict[str, dict[str, Endpoint]] = {}
        for endpoint in self.endpoints:
            methods = ("GET", "HEAD") if endpoint.method == "GET" else (endpoint.method,)
            for path in (endpoint.path, *endpoint.alternatives):
                self._by_path.setdefault(path, {}).update(dict.fromkeys(methods, endpoint))
        for path, by_method in self._by_path.items():
            first = next(iter(by_method.values()))
            rejecting = replace(
                first, method=ANY_METHOD, path=path, handler=_reject_method(tuple(by_method)), lane=None
            )
            by_method.setdefault(ANY_METHOD, rejecting)
        self._by_resource: dict[object, dict[str, Endpoint]] = {}
        self._elsewhere: dict[str, Endpoint] = {}
        """Of a request whose target is no path, as that of CONNECT: no route matches it."""
        self.methods = frozenset(method for by_method in self._by_path.values() for method in by_method)
        """Every method of an endpoint, and ANY_METHOD."""
        self.needs_tokens = any(endpoint.access in WITH_TOKEN for endpoint in self.endpoints)
        """Whether an endpoint needs an access token, so whether there is a store."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label of logs and metrics."""
        return tuple(dict.fromkeys((*(endpoint.label for endpoint in self.endpoints), OTHER)))

    @property
    def outcomes(self) -> tuple[tuple[str, str], ...]:
        """Every (status, code) that a request can end with, for the metrics; code "" = no error."""
        families = dict.fromkeys(
            [*(endpoint.family for endpoint in self.endpoints), *(family for _, family in self._families)]
        )
        without_error = ((str(status), "") for status in (200, 201, 204, 206, 304, 416, CLIENT_CLOSED))
        errors = (outcome for family in families for outcome in family.outcomes())
        # The server responds to malformed HTTP before it looks up an endpoint, with 400 or 431 and any code.
        malformed = ((status, code) for status in ("400", "431") for _, code in self._families[-1][1].outcomes())
        return tuple(dict.fromkeys((*without_error, *errors, *malformed)))

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path template of the table."""
        return tuple(self._by_path)

    def at(self, path: str, method: str = ANY_METHOD) -> Endpoint:
        """The endpoint of a path template. Raises KeyError."""
        return self._by_path[path][method]

    def family_of(self, path: str) -> ApiFamily:
        """The family that responds to requests for an unknown path."""
        return next(family for prefix, family in self._families if f"{path}/".startswith(prefix))

    def register(self, router: web.UrlDispatcher, expect: Callable[[web.Request], Awaitable[None]]) -> None:
        """Add every path to the router, then a catch-all route for each family. expect: of Expect: 100-continue."""
        for path, by_method in self._by_path.items():
            route = router.add_route(ANY_METHOD, path, self.handle, expect_handler=expect)
            self._by_resource[route.resource] = by_method
        for prefix, family in self._families:
            path = "/{tail:.*}" if prefix == "/" else f"{prefix[:-1]}{{tail:(/.*)?}}"
            unknown = Endpoint(method=ANY_METHOD, path=path, handler=reject_path, family=family, label=OTHER, lane=None)
            route = router.add_route(ANY_METHOD, path, self.handle, expect_handler=expect)
            self._elsewhere = self._by_resource[route.resource] = {ANY_METHOD: unknown}

    def find(self, request: web.Request) -> Endpoint:
        """The endpoint of a request. For a wrong method or an unknown path: one whose handler raises the error."""
        by_method = self._by_resource.get(request.match_info.route.resource, self._elsewhere)
        return by_method.get(request.method) or by_method[ANY_METHOD]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The handler of every route."""
        return await self.find(request).handler(request)


def _reject_method(allowed: tuple[str, ...]) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        raise MethodError(f"{request.method} on a path that takes {', '.join(allowed)}", allowed=allowed)

    return handle


async def reject_path(request: web.Request) -> web.StreamResponse:
    """The handler of unknown paths."""
    raise UnknownPathError("no such path")
