"""The paths there are, and what is asked of a request before its handler runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from faceVer.http import console
from faceVer.http.lite.faces import ENDPOINTS
from faceVer.http.ops import openapi
from faceVer.http.pipeline.context import FOLDERS_PATH, LIVENESS, PATTERN
from faceVer.http.pipeline.forms.content_types import TEMPLATE_TYPES

LIVE, READY, METRICS_PATH = "/livez", "/readyz", "/metrics"


@dataclass(frozen=True, slots=True)
class Route:
    """label: what logs and metrics call it; never what a client sent.

    open: answered whatever the load and without a key. work: takes a place among the requests in flight. comparing: has
    no picture in it, so that it does not wait behind those that have.
    """

    label: str
    open: bool = False
    work: bool = True
    comparing: bool = False


UNKNOWN = Route("other", work=False)
"""Every path that is not in the table."""


def _table() -> Mapping[str, Route]:
    probes = ("/version", f"{PATTERN}/health", f"{LIVENESS}/health", LIVE, READY, METRICS_PATH)
    rows = {path: Route(path, open=True, work=False) for path in probes}
    rows |= {path: Route(path) for path in (f"{PATTERN}/extract", f"{LIVENESS}/detect", FOLDERS_PATH)}
    for name, (first, second, _) in ENDPOINTS.items():
        comparing = first.types is TEMPLATE_TYPES and second.types is TEMPLATE_TYPES
        rows[f"{PATTERN}/{name}"] = Route(f"{PATTERN}/{name}", comparing=comparing)
    for label, paths in ((console.PAGE, console.FILES), (openapi.PAGE, openapi.FILES)):
        rows |= dict.fromkeys(paths, Route(label, open=True, work=False))
    rows |= {path: Route(path) for path in console.WORK}
    rows |= {path: Route(path, open=True, work=False) for path in console.FACTS}
    return rows


ROUTES = _table()
"""By path. Files that a page consists of share the page's label."""
LABELS = tuple(dict.fromkeys((*(row.label for row in ROUTES.values()), UNKNOWN.label)))
