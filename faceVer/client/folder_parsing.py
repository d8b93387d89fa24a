"""The parser of folder documents: unknown fields are in `Folder.raw` only, missing fields are empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from faceVer.client.errors import AnalysisFailed
from faceVer.client.parsing import decode_base64
from faceVer.client.response import Response, objects, optional, required
from faceVer.client.results import Analysis, BestShot, Folder, Medium, MediumResult

Sent = Sequence[tuple[str, str]]
"""(name, file name) of each media file of the request, in order."""


def folder(response: Response, sent: Sent) -> Folder:
    """Raises UnreadableError."""
    return parse_folder(response.document(), sent)


def parse_folder(document: Mapping[str, Any], sent: Sent = ()) -> Folder:
    """Raises UnreadableError."""
    media = objects(document, "media")
    # A document that keeps the order of the request names the media by it.
    ordered = [one.get("original_name") for one in media] == [filename for _, filename in sent]
    names = [name for name, _ in sent] if ordered else [""] * len(media)
    return Folder(
        required(document, "folder_id", str),
        required(document, "resolution_status", str),
        required(document, "system_resolution", str),
        tuple(parse_medium(one, name) for one, name in zip(media, names, strict=True)),
        tuple(parse_analysis(one) for one in objects(document, "analyses")),
        optional(document, "time_created", float),
        optional(document, "time_updated", float),
        _object(document, "meta_data"),
        document,
    )


def best_shot(response: Response, sent: Sent) -> bytes:
    """The JPEG of the first best shot. Raises AnalysisFailed with the document's message, and UnreadableError."""
    found = folder(response, sent)
    if found.best_shots:
        return found.best_shots[0].image
    failed = next((one for one in found.analyses if one.error_message), None)
    message = (failed and failed.error_message) or "the document has no best shot; videos and archives have one"
    raise AnalysisFailed(message, failed.error_code if failed else None, response.request_id)


def parse_medium(document: Mapping[str, Any], name: str = "") -> Medium:
    info = _object(document, "info")
    return Medium(
        required(document, "media_id", str),
        name,
        _text(document, "media_type"),
        _text(document, "original_name"),
        tuple(str(tag) for tag in optional(document, "tags", list) or ()),
        # Other entries are "thumb" and the sizes that other products make.
        next((_object(info, key) for key in ("original", "video", "shots_set") if info.get(key) is not None), {}),
        _object(document, "meta_data"),
        _text(document, "original_url", "video_url", "image_url"),
        _text(document, "thumb_url"),
    )


def parse_analysis(document: Mapping[str, Any]) -> Analysis:
    confidences = _object(document, "results_data")
    return Analysis(
        _text(document, "analysis_id", "analyse_id"),
        required(document, "type", str),
        _text(document, "state"),
        _text(document, "resolution_status", "resolution"),
        optional(document, "error_code", int),
        _text(document, "error_message") or None,
        optional(confidences, "min_confidence", float),
        optional(confidences, "max_confidence", float),
        tuple(_text(one, "media_id") for one in objects(document, "source_media")),
        tuple(_result(one) for one in objects(document, "results_media")),
        _object(document, "meta_data"),
        _text(document, "group_id"),
        optional(document, "resolution_operator", str),
    )


def _result(document: Mapping[str, Any]) -> MediumResult:
    numbers = _object(document, "results_data")
    media_id = _text(document, "source_media_id", "media_association_id")
    return MediumResult(
        media_id,
        optional(numbers, "confidence_spoofing", float),
        optional(numbers, "min_confidence", float),
        optional(numbers, "max_confidence", float),
        tuple(
            _best_shot(one, media_id)
            for one in objects(document, "output_images")
            if one.get("image_b64") is not None or one.get("original_url") is not None
        ),
    )


def _best_shot(document: Mapping[str, Any], media_id: str) -> BestShot:
    original = _object(_object(document, "info"), "original")
    encoded = optional(document, "image_b64", str)
    image = b"" if encoded is None else decode_base64(encoded, "image_b64")
    width, height = optional(original, "width", int), optional(original, "height", int)
    measures = _object(_object(document, "technical_meta_data"), "measures")
    numbers = {name: float(value) for name, value in measures.items() if isinstance(value, int | float)}
    return BestShot(media_id, image, width, height, _text(document, "original_url"), numbers)


def _text(document: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that is not empty; "" where there is none. Raises UnreadableError."""
    return next(filter(None, (optional(document, name, str) for name in names)), "")


def _object(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object; missing or null, an empty one. Raises UnreadableError."""
    return optional(document, name, dict) or {}
