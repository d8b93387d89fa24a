"""The `payload` part of a folder request: JSON bytes to frozen objects, or PayloadError naming the field.

Where the reference is silent:

- Every field may be absent or null, which means the same. An analysis without a type is a quality analysis; an empty
  `analyses` is none, which means one quality analysis; an empty `source_media` means all media.
- Unknown keys are ignored, and so are `media:tags` and `media:meta_data` of names that are no media of the request
  (the reference's own example names three media whatever is sent); `unused` lists the first of those, for the log.
  `source_media` is a reference, not a label: a name in it that is no medium is an error.
- Types are not converted: true is no number, "0.5" is no number, "false" is no boolean, 1 is no boolean.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from faceVer.domain.errors import PayloadError, PayloadTypeError, PayloadValueError
from faceVer.domain.folders import AnalysisType, BiometryConfs, Confs, QualityConfs
from faceVer.services.folders.strict_json import check_values, load_object, name_of

MAX_UNUSED = 10
MAX_ANALYSES = 16
"""Most analyses of one request; each repeats its media in the answer."""

_FIELDS = frozenset({"folder:meta_data", "resolution_endpoint", "media:meta_data", "media:tags", "analyses"})


@dataclass(frozen=True, slots=True)
class Params:
    """`params` of an analysis, as sent; None = absent. Numbers are 0..1."""

    threshold_spoofing: float | None = None
    extract_best_shot: bool = False
    threshold_min: float | None = None
    threshold_max: float | None = None

    def quality(self, spoofing: float) -> QualityConfs:
        """What decides a quality analysis. spoofing: the server's threshold."""
        threshold = spoofing if self.threshold_spoofing is None else self.threshold_spoofing
        return QualityConfs(threshold, self.extract_best_shot)

    def biometry(self, approve: float, operator: float | None) -> BiometryConfs:
        """What decides a biometry analysis. approve, operator: the server's comparison thresholds.

        `threshold_max` stands for approve, `threshold_min` for operator (None = no operator band). One given alone
        moves the other only as far as the band would turn inside out.
        """
        low, high = self.threshold_min, self.threshold_max
        if high is None:
            high = approve if low is None else max(approve, low)
        if low is None:
            low = high if operator is None else min(operator, high)
        return BiometryConfs(low, high)


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    """One analysis asked for. source_media: names of media, each once; empty = all."""

    type: AnalysisType = AnalysisType.QUALITY
    meta_data: Mapping[str, Any] = field(default_factory=dict)
    source_media: tuple[str, ...] = ()
    params: Params = field(default_factory=Params)

    def confs(self, spoofing: float, approve: float, operator: float | None) -> Confs:
        """What decides this analysis, the server's thresholds being the defaults."""
        if self.type is AnalysisType.QUALITY:
            return self.params.quality(spoofing)
        return self.params.biometry(approve, operator)


@dataclass(frozen=True, slots=True)
class Payload:
    """What a folder request asks for. media_meta_data, media_tags: by the names of media."""

    meta_data: Mapping[str, Any] = field(default_factory=dict)
    resolution_endpoint: str | None = None
    media_meta_data: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    media_tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    analyses: tuple[AnalysisRequest, ...] = (AnalysisRequest(),)
    unused: tuple[str, ...] = ()
    """Names under media:meta_data and media:tags that are no media: at most MAX_UNUSED, each fit for a log line."""


