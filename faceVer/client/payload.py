"""What a folder request asks for: its analyses, and the payload part that carries them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NAME = "payload"
"""Name of the part; a media file cannot have it."""
_OMITTED: tuple[object, ...] = (None, {}, [])


@dataclass(frozen=True, slots=True)
class Quality:
    """Passive liveness, and the best shot.

    source_media: names of media files; empty = all. threshold_spoofing: 0..1, the highest PAD score that passes; None =
    the server's. extract_best_shot: of videos and archives.
    """

    source_media: Sequence[str] = ()
    threshold_spoofing: float | None = None
    extract_best_shot: bool = False
    meta_data: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def document(self) -> dict[str, Any]:
        shot = self.extract_best_shot or None
        params = {"threshold_spoofing": self.threshold_spoofing, "extract_best_shot": shot}
        return _analysis("quality", self.source_media, params, self.meta_data)


@dataclass(frozen=True, slots=True)
class Biometry:
    """Whether all media files show one person.

    source_media: names of media files; empty = all. threshold_min, threshold_max: 0..1, declined below, approved from;
    None = the server's.
    """

    source_media: Sequence[str] = ()
    threshold_min: float | None = None
    threshold_max: float | None = None
    meta_data: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def document(self) -> dict[str, Any]:
        params = {"threshold_min": self.threshold_min, "threshold_max": self.threshold_max}
        return _analysis("biometry", self.source_media, params, self.meta_data)


AnalysisRequest = Quality | Biometry | Mapping[str, Any]
"""An analysis, or its entry in the payload as it is: for analyses that other products offer."""


def payload(
    analyses: Sequence[AnalysisRequest] | None = None,
    tags: Mapping[str, Sequence[str]] | None = None,
    meta_data: Mapping[str, Any] | None = None,
    media_meta_data: Mapping[str, Mapping[str, Any]] | None = None,
    resolution_endpoint: str | None = None,
) -> bytes:
    """The payload part. Raises ValueError and TypeError for values that JSON cannot carry (NaN among others)."""
    wanted: Sequence[AnalysisRequest] = (Quality(),) if analyses is None else analyses
    document = _stated(
        {
            "folder:meta_data": dict(meta_data or {}),
            "resolution_endpoint": resolution_endpoint,
            "media:meta_data": {name: dict(data) for name, data in (media_meta_data or {}).items()},
            "media:tags": {name: _names(names, "the tags of a media item") for name, names in (tags or {}).items()},
        }
    )
    document["analyses"] = [one.document() if isinstance(one, (Quality, Biometry)) else dict(one) for one in wanted]
    # In ASCII, since JSON has no other form for a lone surrogate.
    return json.dumps(document, allow_nan=False).encode("ascii")


def _analysis(
    kind: str, source_media: Sequence[str], params: Mapping[str, Any], meta_data: Mapping[str, Any]
) -> dict[str, Any]:
    names = _names(source_media, "source_media")
    return _stated({"type": kind, "source_media": names, "params": _stated(params), "meta_data": dict(meta_data)})


def _names(names: Sequence[str], what: str) -> list[str]:
    if isinstance(names, str):  # a sequence, too: of letters
        raise TypeError(f"{what}: a sequence of names is expected, not one")
    return list(names)


def _stated(document: Mapping[str, Any]) -> dict[str, Any]:
    """Without the fields that have no value."""
    return {key: value for key, value in document.items() if value not in _OMITTED}
