"""The folder document, parsed: what is not known is left in `Folder.raw`, what is missing is empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from faceVer.client.answer import Answer, list_of, object_of, optional_number, text_of, whole_of
from faceVer.client.errors import AnalysisFailed
from faceVer.client.parsing import unbase64
from faceVer.client.results import Analysis, BestShot, Folder, Medium, MediumResult

Sent = Sequence[tuple[str, str]]
"""(name, file name) of each medium that was sent, in order."""


def folder(answer: Answer, sent: Sent) -> Folder:
    """Raises UnreadableError."""
    document = answer.document()
    media = [object_of(one, "a medium") for one in list_of(document, "media")]
    return Folder(
        text_of(document, "folder_id"),
        text_of(document, "resolution_status"),
        text_of(document, "system_resolution"),
        tuple(_medium(one, name) for one, name in zip(media, _names(media, sent), strict=True)),
        tuple(_analysis(object_of(one, "an analysis")) for one in list_of(document, "analyses")),
        optional_number(document, "time_created"),
        optional_number(document, "time_updated"),
        _table(document, "meta_data"),
        document,
    )


def best_shot(answer: Answer, sent: Sent) -> bytes:
    """The JPEG of the first best shot. Raises AnalysisFailed, in the document's words, and UnreadableError."""
    found = folder(answer, sent)
    if found.best_shots:
        return found.best_shots[0].image
    failed = next((one for one in found.analyses if one.error_message), None)
    message = (failed and failed.error_message) or "the document has no best shot; videos and archives have one"
    raise AnalysisFailed(message, failed.error_code if failed else None, answer.request_id)


def _names(media: Sequence[Mapping[str, Any]], sent: Sent) -> list[str]:
    """What each medium was sent as, where the document plainly keeps the order; else "" for all."""
    told = [one.get("original_name") for one in media]
    if told == [filename for _, filename in sent]:
        return [name for name, _ in sent]
    return [""] * len(media)


def _medium(document: Mapping[str, Any], name: str) -> Medium:
    info = _table(document, "info")
    return Medium(
        text_of(document, "media_id"),
        name,
        text_of(document, "media_type", ""),
        text_of(document, "original_name", ""),
        tuple(str(tag) for tag in list_of(document, "tags")),
        # Beside its own entry there is "thumb", and whatever sizes another product makes of it.
        next((_table(info, key) for key in ("original", "video", "shots_set") if info.get(key) is not None), {}),
        _table(document, "meta_data"),
    )


def _analysis(document: Mapping[str, Any]) -> Analysis:
    confidences = _table(document, "results_data")
    source = [object_of(one, "a source medium") for one in list_of(document, "source_media")]
    return Analysis(
        text_of(document, "analysis_id", "") or text_of(document, "analyse_id", ""),
        text_of(document, "type"),
        text_of(document, "state", ""),
        text_of(document, "resolution_status", "") or text_of(document, "resolution", ""),
        whole_of(document, "error_code"),
        text_of(document, "error_message", "") or None,
        optional_number(confidences, "min_confidence"),
        optional_number(confidences, "max_confidence"),
        tuple(text_of(one, "media_id", "") for one in source),
        tuple(_result(object_of(one, "a result")) for one in list_of(document, "results_media")),
        _table(document, "meta_data"),
    )


def _result(document: Mapping[str, Any]) -> MediumResult:
    numbers = _table(document, "results_data")
    media_id = text_of(document, "source_media_id", "") or text_of(document, "media_association_id", "")
    images = [object_of(one, "an output image") for one in list_of(document, "output_images")]
    return MediumResult(
        media_id,
        optional_number(numbers, "confidence_spoofing"),
        optional_number(numbers, "min_confidence"),
        optional_number(numbers, "max_confidence"),
        tuple(_best_shot(one, media_id) for one in images if one.get("image_b64") is not None),
    )


def _best_shot(document: Mapping[str, Any], media_id: str) -> BestShot:
    original = _table(_table(document, "info"), "original")
    image = unbase64(text_of(document, "image_b64"), "image_b64")
    return BestShot(media_id, image, whole_of(original, "width"), whole_of(original, "height"))


def _table(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    """An object; missing or null it is empty. Raises UnreadableError."""
    value = document.get(key)
    return {} if value is None else object_of(value, key)
