"""A client for FaceVer and other servers of its API (docs/client.md).

    from faceVer.client import Client

    with Client("http://127.0.0.1:8080") as client:
        template = client.extract("photo.jpg")
        print(client.verify("selfie.jpg", template).score)

The two clients are imported on first use: importing httpx takes longer than everything else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from faceVer.client.content_types import TEMPLATE_MAGIC
from faceVer.client.errors import (
    AnalysisFailed,
    ApiError,
    BadPayload,
    BadRequest,
    BadSample,
    BadTemplate,
    ClientError,
    FaceError,
    FaceUnusable,
    Inoperative,
    NoFace,
    Overloaded,
    ProtocolError,
    ServerError,
    SeveralFaces,
    Timeout,
    TooLarge,
    TransportError,
    Unauthorized,
)
from faceVer.client.payload import Biometry, Quality
from faceVer.client.results import (
    Analysis,
    BestShot,
    Comparison,
    Folder,
    Health,
    Liveness,
    Match,
    Medium,
    MediumResult,
    Model,
    Verification,
    Version,
)
from faceVer.client.retry import Retries, Timeouts

if TYPE_CHECKING:
    from faceVer.client.asynchronous import AsyncClient
    from faceVer.client.blocking import Client

__all__ = [
    "TEMPLATE_MAGIC",
    "Analysis",
    "AnalysisFailed",
    "ApiError",
    "AsyncClient",
    "BadPayload",
    "BadRequest",
    "BadSample",
    "BadTemplate",
    "BestShot",
    "Biometry",
    "Client",
    "ClientError",
    "Comparison",
    "FaceError",
    "FaceUnusable",
    "Folder",
    "Health",
    "Inoperative",
    "Liveness",
    "Match",
    "Medium",
    "MediumResult",
    "Model",
    "NoFace",
    "Overloaded",
    "ProtocolError",
    "Quality",
    "Retries",
    "ServerError",
    "SeveralFaces",
    "Timeout",
    "Timeouts",
    "TooLarge",
    "TransportError",
    "Unauthorized",
    "Verification",
    "Version",
]

_ON_FIRST_USE = {"Client": "faceVer.client.blocking", "AsyncClient": "faceVer.client.asynchronous"}


def __getattr__(name: str) -> Any:
    if name not in _ON_FIRST_USE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ON_FIRST_USE[name]), name)
