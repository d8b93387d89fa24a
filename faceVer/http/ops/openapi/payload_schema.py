"""The schema of the `payload` part of folder requests."""

from __future__ import annotations

from faceVer.domain.analyses import AnalysisType
from faceVer.http.ops.openapi.examples import PAYLOADS
from faceVer.http.ops.openapi.schema import Schema, ref
from faceVer.services.folders.payload import MAX_ANALYSES
from faceVer.services.folders.selection import ID_PHOTO_TAGS
from faceVer.services.folders.strict_json import MAX_BYTES, MAX_DEPTH
from faceVer.settings.model import Settings


def payload_schemas(settings: Settings) -> dict[str, Schema]:
    """By name."""
    payload = {**_payload(settings), "examples": list(PAYLOADS.values())}
    return {"Payload": payload, "AnalysisRequest": _analysis(), "AnalysisParams": _params(settings)}


def _payload(settings: Settings) -> Schema:
    sent = (
        "it is echoed only: no host is allowed (`FACEVER_WEBHOOK_HOSTS`)"
        if not settings.webhooks.webhook_hosts
        else "the finished document is POSTed there, if its host is allowed (`FACEVER_WEBHOOK_HOSTS`)"
    )
    return _open(
        "What is asked for. Every field may be absent or null, which means the same; unknown fields are ignored. JSON "
        f"of at most {MAX_BYTES} bytes and {MAX_DEPTH} levels. Half a surrogate pair and numbers that are not finite "
        "are refused.",
        {
            "folder:meta_data": _free("Echoed as the folder's `meta_data`."),
            "resolution_endpoint": {
                "type": ["string", "null"],
                "description": f"Address for the finished document; {sent}.",
            },
            "media:meta_data": {
                **_free("By the names of media: echoed as their `meta_data`. Names of no medium are ignored."),
                "additionalProperties": _free("The medium's."),
            },
            "media:tags": {
                **_free("By the names of media: their tags. Names of no medium are ignored."),
                "additionalProperties": {
                    "type": ["array", "null"],
                    "items": {"type": "string", "description": "A tag."},
                    "description": f"The medium's. Photos tagged {_listed(ID_PHOTO_TAGS)} are left out of quality, "
                    "those tagged `photo_id_back` out of biometry, too.",
                },
            },
            "analyses": {
                "type": ["array", "null"],
                "maxItems": MAX_ANALYSES,
                "items": ref("AnalysisRequest"),
                "description": "The analyses to make; none means one quality analysis.",
            },
        },
    )


def _analysis() -> Schema:
    return _open(
        "An analysis to make.",
        {
            "type": {
                "enum": [*(one.value.lower() for one in AnalysisType), *(one.value for one in AnalysisType), None],
                "description": "quality: liveness, and best shots. biometry: face matching. In any letter case; "
                "quality where absent.",
            },
            "meta_data": _free("Echoed as the analysis' `meta_data`."),
            "source_media": {
                "type": ["array", "null"],
                "items": {"type": "string", "description": "Name of a medium of this request."},
                "description": "The media to use, each counted once; none means all.",
            },
            "params": {
                "description": "What decides the analysis; the server's thresholds where absent.",
                "oneOf": [{"type": "null"}, ref("AnalysisParams")],
            },
        },
    )


def _params(settings: Settings) -> Schema:
    approve, operator = settings.comparison.approve_threshold, settings.comparison.operator_threshold
    return _open(
        'Thresholds, and whether best shots are wanted. Numbers are not converted: `true` and `"0.5"` are none.',
        {
            "threshold_spoofing": _threshold(
                "quality: highest chance of a presentation attack that passes", settings.liveness.spoofing_threshold
            ),
            "extract_best_shot": {
                "type": ["boolean", "null"],
                "description": "quality: whether the best frame of each video and archive is wanted. Default: false.",
            },
            "threshold_min": _threshold(
                "biometry: score below which the result is DECLINED; not above `threshold_max`",
                approve if operator is None else operator,
            ),
            "threshold_max": _threshold("biometry: score from which the result is SUCCESS", approve),
        },
    )


def _threshold(description: str, default: float) -> Schema:
    return {
        "type": ["number", "null"],
        "minimum": 0,
        "maximum": 1,
        "description": f"{description}. Default: {default:g}.",
    }


def _open(description: str, properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "description": description, "properties": properties, "additionalProperties": True}


def _free(description: str) -> Schema:
    return {"type": ["object", "null"], "description": description}


def _listed(tags: frozenset[str]) -> str:
    return ", ".join(f"`{tag}`" for tag in sorted(tags))
