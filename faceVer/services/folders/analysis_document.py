"""Wire models of analyses in the folder document, field by field as in the Oz API's response example."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from faceVer.domain.analyses import AnalysisState, Resolution
from faceVer.domain.gestures import GestureFault
from faceVer.services.folders.media_document import Medium, OutputImage
from faceVer.services.folders.wire_types import (
    CompanyId,
    FolderTime,
    MetaData,
    NoMetaData,
    OperatorResult,
    Seconds,
    Share,
    Uuid,
    doc,
)


class QualityConfs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What decided a quality analysis."""

    threshold_replay: Annotated[Share, doc("Of an older score; decides nothing.")]
    extract_best_shot: Annotated[bool, doc("Whether best shots were requested.")]
    threshold_liveness: Annotated[Share, doc("Of an older score; decides nothing.")]
    threshold_spoofing: Annotated[Share, doc("Highest PAD score that passes.")]
    check_gesture: Annotated[
        Literal[True] | UnsetType, doc("Present where the gestures that tags name are checked.")
    ] = UNSET


class BiometryConfs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What decided a biometry analysis."""

    threshold_min: Annotated[Share, doc("Score below which the result is DECLINED.")]
    threshold_max: Annotated[Share, doc("Score from which the result is SUCCESS.")]


class GestureCheck(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a gesture that a tag names was accepted."""

    tag: Annotated[str, doc("The tag.")]
    passed: Annotated[bool, doc("Whether the gesture was accepted; if not, the analysis is DECLINED.")]
    reason: Annotated[GestureFault | None, doc("Why it was not accepted (docs/liveness.md); null if it was.")]
    time: Annotated[
        Annotated[float, Meta(ge=0)] | None,
        doc("Seconds from the video's start to the gesture's peak; null if it was not found."),
    ]


class QualityScore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The PAD score of a media item."""

    confidence_spoofing: Annotated[Share, doc("PAD score of the media item: 0 = bona fide, 1 = presentation attack.")]
    gestures: Annotated[
        list[GestureCheck] | UnsetType,
        doc("Where gestures are checked: one entry per tag that names one, in their order."),
    ] = UNSET


class BiometryScores(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Comparison scores: in an analysis of all pairs of media, in a result of the pairs that include its media item."""

    max_confidence: Annotated[Share, doc("Highest comparison score of the pairs.")]
    min_confidence: Annotated[Share, doc("Lowest comparison score of the pairs.")]


class ResultBase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields of every result. The Oz API adds one of the last three, by the type of the media item."""

    company_id: CompanyId
    media_association_id: Annotated[Uuid, doc("The same as `source_media_id`.")]
    analysis_id: Annotated[Uuid, doc("Id of the analysis.")]
    results_data: QualityScore | BiometryScores
    source_media_id: Annotated[Uuid, doc("Id of the media item.")]
    output_images: list[OutputImage]
    collection_persons: Annotated[
        list[MetaData], Meta(max_length=0, description="Of the Oz API's collections; always empty.")
    ]
    folder_time_created: FolderTime
    source_video_id: Annotated[Uuid | UnsetType, doc("Oz API, of a video: the same as `source_media_id`.")] = UNSET
    source_shots_set_id: Annotated[Uuid | UnsetType, doc("Oz API, of an archive: the same as `source_media_id`.")] = (
        UNSET
    )
    source_image_id: Annotated[Uuid | UnsetType, doc("Oz API, of an image: the same as `source_media_id`.")] = UNSET


class QualityResult(ResultBase, frozen=True, kw_only=True):
    """The result of a quality analysis for one media item."""

    results_data: QualityScore
    output_images: Annotated[
        list[OutputImage],
        Meta(max_length=1, description="The best shot, if requested and the media item is a video or archive."),
    ]


class BiometryResult(ResultBase, frozen=True, kw_only=True):
    """The result of a biometry analysis for one media item: over the pairs that include it."""

    results_data: BiometryScores
    output_images: Annotated[
        list[OutputImage], Meta(max_length=0, description="Biometry makes no pictures; always empty.")
    ]


class AnalysisBase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields of every analysis."""

    analyse_id: Annotated[Uuid, doc("The same as `analysis_id`.")]
    analysis_id: Annotated[Uuid, doc("Id of the analysis.")]
    folder_id: Annotated[Uuid, doc("Id of the folder.")]
    folder_time_created: FolderTime
    state: Annotated[AnalysisState, doc("PROCESSING, then FINISHED, or FAILED with an error code.")]
    company_id: CompanyId
    group_id: Annotated[Uuid, doc("Id of the group that all analyses of a request form.")]
    results_data: BiometryScores | None
    confs: QualityConfs | BiometryConfs
    error_message: Annotated[
        str | None, doc("Why the analysis failed, null if it did not. Names a media item by its `media_id`.")
    ]
    error_code: int | None
    resolution_operator: OperatorResult
    technical_meta_data: NoMetaData
    time_created: Annotated[Seconds, doc("When the analysis began, in Unix seconds.")]
    time_updated: Annotated[Seconds, doc("When the analysis ended, in Unix seconds.")]
    meta_data: Annotated[MetaData, doc("The payload's `meta_data` of the analysis, echoed; {} where it has none.")]
    source_media: Annotated[list[Medium], doc("The media used, in the order requested.")]
    results_media: list[QualityResult] | list[BiometryResult]
    resolution_status: Annotated[Resolution, doc("SUCCESS, DECLINED, OPERATOR_REQUIRED; else as the state.")]
    resolution: Annotated[Resolution, doc("`resolution_operator`, else `resolution_status`.")]


class QualityAnalysis(AnalysisBase, frozen=True, kw_only=True, tag_field="type", tag="QUALITY"):
    """Liveness: DECLINED if the PAD score of a media item is above the threshold, else SUCCESS."""

    results_data: Annotated[None, doc("Always null: each media item has its own score, in `results_media`.")]
    confs: QualityConfs
    error_code: Annotated[
        Literal[5, 202] | None,
        doc(
            "null: the analysis did not fail; 202: a media item shows no face or several persons; 5: the tags exclude "
            "all media."
        ),
    ]
    results_media: Annotated[list[QualityResult], doc("One result per media item; empty if the analysis failed.")]


class BiometryAnalysis(AnalysisBase, frozen=True, kw_only=True, tag_field="type", tag="BIOMETRY"):
    """Face matching: every pair of media is compared, and the least similar pair decides."""

    results_data: Annotated[BiometryScores | None, doc("Of all pairs of media; null where the analysis failed.")]
    confs: BiometryConfs
    error_code: Annotated[
        Literal[202] | None,
        doc(
            "null: the analysis did not fail; 202: a media item shows no face or several persons, or there are too few "
            "media."
        ),
    ]
    results_media: Annotated[list[BiometryResult], doc("One result per media item; empty if the analysis failed.")]
