"""Schemas of the folder document: what multipart detect and instant folders answer, and what a webhook is sent."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from faceVer.domain.analyses import AnalysisState, AnalysisType, Resolution
from faceVer.domain.folders import FolderState
from faceVer.http.ops.openapi.media_schemas import media_schemas
from faceVer.http.ops.openapi.schema import (
    Schema,
    anything,
    array,
    choice,
    closed,
    nothing,
    null,
    ref,
    seconds,
    share,
    text,
    uuid,
    variants,
)

PROCESSING_ERROR, TAGS_ERROR = 202, 5
_UNFINISHED = ("INITIAL", "PROCESSING")
_NO_OPERATOR = (Resolution.OPERATOR_REQUIRED,)
_FAILURES = {
    PROCESSING_ERROR: f"{PROCESSING_ERROR}: a medium shows no face, or several persons, or there are too few media",
    TAGS_ERROR: f"{TAGS_ERROR}: the tags leave no medium to analyse",
}


def folder_schemas() -> dict[str, Schema]:
    """By name."""
    return {
        "FolderDocument": _folder(),
        "Analysis": variants(
            "An analysis, by its type.",
            "type",
            {AnalysisType.QUALITY.value: "QualityAnalysis", AnalysisType.BIOMETRY.value: "BiometryAnalysis"},
        ),
        "QualityAnalysis": _quality(),
        "BiometryAnalysis": _biometry(),
        "QualityResult": _result(
            "What a quality analysis found in one medium.",
            _confidence(),
            array(ref("OutputImage"), "The best shot, where one was asked for and the medium has frames.", maxItems=1),
        ),
        "BiometryResult": _result(
            "What a biometry analysis found for one medium: over the pairs that it is part of.",
            _confidences("the pairs of this medium"),
            array({}, "Biometry makes no pictures; always empty.", maxItems=0),
        ),
        **media_schemas(),
    }


def _done(kind: Iterable[StrEnum], besides: tuple[str, ...] = ()) -> list[str]:
    """The values an answer can have: it is made when all analyses have ended."""
    return [one.value for one in kind if one.value not in (*_UNFINISHED, *besides)]


def _folder() -> Schema:
    return closed(
        "The document of one request: its media, its analyses, and their common result.",
        {
            "company_id": null("Of the full product"),
            "time_created": seconds("When the request's media had arrived"),
            "folder_id": uuid("Id of this document, fresh for every request."),
            "user_id": null("Of the full product"),
            "resolution_endpoint": {
                "type": ["string", "null"],
                "description": "The payload's, echoed; null where it has none.",
            },
            "resolution_status": choice(
                "State of the folder: FAILED where any analysis failed, else FINISHED.", _done(FolderState)
            ),
            "resolution_comment": text("Of the full product; always `[]`.", const="[]"),
            "system_resolution": choice(
                "The worst of the analyses' results: FAILED, DECLINED, OPERATOR_REQUIRED, SUCCESS.", _done(Resolution)
            ),
            "resolution_time": null("Of the full product"),
            "resolution_author_id": null("Of the full product"),
            "resolution_state_hash": null("Of the full product"),
            "operator_comment": null("Of the full product"),
            "operator_status": null("Of the full product"),
            "is_cleared": null("Of the full product"),
            "meta_data": anything("The payload's `folder:meta_data`, echoed; {} where it has none."),
            "technical_meta_data": nothing("Of the full product"),
            "time_updated": seconds("When the document was made"),
            "media": array(ref("Medium"), "The request's media, in its order.", minItems=1),
            "analyses": array(ref("Analysis"), "The payload's analyses, in its order.", minItems=1),
        },
    )


def _quality() -> Schema:
    confs = closed(
        "What the analysis was decided by.",
        {
            "threshold_replay": share("Of an older score; decides nothing."),
            "extract_best_shot": {"type": "boolean", "description": "Whether best shots were asked for."},
            "threshold_liveness": share("Of an older score; decides nothing."),
            "threshold_spoofing": share("Highest chance of a presentation attack that passes."),
        },
    )
    return _analysis(
        "Liveness: SUCCESS where no medium's chance of a presentation attack is above the threshold, else DECLINED.",
        AnalysisType.QUALITY,
        (PROCESSING_ERROR, TAGS_ERROR),
        _NO_OPERATOR,
        null("The numbers are each medium's own, in `results_media`"),
        confs,
        "QualityResult",
    )


def _biometry() -> Schema:
    confs = closed(
        "What the analysis was decided by.",
        {
            "threshold_min": share("Score below which the result is DECLINED."),
            "threshold_max": share("Score from which the result is SUCCESS."),
        },
    )
    data = {
        "description": "The scores of all pairs of media; null where the analysis failed.",
        "oneOf": [{"type": "null"}, _confidences("all pairs")],
    }
    return _analysis(
        "Face matching: every pair of media is compared, and the least similar pair decides.",
        AnalysisType.BIOMETRY,
        (PROCESSING_ERROR,),
        (),
        data,
        confs,
        "BiometryResult",
    )


def _analysis(
    description: str,
    kind: AnalysisType,
    failures: tuple[int, ...],
    besides: tuple[str, ...],
    data: Schema,
    confs: Schema,
    result: str,
) -> Schema:
    outcome = "Result: SUCCESS, DECLINED, or FAILED where the analysis could not be made."
    return closed(
        description,
        {
            "analyse_id": uuid("The same as `analysis_id`."),
            "analysis_id": uuid("Id of the analysis."),
            "folder_id": uuid("Id of the folder."),
            "folder_time_created": null("Of the full product"),
            "type": choice("Type of the analysis.", [kind.value]),
            "state": choice("FINISHED, or FAILED with an error code.", _done(AnalysisState)),
            "company_id": null("Of the full product"),
            "group_id": uuid("Id of the group that all analyses of a request form."),
            "results_data": data,
            "confs": confs,
            "error_message": {
                "type": ["string", "null"],
                "description": "Why the analysis failed; null where it did not. A medium is named by its `media_id`.",
            },
            "error_code": {
                "enum": [None, *failures],
                "description": "; ".join(["null: the analysis did not fail", *(_FAILURES[one] for one in failures)])
                + ".",
            },
            "resolution_operator": null("Of the full product"),
            "technical_meta_data": nothing("Of the full product"),
            "time_created": seconds("When the analysis began"),
            "time_updated": seconds("When the analysis ended"),
            "meta_data": anything("The payload's `meta_data` of the analysis, echoed; {} where it has none."),
            "source_media": array(ref("Medium"), "The media the analysis used, in the order asked for.", minItems=1),
            "results_media": array(ref(result), "What was found, medium by medium; empty where the analysis failed."),
            "resolution_status": choice(outcome, _done(Resolution, besides)),
            "resolution": choice("The same as `resolution_status`.", _done(Resolution, besides)),
        },
    )


def _result(description: str, data: Schema, images: Schema) -> Schema:
    result = closed(
        description,
        {
            "company_id": null("Of the full product"),
            "media_association_id": uuid("The same as `source_media_id`."),
            "analysis_id": uuid("Id of the analysis."),
            "results_data": data,
            "source_media_id": uuid("Id of the medium."),
            "output_images": images,
            "collection_persons": array({}, "Of the full product's collections; always empty.", maxItems=0),
            "folder_time_created": null("Of the full product"),
        },
    )
    for kind in ("video", "shots_set", "image"):
        result["properties"][f"source_{kind}_id"] = uuid("Instant folders only: the same as `source_media_id`.")
    return result


def _confidence() -> Schema:
    return closed(
        "The medium's score.",
        {"confidence_spoofing": share("The chance that the medium shows a presentation attack.")},
    )


def _confidences(over: str) -> Schema:
    return closed(
        f"The scores of {over}.",
        {
            "max_confidence": share(f"Highest comparison score of {over}."),
            "min_confidence": share(f"Lowest comparison score of {over}."),
        },
    )
