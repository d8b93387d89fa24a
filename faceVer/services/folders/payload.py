"""The wire model of the `payload` part of a folder request."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from faceVer.domain.analyses import AnalysisType
from faceVer.services.folders.validation import FieldError
from faceVer.services.folders.wire_types import Share, doc

MAX_ANALYSES = 16
"""Most analyses of one request; the response repeats the media for each analysis."""


class AnalysisName(str):
    """The type of an analysis in any letter case."""

    __slots__ = ()


class MediaName(str):
    """The name of a media item of the request."""

    __slots__ = ()


_AnalysisName = Annotated[
    AnalysisName, Meta(extra_json_schema={"enum": [*map(str.lower, AnalysisType), *AnalysisType]})
]
_MediaName = Annotated[
    MediaName, doc("Name of a media item in the request."), Meta(extra_json_schema={"type": "string"})
]
MetaData = dict[str, Any] | None
Tags = tuple[Annotated[str, doc("A tag.")], ...] | None

# The order of the fields is the order of the checks: of several errors the first is reported.


class AnalysisParams(Struct, frozen=True, kw_only=True):
    """Thresholds, and whether to return best shots. Types are not converted: `true` and `"0.5"` are not numbers."""

    extract_best_shot: Annotated[
        bool | None, doc("quality: whether to return the best frame of each video and archive. Default: false.")
    ] = None
    threshold_spoofing: Annotated[Share | None, doc("quality: highest PAD score that passes.")] = None
    check_gesture: Annotated[
        bool | None,
        doc(
            "quality: whether each video must show the gestures that its `video_selfie_...` tags name. Default: the "
            "server's `FACEVER_CHECK_GESTURE`."
        ),
    ] = None
    threshold_min: Annotated[
        Share | None, doc("biometry: score below which the result is DECLINED; not above `threshold_max`.")
    ] = None
    threshold_max: Annotated[Share | None, doc("biometry: score from which the result is SUCCESS.")] = None

    def __post_init__(self) -> None:
        low, high = self.threshold_min, self.threshold_max
        if low is not None and high is not None and low > high:
            raise FieldError("above threshold_max", "threshold_min")


class AnalysisRequest(Struct, frozen=True, kw_only=True):
    """An analysis to make."""

    source_media: Annotated[
        tuple[_MediaName, ...] | None, doc("The media to use, each counted once; none means all.")
    ] = None
    type: Annotated[
        _AnalysisName | None,
        doc("quality: liveness, and best shots. biometry: face matching. In any letter case; quality where absent."),
    ] = None
    meta_data: Annotated[MetaData, doc("Echoed as the analysis' `meta_data`.")] = None
    params: Annotated[
        AnalysisParams | None,
        doc("What decides the analysis; where absent the payload's `params`, then the server's thresholds."),
    ] = None


class Payload(Struct, frozen=True, kw_only=True):
    """The analyses of a folder request, and metadata.

    Every field may be absent or null, which means the same; unknown fields are ignored. Half a surrogate pair and
    numbers that are not finite are rejected.
    """

    media_meta_data: Annotated[
        dict[str, Annotated[MetaData, doc("Metadata of the media item.")]] | None,
        doc("Metadata by media name, echoed as `meta_data`. Names without a media item are ignored."),
    ] = msgspec.field(name="media:meta_data", default=None)
    media_tags: Annotated[
        dict[
            str,
            Annotated[
                Tags,
                doc(
                    "Tags of the media item. Quality excludes photos tagged `photo_id`, `photo_id_back` or "
                    "`photo_id_front`; biometry excludes photos tagged `photo_id_back`."
                ),
            ],
        ]
        | None,
        doc("Tags by media name. Names without a media item are ignored."),
    ] = msgspec.field(name="media:tags", default=None)
    resolution_endpoint: Annotated[str | None, doc("Address for the finished document.")] = None
    meta_data: Annotated[MetaData, doc("Echoed as the folder's `meta_data`.")] = msgspec.field(
        name="folder:meta_data", default=None
    )
    params: Annotated[AnalysisParams | None, doc("The defaults of each analysis' `params`.")] = None
    analyses: Annotated[
        Annotated[tuple[AnalysisRequest, ...], Meta(max_length=MAX_ANALYSES)] | None,
        doc("The analyses to make; none means one quality analysis."),
    ] = None
