"""How the OpenAPI document describes an endpoint that needs a store, beyond what its row says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from faceVer.domain import errors
from faceVer.domain.errors import FaceVerError
from faceVer.http.pipeline.endpoint import NO_CONTENT, QueryParameter

Errors = tuple[type[FaceVerError], ...]
RULE, CONFLICT, THROTTLED = errors.RuleError, errors.ConflictError, errors.ThrottledError
NOT_REALIZED = errors.NotRealizedError
TOKEN: Errors = (
    errors.CredentialMissingError,
    errors.CredentialInvalidError,
    errors.CredentialExpiredError,
    errors.UserBlockedError,
)
CREATED = 201


class Description(NamedTuple):
    """contents: responses of success; a model stands for its JSON, with status 200 or `status`.

    accepts, query, errors: see `Endpoint`. is_own: whether it concerns the sender only, so that no role and no scope
    forbids it.
    """

    contents: Any = NO_CONTENT
    accepts: Any = None
    query: tuple[QueryParameter, ...] = ()
    errors: Errors = ()
    status: int = 200
    is_own: bool = False


Descriptions = Mapping[str, Mapping[str, Description]]
"""By path and method."""
