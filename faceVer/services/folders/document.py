"""The wire model of the folder document: the answer of multipart detect and instant folders, and a webhook's body.

Every field of the Oz API's response example in its order. Where the example has null for an id that docs/contract.md
requires (`analysis_id`, `group_id`), the id stands.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from faceVer.domain.analyses import Resolution
from faceVer.domain.folders import FolderState
from faceVer.services.folders.analysis_document import BiometryAnalysis, QualityAnalysis
from faceVer.services.folders.media_document import Medium
from faceVer.services.folders.wire_types import (
    CompanyId,
    MetaData,
    NoMetaData,
    NotUsed,
    OperatorResult,
    Seconds,
    Uuid,
    doc,
)


class FolderDocument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document of one request: its media, its analyses, and their common result."""

    company_id: CompanyId
    time_created: Annotated[Seconds, doc("When the request's media had arrived, in Unix seconds.")]
    folder_id: Annotated[Uuid, doc("Id of the folder.")]
    user_id: Annotated[Uuid | None, doc("Id of the folder's owner; null where the folder is not stored.")]
    resolution_endpoint: Annotated[str | None, doc("The payload's, echoed; null where it has none.")]
    resolution_status: Annotated[
        FolderState, doc("INITIAL without analyses; PROCESSING; FAILED if one failed; else FINISHED.")
    ]
    resolution_comment: Annotated[Literal["[]"], doc("Of the Oz API's stored folders; always `[]`.")]
    system_resolution: Annotated[
        Resolution,
        doc("The worst result of the group that finished last; PROCESSING while one runs; INITIAL without one."),
    ]
    resolution_time: Annotated[Seconds | None, doc("When an operator decided the folder, in Unix seconds.")]
    resolution_author_id: Annotated[Uuid | None, doc("Id of the operator who decided the folder.")]
    resolution_state_hash: NotUsed
    operator_comment: Annotated[str | None, doc("The operator's comment.")]
    operator_status: OperatorResult
    is_cleared: Annotated[
        bool | None, doc("Whether the personal data was erased; null where the folder is not stored.")
    ]
    meta_data: Annotated[MetaData, doc("The payload's `folder:meta_data`, echoed; {} where it has none.")]
    technical_meta_data: NoMetaData
    time_updated: Annotated[Seconds, doc("When the analyses had ended, in Unix seconds.")]
    media: Annotated[list[Medium], doc("The folder's media, in the order they arrived.")]
    analyses: Annotated[
        list[QualityAnalysis | BiometryAnalysis] | UnsetType,
        doc("The analyses, in the order requested; absent from a list without `with_analyses`."),
    ] = UNSET
    user: Annotated[MetaData | UnsetType | None, doc("The owner, if `with_user`; null if deleted.")] = UNSET
    company: Annotated[MetaData | UnsetType | None, doc("The company, if `with_company`; null if deleted.")] = UNSET


def to_wire(document: FolderDocument) -> dict[str, Any]:
    """The document as dicts, lists, strings, numbers, booleans and None, its fields in the order of the example."""
    wire: dict[str, Any] = msgspec.to_builtins(document)
    wire["media"] = media_in_order(wire["media"])
    if "analyses" in wire:
        wire["analyses"] = analyses_in_order(wire["analyses"])
    return wire


def media_in_order(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Media items with their fields in the order of the example."""
    return _with_tag_after(items, "media_type", "media_id")


def analyses_in_order(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Analyses with their fields in the order of the example."""
    for analysis in items:
        analysis["source_media"] = media_in_order(analysis["source_media"])
    return _with_tag_after(items, "type", "folder_time_created")


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
