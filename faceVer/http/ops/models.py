"""The JSON of the health endpoints, the probes and /version."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from faceVer.http.pipeline.wire import WireModel

WORKS: Literal[0] = 0
INOPERATIVE: Literal[3] = 3


class Health(WireModel, frozen=True, kw_only=True):
    """Whether a processor works."""

    status: Annotated[
        Literal[0, 3], Meta(description="0: works, with HTTP status 200. 3: inoperative, with HTTP status 503.")
    ]
    message: Annotated[str, Meta(description="Why the processor is inoperative; empty if it works.")]


class Model(WireModel, frozen=True, kw_only=True):
    """A loaded model."""

    name: Annotated[str, Meta(description="Name of the model in the manifest.")]
    version: Annotated[
        str,
        Meta(
            pattern="^[^ ]+ [0-9a-f]{12}$",
            description="The manifest's version, and the first 12 hex digits of the file's SHA-256.",
        ),
    ]


class Version(WireModel, frozen=True, kw_only=True):
    """The running software."""

    core: Annotated[str, Meta(description="Version of the server.")]
    tfss: Annotated[str, Meta(pattern="^[^ ]+ [^ ]+", description="The inference runtime and its version.")]
    models: Annotated[list[Model], Meta(min_length=1, description="Every loaded model.")]
