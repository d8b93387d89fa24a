"""The JSON of requests about stored folders, read into what is to be done.

It differs from the payload of stateless requests: no analysis is made unless it is requested, an analysis names its
type, best shots are taken unless they are declined, and `source_media` may be ids. Unknown keys are ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from faceVer.domain.analyses import AnalysisType
from faceVer.domain.errors import FieldMissingError, NotRealizedError, PayloadValueError
from faceVer.services.folders.payload import MAX_ANALYSES, AnalysisName, AnalysisParams, MediaName, MetaData, Tags
from faceVer.services.folders.payload_reading import read_model
from faceVer.services.folders.request import RequestedAnalysis, with_defaults
from faceVer.services.folders.wire_types import doc

NOT_REALIZED = ("COLLECTION", "DOCUMENTS")
"""Types that the Oz API has and this server does not run."""
_KEPT_DEFAULTS = AnalysisParams(extract_best_shot=True)
"""A stored folder's quality analysis takes best shots unless the client declines them."""


_Media = Annotated[
    tuple[Annotated[MediaName, Meta(extra_json_schema={"type": "string"})], ...] | None,
    doc("The media to use, by their ids or, in the request that brings them, their names; none means all."),
]
_Name = Annotated[AnalysisName, Meta(extra_json_schema={"enum": [*map(str.lower, AnalysisType), *AnalysisType]})]
_Type = Annotated[_Name | None, doc("quality: liveness, and best shots. biometry: face matching. In any letter case.")]
_Endpoint = Annotated[str | None, doc("Address for finished documents.")]
_Defaults = Annotated[AnalysisParams | None, doc("The defaults of each analysis' `params`.")]
_Echoed = Annotated[MetaData, doc("Kept, and shown as the object's `meta_data`.")]


class KeptParams(AnalysisParams, frozen=True, kw_only=True):
    """Thresholds of an analysis. source_media: where some SDKs write it, instead of beside the params."""

    source_media: _Media = None


class KeptAnalysis(Struct, frozen=True, kw_only=True):
    """An analysis to make."""

    source_media: _Media = None
    type: _Type = None
    meta_data: _Echoed = None
    params: Annotated[KeptParams | None, doc("What decides the analysis.")] = None


class AnalysesPayload(Struct, frozen=True, kw_only=True):
    """Analyses to make of the media of a folder."""

    resolution_endpoint: _Endpoint = None
    params: _Defaults = None
    analyses: Annotated[
        Annotated[tuple[KeptAnalysis, ...], Meta(max_length=MAX_ANALYSES)] | None, doc("The analyses to make.")
    ] = None


class MediaPayload(Struct, frozen=True, kw_only=True):
    """What is said of the media of a form, by the names of its parts."""

    media_meta_data: Annotated[dict[str, MetaData] | None, doc("Metadata by part name.")] = msgspec.field(
        name="media:meta_data", default=None
    )
    media_tags: Annotated[dict[str, Tags] | None, doc("Tags by part name.")] = msgspec.field(
        name="media:tags", default=None
    )


class FolderPayload(MediaPayload, frozen=True, kw_only=True):
    """A folder to create, and analyses to make of its media."""

    resolution_endpoint: _Endpoint = None
    params: _Defaults = None
    analyses: Annotated[
        Annotated[tuple[KeptAnalysis, ...], Meta(max_length=MAX_ANALYSES)] | None, doc("The analyses to make.")
    ] = None
    meta_data: _Echoed = msgspec.field(name="folder:meta_data", default=None)
    plain_meta_data: Annotated[MetaData, doc("The same, where `folder:meta_data` is absent.")] = msgspec.field(
        name="meta_data", default=None
    )


_NESTED: Mapping[str, type[Struct]] = {"analyses": KeptAnalysis, "params": KeptParams}


@dataclass(frozen=True, slots=True)
class AnalysesRequest:
    """Analyses to make. Their `source_media` are as the client wrote them: names or ids."""

    analyses: tuple[RequestedAnalysis, ...] = ()
    resolution_endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class MediaRequest:
    """tags, meta_data: by the names of the form's parts."""

    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    meta_data: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FolderCreation:
    """A folder to create."""

    media: MediaRequest = MediaRequest()
    meta_data: Mapping[str, Any] = field(default_factory=dict)
    analyses: AnalysesRequest = AnalysesRequest()


def parse_creation(root: dict[str, Any], names: Collection[str]) -> FolderCreation:
    """names: of the form's media parts. Raises PayloadError, NotRealizedError."""
    payload = read_model(root, FolderPayload, _NESTED, _check(names.__contains__))
    return FolderCreation(
        media=_media(payload, names),
        meta_data=payload.meta_data or payload.plain_meta_data or {},
        analyses=_analyses(payload),
    )


def parse_media(root: dict[str, Any], names: Collection[str]) -> MediaRequest:
    """names: of the form's media parts. Raises PayloadError."""
    return _media(read_model(root, MediaPayload, _NESTED, _check(names.__contains__)), names)


def parse_analyses(root: dict[str, Any], is_media: Callable[[str], bool]) -> AnalysesRequest:
    """is_media: whether a text is the id of one of the folder's media. Raises PayloadError, NotRealizedError."""
    payload = read_model(root, AnalysesPayload, _NESTED, _check(is_media))
    if payload.analyses is None:
        raise FieldMissingError("no analyses", exposed="analyses")
    if not payload.analyses:
        raise PayloadValueError("an empty list of analyses", exposed="analyses")
    return _analyses(payload)


def _analyses(payload: AnalysesPayload | FolderPayload) -> AnalysesRequest:
    defaults = with_defaults(payload.params or _KEPT_DEFAULTS, _KEPT_DEFAULTS)
    return AnalysesRequest(
        tuple(_requested(entry, number, defaults) for number, entry in enumerate(payload.analyses or ())),
        payload.resolution_endpoint or None,
    )


def _requested(entry: KeptAnalysis, number: int, defaults: AnalysisParams) -> RequestedAnalysis:
    if entry.type is None:
        raise FieldMissingError("an analysis without a type", exposed=f"analyses[{number}].type")
    params = entry.params or KeptParams()
    return RequestedAnalysis(
        type=AnalysisType(entry.type.upper()),
        meta_data=entry.meta_data or {},
        source_media=tuple(dict.fromkeys(entry.source_media or params.source_media or ())),
        params=with_defaults(params, defaults),
    )


def _media(payload: MediaPayload, names: Collection[str]) -> MediaRequest:
    tags, meta_data = payload.media_tags or {}, payload.media_meta_data or {}
    return MediaRequest(
        tags={name: value or () for name, value in tags.items() if name in names},
        meta_data={name: value or {} for name, value in meta_data.items() if name in names},
    )


def _check(is_media: Callable[[str], bool]) -> Callable[[type[str], str], None]:
    def check(kind: type[str], value: str) -> None:
        if kind is MediaName and not is_media(value):
            raise ValueError("no such media item")
        if kind is AnalysisName:
            if value.upper() in NOT_REALIZED:
                raise NotRealizedError(f"analyses of type {value.upper()}")
            if value.upper() not in AnalysisType.__members__:
                raise ValueError("no such analysis")

    return check