def parse_payload(data: bytes | None, media: Collection[str]) -> Payload:
    """Parse the part (None = not sent). media: the names of the request's media parts. Raises PayloadError."""
    if data is None:
        return Payload()
    root = load_object(data, "payload")
    meta = {key: _object(value, _at("media:meta_data", key)) for key, value in _table(root, "media:meta_data")}
    tags = {key: _texts(value, _at("media:tags", key)) for key, value in _table(root, "media:tags")}
    endpoint = root.get("resolution_endpoint")
    if endpoint is not None and not isinstance(endpoint, str):
        raise _type("a string", "resolution_endpoint")
    unused = dict.fromkeys(key for key in (*meta, *tags) if key not in media)
    payload = Payload(
        meta_data=_object(root.get("folder:meta_data"), "folder:meta_data"),
        resolution_endpoint=endpoint,
        media_meta_data={key: value for key, value in meta.items() if key in media},
        media_tags={key: value for key, value in tags.items() if key in media},
        analyses=_analyses(root.get("analyses"), media),
        unused=tuple(map(name_of, islice(unused, MAX_UNUSED))),
    )
    check_values(root, "payload", _FIELDS)  # last, so that the checks above name their field more exactly
    return payload


def _analyses(value: Any, media: Collection[str]) -> tuple[AnalysisRequest, ...]:
    items = _array(value, "analyses")
    if len(items) > MAX_ANALYSES:
        raise PayloadValueError(f"more than {MAX_ANALYSES}", exposed="analyses")
    return tuple(_analysis(item, f"analyses[{i}]", media) for i, item in enumerate(items)) or (AnalysisRequest(),)


def _analysis(value: Any, where: str, media: Collection[str]) -> AnalysisRequest:
    if not isinstance(value, dict):  # null is no analysis: in a list it is not the same as absent
        raise _type("an object", where)
    source = _texts(value.get("source_media"), f"{where}.source_media")
    for i, key in enumerate(source):
        if key not in media:
            raise PayloadValueError("no such medium", exposed=f"{where}.source_media[{i}]")
    return AnalysisRequest(
        type=_analysis_type(value.get("type"), f"{where}.type"),
        meta_data=_object(value.get("meta_data"), f"{where}.meta_data"),
        source_media=tuple(dict.fromkeys(source)),
        params=_params(_object(value.get("params"), f"{where}.params"), f"{where}.params"),
    )


def _analysis_type(value: Any, where: str) -> AnalysisType:
    if value is None:
        return AnalysisType.QUALITY
    if not isinstance(value, str):
        raise _type("a string", where)
    try:
        return AnalysisType(value.upper())
    except ValueError:
        raise PayloadValueError("no such analysis", exposed=where) from None


def _params(value: Mapping[str, Any], where: str) -> Params:
    best_shot = value.get("extract_best_shot")
    if best_shot is not None and not isinstance(best_shot, bool):
        raise _type("a boolean", f"{where}.extract_best_shot")
    params = Params(
        threshold_spoofing=_unit(value, "threshold_spoofing", where),
        extract_best_shot=bool(best_shot),
        threshold_min=_unit(value, "threshold_min", where),
        threshold_max=_unit(value, "threshold_max", where),
    )
    low, high = params.threshold_min, params.threshold_max
    if low is not None and high is not None and low > high:
        raise PayloadValueError("above threshold_max", exposed=f"{where}.threshold_min")
    return params


def _unit(table: Mapping[str, Any], key: str, where: str) -> float | None:
    value = table.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _type("a number", f"{where}.{key}")
    if not 0 <= value <= 1:
        raise PayloadValueError("outside 0..1", exposed=f"{where}.{key}")
    return float(value) + 0.0  # -0.0 is echoed as 0.0


def _table(root: Mapping[str, Any], key: str) -> list[tuple[str, Any]]:
    return list(_object(root.get(key), key).items())


def _object(value: Any, where: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _type("an object", where)
    return value


def _array(value: Any, where: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _type("an array", where)
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:
    items = _array(value, where)
    for i, item in enumerate(items):
        if not isinstance(item, str):
            raise _type("a string", f"{where}[{i}]")
    return tuple(items)


def _at(table: str, key: str) -> str:
    return f"{table}.{name_of(key)}"


def _type(expected: str, where: str) -> PayloadError:
    return PayloadTypeError(f"{expected} is expected", exposed=where)
