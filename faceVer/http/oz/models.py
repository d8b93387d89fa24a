"""The JSON of the Oz API's errors."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from faceVer.http.pipeline.wire import WireModel


class OzErrorDetails(WireModel, frozen=True, kw_only=True):
    """Where the error is."""

    field: Annotated[str, Meta(description="Path of the payload's field, or name of the part.")]


class OzError(WireModel, frozen=True, kw_only=True):
    """An error in the Oz API's format."""

    error_code: Annotated[
        int,
        Meta(
            description="0 unknown, 1 method not allowed, 3 invalid structure, 4 invalid value, 5 invalid type, 6 not "
            "authenticated, 7 credential invalid, 10 not found."
        ),
    ]
    error_message: Annotated[str, Meta(description="What is wrong.")]
    details: Annotated[OzErrorDetails | None, Meta(description="The wrong field or part; null if there is none.")]


class OzErrorKeyPath(WireModel, frozen=True, kw_only=True):
    """Where the error is, of endpoints that store."""

    key_path: Annotated[str, Meta(description="Path of the field, or name of the query parameter or the part.")]


class OzStoredError(WireModel, frozen=True, kw_only=True):
    """An error of endpoints that store, in the Oz API's format."""

    error_code: Annotated[
        int,
        Meta(
            description="0 unknown, 1 method not allowed, 2 not realized, 3 invalid structure, 4 invalid value, 5 "
            "invalid type, 6 not authenticated, 7 credential invalid, 8 session expired, 9 forbidden, 10 not found, 11 "
            "files or 12 database unavailable, 13 exists, 101 throttled, 202 against a rule, 1401 user blocked."
        ),
    ]
    error_message: Annotated[str, Meta(description="What is wrong.")]
    details: Annotated[OzErrorKeyPath | None, Meta(description="The wrong field or part; null if there is none.")]
