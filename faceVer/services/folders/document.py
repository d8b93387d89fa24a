"""The wire model of the folder document: the answer of multipart detect and instant folders, and a webhook's body.

Every field of the Oz API's response example in its order. Where the example has null for an id that docs/contract.md
requires (`analysis_id`, `group_id`), the id stands.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from faceVer.domain.analyses import Resolution
from faceVer.domain.folders import FolderState
from faceVer.services.folders.analysis_document import BiometryAnalysis, QualityAnalysis
from faceVer.services.folders.media_document import Medium
from faceVer.services.folders.wire_types import MetaData, NoMetaData, NotUsed, Seconds, Uuid, doc


class FolderDocument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document of one request: its media, its analyses, and their common result."""

    company_id: NotUsed
    time_created: Annotated[Seconds, doc("When the request's media had arrived, in Unix seconds.")]
    folder_id: Annotated[Uuid, doc("Id of this document.")]
    user_id: NotUsed
    resolution_endpoint: Annotated[str | None, doc("The payload's, echoed; null where it has none.")]
    resolution_status: Annotated[FolderState, doc("FAILED where any analysis failed, else FINISHED.")]
    resolution_comment: Annotated[Literal["[]"], doc("Of the Oz API's stored folders; always `[]`.")]
    system_resolution: Annotated[
        Resolution, doc("The worst of the analyses' results: FAILED, DECLINED, OPERATOR_REQUIRED, SUCCESS.")
    ]
    resolution_time: NotUsed
    resolution_author_id: NotUsed
    resolution_state_hash: NotUsed
    operator_comment: NotUsed
    operator_status: NotUsed
    is_cleared: NotUsed
    meta_data: Annotated[MetaData, doc("The payload's `folder:meta_data`, echoed; {} where it has none.")]
    technical_meta_data: NoMetaData
    time_updated: Annotated[Seconds, doc("When the analyses had ended, in Unix seconds.")]
    media: Annotated[list[Medium], Meta(min_length=1, description="The request's media, in its order.")]
    analyses: Annotated[
        list[QualityAnalysis | BiometryAnalysis],
        Meta(min_length=1, description="The analyses, in the payload's order."),
    ]


def to_wire(document: FolderDocument) -> dict[str, Any]:
    """The document as dicts, lists, strings, numbers, booleans and None, its fields in the order of the example."""
    wire: dict[str, Any] = msgspec.to_builtins(document)
    wire["media"] = _with_tag_after(wire["media"], "media_type", "media_id")
    for analysis in wire["analyses"]:
        analysis["source_media"] = _with_tag_after(analysis["source_media"], "media_type", "media_id")
    wire["analyses"] = _with_tag_after(wire["analyses"], "type", "folder_time_created")
    return wire


def _with_tag_after(items: list[dict[str, Any]], tag: str, field: str) -> list[dict[str, Any]]:
    """Each item with its tag after a field: msgspec writes the tag of a Struct first."""
    moved = []
    for item in items:
        ordered: dict[str, Any] = {}
        for key, value in item.items():
            if key != tag:
                ordered[key] = value
            if key == field:
                ordered[tag] = item[tag]
        moved.append(ordered)
    return moved
