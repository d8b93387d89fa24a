"""A client for FaceVer and other servers of its API (docs/client.md).

    from faceVer.client import Client

    with Client("http://127.0.0.1:8080") as client:
        template = client.extract("photo.jpg")
        print(client.verify("selfie.jpg", template).score)

The clients are imported on first use: importing httpx takes longer than everything else.
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
    Conflict,
    FaceError,
    FaceUnusable,
    Forbidden,
    Inoperative,
    NoFace,
    NotFound,
    NotRealized,
    Overloaded,
    ProtocolError,
    RuleViolated,
    ServerError,
    SeveralFaces,
    Throttled,
    Timeout,
    TooLarge,
    TransportError,
    Unauthorized,
)
from faceVer.client.files import Face
from faceVer.client.oz.results import Company, Page, Tokens, User
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
    from faceVer.client.oz.clients import AsyncOzClient, OzClient

__all__ = [
    "TEMPLATE_MAGIC",
    "Analysis",
    "AnalysisFailed",
    "ApiError",
    "AsyncClient",
    "AsyncOzClient",
    "BadPayload",
    "BadRequest",
    "BadSample",
    "BadTemplate",
    "BestShot",
    "Biometry",
    "Client",
    "ClientError",
    "Company",
    "Comparison",
    "Conflict",
    "Face",
    "FaceError",
    "FaceUnusable",
    "Folder",
    "Forbidden",
    "Health",
    "Inoperative",
    "Liveness",
    "Match",
    "Medium",
    "MediumResult",
    "Model",
    "NoFace",
    "NotFound",
    "NotRealized",
    "Overloaded",
    "OzClient",
    "Page",
    "ProtocolError",
    "Quality",
    "Retries",
    "RuleViolated",
    "ServerError",
    "SeveralFaces",
    "Throttled",
    "Timeout",
    "Timeouts",
    "Tokens",
    "TooLarge",
    "TransportError",
    "Unauthorized",
    "User",
    "Verification",
    "Version",
]

_ON_FIRST_USE = {
    "Client": "faceVer.client.blocking",
    "AsyncClient": "faceVer.client.asynchronous",
    "OzClient": "faceVer.client.oz.clients",
    "AsyncOzClient": "faceVer.client.oz.clients",
}


def __getattr__(name: str) -> Any:
    if name not in _ON_FIRST_USE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ON_FIRST_USE[name]), name)
