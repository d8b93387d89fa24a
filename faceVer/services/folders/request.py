"""The analyses that a folder request contains, read from its payload.

Rules that the Oz API's pages leave open:

- Every field of the payload may be absent or null, which means the same. An analysis without a type is a quality
  analysis; an empty or absent `analyses` means one quality analysis; an empty `source_media` means all media.
- Unknown keys are ignored, and so are names in `media:tags` and `media:meta_data` without a media item in the request
  (the Oz API's own example names three media and sends one). A name in `source_media` without one is an error.
- `params` next to `analyses` are the defaults of each analysis, including the one that an absent `analyses` means.
- Types are not converted: true and "0.5" are not numbers, "false" and 1 are not booleans.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from faceVer.domain.analyses import AnalysisType, BiometryThresholds, QualityThresholds, Thresholds
from faceVer.services.folders.payload import AnalysisParams, AnalysisRequest
from faceVer.services.folders.payload_reading import read_payload

T = TypeVar("T")
_NO_PARAMS = AnalysisParams()


@dataclass(frozen=True, slots=True)
class RequestedAnalysis:
    """One analysis. source_media: names of media, each once; empty = all."""

    type: AnalysisType = AnalysisType.QUALITY
    meta_data: Mapping[str, Any] = field(default_factory=dict)
    source_media: tuple[str, ...] = ()
    params: AnalysisParams = _NO_PARAMS

    def thresholds(
        self, spoofing: float, approve: float, operator: float | None, *, check_gesture: bool = False
    ) -> Thresholds:
        """What decides this analysis; the server's thresholds, and whether it checks gestures, are the defaults."""
        if self.type is AnalysisType.QUALITY:
            return quality_thresholds(self.params, spoofing, check_gesture=check_gesture)
        return biometry_thresholds(self.params, approve, operator)


@dataclass(frozen=True, slots=True)
class FolderRequest:
    """The contents of a payload. media_meta_data, media_tags: by the names of media."""

    meta_data: Mapping[str, Any] = field(default_factory=dict)
    resolution_endpoint: str | None = None
    media_meta_data: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    media_tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    analyses: tuple[RequestedAnalysis, ...] = (RequestedAnalysis(),)


def parse_payload(data: bytes | None, media: Collection[str]) -> FolderRequest:
    """Parse the part (None = not sent). media: the names of the request's media parts. Raises PayloadError."""
    if data is None:
        return FolderRequest()
    payload = read_payload(data, media)
    meta_data, tags = payload.media_meta_data or {}, payload.media_tags or {}
    analyses = payload.analyses or (AnalysisRequest(),)
    return FolderRequest(
        meta_data=payload.meta_data or {},
        resolution_endpoint=payload.resolution_endpoint,
        media_meta_data={name: value or {} for name, value in meta_data.items() if name in media},
        media_tags={name: value or () for name, value in tags.items() if name in media},
        analyses=tuple(_requested(entry, payload.params or _NO_PARAMS) for entry in analyses),
    )


def _requested(entry: AnalysisRequest, defaults: AnalysisParams) -> RequestedAnalysis:
    return RequestedAnalysis(
        type=AnalysisType(entry.type.upper()) if entry.type else AnalysisType.QUALITY,
        meta_data=entry.meta_data or {},
        source_media=tuple(dict.fromkeys(entry.source_media or ())),
        params=with_defaults(entry.params or _NO_PARAMS, defaults),
    )


def with_defaults(params: AnalysisParams, defaults: AnalysisParams) -> AnalysisParams:
    """`params`, and of `defaults` what it lacks. A default that would invert the biometry band is moved to close it."""
    low = _first(params.threshold_min, defaults.threshold_min)
    high = _first(params.threshold_max, defaults.threshold_max)
    if low is not None and high is not None and low > high:
        low, high = (low, low) if params.threshold_max is None else (high, high)
    return AnalysisParams(
        extract_best_shot=_first(params.extract_best_shot, defaults.extract_best_shot),
        threshold_spoofing=_first(params.threshold_spoofing, defaults.threshold_spoofing),
        check_gesture=_first(params.check_gesture, defaults.check_gesture),
        threshold_min=low,
        threshold_max=high,
    )


def quality_thresholds(params: AnalysisParams, default: float, *, check_gesture: bool = False) -> QualityThresholds:
    """What decides a quality analysis. default: the server's PAD threshold, 0..1. check_gesture: the server's."""
    threshold = default if params.threshold_spoofing is None else params.threshold_spoofing
    checks = check_gesture if params.check_gesture is None else params.check_gesture
    return QualityThresholds(threshold + 0.0, bool(params.extract_best_shot), checks)  # -0.0 is echoed as 0.0


def biometry_thresholds(params: AnalysisParams, approve: float, operator: float | None) -> BiometryThresholds:
    """What decides a biometry analysis. approve, operator: the server's comparison thresholds.

    `threshold_max` stands for approve, `threshold_min` for operator (None = no operator band). One given alone
    moves the other only as far as the band would be inverted.
    """
    low, high = params.threshold_min, params.threshold_max
    if high is None:
        high = approve if low is None else max(approve, low)
    if low is None:
        low = high if operator is None else min(operator, high)
    return BiometryThresholds(low + 0.0, high + 0.0)


def _first(own: T | None, default: T | None) -> T | None:
    return default if own is None else own
