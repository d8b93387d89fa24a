"""Types of the fields of wire models. Their descriptions and constraints are also those of the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta


def doc(description: str) -> Meta:
    """What a field means, for the OpenAPI document."""
    return Meta(description=description)


Share = Annotated[float, Meta(ge=0, le=1)]
"""A number in 0..1."""

Seconds = Annotated[float, Meta(ge=0)]
"""Unix seconds with their fraction."""

Uuid = Annotated[
    str,
    Meta(
        pattern="^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        extra_json_schema={"format": "uuid"},
    ),
]

Width = Annotated[int, Meta(ge=1, description="Width of the upright picture, in pixels.")]
Height = Annotated[int, Meta(ge=1, description="Height of the upright picture, in pixels.")]
FileSize = Annotated[int, Meta(ge=1, description="Size of the file, in bytes.")]
FileMd5 = Annotated[str, Meta(pattern="^[0-9a-f]{32}$", description="MD5 of the file, in hex.")]

MetaData = dict[str, Any]
"""A client's own object, echoed."""

FileUrl = Annotated[str | None, doc("Address of the file; null where it is not stored, or was deleted.")]
CompanyId = Annotated[Uuid | None, doc("Id of the folder's company; null where the folder is not stored.")]
FolderTime = Annotated[Seconds | None, doc("The folder's `time_created`; null where the folder is not stored.")]
NotUsed = Annotated[None, doc("Of the Oz API; always null.")]
NoMetaData = Annotated[dict[str, Any], Meta(max_length=0, description="Of the Oz API; always empty.")]

OperatorResult = Annotated[
    Literal["SUCCESS", "DECLINED"] | None, doc("As an operator decided; null where nobody has, or nothing is stored.")
]
