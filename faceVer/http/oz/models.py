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
