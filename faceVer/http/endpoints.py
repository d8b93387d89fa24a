"""The table of all endpoints. To add an endpoint, add a row here or in the `endpoints` function of its package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from faceVer.domain.errors import UnknownPathError
from faceVer.http import console
from faceVer.http.lite import errors as lite
from faceVer.http.lite.faces import COMPARING
from faceVer.http.lite.liveness import detect
from faceVer.http.lite.models import Detection
from faceVer.http.ops import openapi
from faceVer.http.ops.exposition import metrics_page
from faceVer.http.ops.health import faces_health, liveness_health
from faceVer.http.ops.models import Health, Version
from faceVer.http.ops.probes import live, ready
from faceVer.http.ops.version import version
from faceVer.http.oz.errors import OZ, OZ_INSTANT, OZ_STORED
from faceVer.http.oz.instant_folders import instant_folder
from faceVer.http.pipeline.api_family import ApiFamily
from faceVer.http.pipeline.endpoint import (
    ANY_METHOD,
    Access,
    Body,
    Content,
    Endpoint,
    EndpointTable,
    Handler,
    json_content,
    reject_path,
)
from faceVer.http.pipeline.face_endpoints import face_endpoints
from faceVer.http.pipeline.face_parameter import face_parameters
from faceVer.http.pipeline.forms.content_types import ANY_IMAGE
from faceVer.http.pipeline.paths import FACES, INSTANT_FOLDERS, LIVE, LIVENESS, METRICS, READY, VERSION
from faceVer.http.pipeline.paths import OZ as OZ_API
from faceVer.http.vendor import liveness as vendor_liveness
from faceVer.http.vendor import verification
from faceVer.http.vendor.errors import LIVENESS as VENDOR_LIVENESS
from faceVer.http.vendor.errors import VERIFICATION
from faceVer.http.vendor.paths import base
from faceVer.services.folders.document import FolderDocument
from faceVer.settings.model import Settings

_unknown_path = lite.FACES.row(UnknownPathError)._replace(status=404)
OPERATIONS = replace(
    lite.FACES,
    name="operations",
    title="Operations",
    about="Version, health, probes, metrics, and this document.",
    errors={**lite.FACES.errors, UnknownPathError: _unknown_path},
)
"""Endpoints that belong to no API: the errors of /v1/face/pattern, except 404 for an unknown path."""
HEALTH = (json_content(Health), json_content(Health, status=503))


def endpoint_table(settings: Settings) -> EndpointTable:
    """The endpoints of a server with these settings."""
    prefixes = settings.api.vendor_prefix
    vendor = tuple(f"{base(prefix, 'pattern')}/" for prefix in prefixes)
    stored = bool(settings.store.store)
    families = {f"{FACES}/": lite.FACES, f"{LIVENESS}/": lite.LIVENESS, f"{OZ_API}/": OZ_STORED if stored else OZ}
    families |= dict.fromkeys(vendor, VERIFICATION)
    families |= {f"{base(prefix, 'liveness')}/": VENDOR_LIVENESS for prefix in _with_liveness(prefixes)}
    # The vendor prefix `face` replaces rows of API Lite, and sets the errors of all rows below its path.
    rows = {
        (row.method, row.path): replace(row, family=VERIFICATION) if row.path.startswith(vendor) else row
        for row in _rows(settings)
    }
    return EndpointTable(rows.values(), [*families.items(), ("/", OPERATIONS)])


def _rows(settings: Settings) -> Iterator[Endpoint]:
    yield _probe(VERSION, version, OPERATIONS, json_content(Version))
    yield _probe(f"{FACES}/health", faces_health, lite.FACES, *HEALTH)
    yield from face_endpoints(FACES, lite.FACES, COMPARING)
    yield _probe(f"{LIVENESS}/health", liveness_health, lite.LIVENESS, *HEALTH)
    yield Endpoint(
        method="POST",
        path=f"{LIVENESS}/detect",
        handler=detect,
        family=lite.LIVENESS,
        body=Body.IMAGE_OR_FORM,
        models=("liveness",),
        responses=(json_content(Detection), json_content(FolderDocument)),
        query=face_parameters(),
        examples=("liveness", "folder", "failed"),
    )
    yield Endpoint(
        method="POST",
        path=INSTANT_FOLDERS,
        alternatives=(INSTANT_FOLDERS.rstrip("/"),),
        handler=instant_folder,
        family=OZ_INSTANT if settings.store.store else OZ,
        access=Access.TOKEN_OR_KEY if settings.store.store else Access.KEY,
        body=Body.FORM,
        models=("liveness",),
        responses=(json_content(FolderDocument),),
    )
    if settings.store.store:
        from faceVer.http.oz.described import described  # loads the database's libraries
        from faceVer.http.oz.kept.rows import endpoints

        yield from described(endpoints())
    for prefix in settings.api.vendor_prefix:
        path = base(prefix, "pattern")
        yield _probe(f"{path}/health", faces_health, VERIFICATION, *HEALTH)
        yield from face_endpoints(path, VERIFICATION, verification.COMPARING, ANY_IMAGE)
    for prefix in _with_liveness(settings.api.vendor_prefix):
        path = base(prefix, "liveness")
        yield _probe(f"{path}/health", liveness_health, VENDOR_LIVENESS, *HEALTH)
        yield Endpoint(
            method="POST",
            path=f"{path}/detect",
            handler=vendor_liveness.detect,
            family=VENDOR_LIVENESS,
            body=Body.FORM,
            parts=vendor_liveness.PARTS,
            models=("liveness",),
            responses=(json_content(vendor_liveness.LivenessResult),),
        )
    yield _probe(LIVE, live, OPERATIONS, HEALTH[0])
    yield _probe(READY, ready, OPERATIONS, *HEALTH)
    yield _probe(METRICS, metrics_page, OPERATIONS, Content("text/plain", str), access=Access.GUARDED)
    yield from _pages(openapi.endpoints(OPERATIONS), settings.api.docs)
    yield from _pages(console.endpoints(lite.FACES, lite.LIVENESS, OPERATIONS), console.is_served(settings))
    if console.keeps_pages(settings):
        yield from console.folder_endpoints(OPERATIONS)


def _with_liveness(prefixes: Iterable[str]) -> list[str]:
    """Under `face` is API Lite's liveness, whose requests the vendor profile's differ from in their parts only."""
    return [prefix for prefix in prefixes if base(prefix, "liveness") != LIVENESS]


def _pages(rows: Iterable[Endpoint], served: bool) -> Iterator[Endpoint]:
    """The rows of a page. If it is switched off, its paths are unknown, which callers without a key may see."""
    for row in rows:
        yield (
            row
            if served
            else replace(row, method=ANY_METHOD, handler=reject_path, family=OPERATIONS, lane=None, documented=False)
        )


def _probe(
    path: str, handler: Handler, family: ApiFamily, *responses: Content, access: Access = Access.OPEN
) -> Endpoint:
    return Endpoint(
        method="GET", path=path, handler=handler, family=family, access=access, lane=None, responses=responses
    )
