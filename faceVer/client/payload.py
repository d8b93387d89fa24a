"""What a folder request asks for: analyses, and the payload part they go into."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NAME = "payload"
"""The part of the form, so that no medium can have this name."""
_DROPPED: tuple[object, ...] = (None, {})


@dataclass(frozen=True, slots=True)
class Quality:
    """Passive liveness, and the best shot.

    source_media: names of media; none means all. threshold_spoofing: 0..1, the highest chance of an attack that passes;
    None leaves it to the server. extract_best_shot: of videos and archives.
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
    """Whether all media show one person.

    source_media: names of media; none means all. threshold_min, threshold_max: 0..1, declined below, approved from;
    None leaves them to the server.
    """

    source_media: Sequence[str] = ()
    threshold_min: float | None = None
    threshold_max: float | None = None
    meta_data: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def document(self) -> dict[str, Any]:
        params = {"threshold_min": self.threshold_min, "threshold_max": self.threshold_max}
        return _analysis("biometry", self.source_media, params, self.meta_data)


AnalysisRequest = Quality | Biometry | Mapping[str, Any]
"""An analysis, or what the payload is to have in its place: for what another product offers."""


def payload(
    analyses: Sequence[AnalysisRequest] | None,
    tags: Mapping[str, Sequence[str]] | None,
    meta_data: Mapping[str, Any] | None,
    media_meta_data: Mapping[str, Mapping[str, Any]] | None,
    resolution_endpoint: str | None,
) -> bytes:
    """The payload part. Raises ValueError, TypeError for what is not JSON (NaN among others)."""
    wanted: Sequence[AnalysisRequest] = (Quality(),) if analyses is None else analyses
    document = {
        "folder:meta_data": dict(meta_data or {}),
        "resolution_endpoint": resolution_endpoint,
        "media:meta_data": {name: dict(data) for name, data in (media_meta_data or {}).items()},
        "media:tags": {name: _names(names, "the tags of a medium") for name, names in (tags or {}).items()},
        "analyses": [one.document() if isinstance(one, (Quality, Biometry)) else dict(one) for one in wanted],
    }
    # ASCII: a lone surrogate has no other form in JSON.
    return json.dumps(_told(document), allow_nan=False).encode("ascii")


def _analysis(
    kind: str, source_media: Sequence[str], params: Mapping[str, Any], meta_data: Mapping[str, Any]
) -> dict[str, Any]:
    rest = {"source_media": _names(source_media, "source_media"), "params": _told(params), "meta_data": dict(meta_data)}
    return {"type": kind, **{key: value for key, value in rest.items() if value}}


def _names(names: Sequence[str], what: str) -> list[str]:
    if isinstance(names, str):  # a sequence, too: of letters
        raise TypeError(f"{what}: a sequence of names is expected, not one")
    return list(names)


def _told(document: Mapping[str, Any]) -> dict[str, Any]:
    """Without what says nothing."""
    return {key: value for key, value in document.items() if value not in _DROPPED}
