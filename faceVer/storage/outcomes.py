"""Thresholds and outcomes of analyses as JSON columns hold them: tagged by type, without pictures.

Best shots are rows of their own: an outcome is read together with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from faceVer.domain.analyses import (
    BestShot,
    BiometryOutcome,
    Failure,
    MediaScore,
    Outcome,
    PairScore,
    QualityOutcome,
    Thresholds,
)


class StoredPairs(msgspec.Struct, frozen=True, tag_field="type", tag="BIOMETRY"):
    """A biometry outcome. pairs: the places of both in media, and the score. Ids in each pair would be most of it."""

    media: tuple[str, ...]
    pairs: tuple[tuple[int, int, float], ...]


def thresholds_to_json(thresholds: Thresholds) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(thresholds)
    return document


def thresholds_from_json(document: Mapping[str, Any]) -> Thresholds:
    thresholds: Thresholds = msgspec.convert(document, Thresholds)
    return thresholds


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    """An outcome without its best shots."""
    stored = _with_places(outcome) if isinstance(outcome, BiometryOutcome) else _with_shots(outcome, {})
    document: dict[str, Any] = msgspec.to_builtins(stored)
    return document


def outcome_from_json(document: Mapping[str, Any], shots: Mapping[str, BestShot]) -> Outcome:
    """shots: the analysis' best shots by the ids of their source media."""
    stored = msgspec.convert(document, QualityOutcome | StoredPairs | Failure)
    return _with_ids(stored) if isinstance(stored, StoredPairs) else _with_shots(stored, shots)


def _with_places(outcome: BiometryOutcome) -> StoredPairs:
    media = tuple(outcome.by_media())
    place = {media_id: number for number, media_id in enumerate(media)}
    return StoredPairs(media, tuple((place[pair.left], place[pair.right], pair.score) for pair in outcome.pairs))


def _with_ids(stored: StoredPairs) -> BiometryOutcome:
    media = stored.media
    return BiometryOutcome(tuple(PairScore(media[left], media[right], score) for left, right, score in stored.pairs))


def _with_shots(outcome: Outcome, shots: Mapping[str, BestShot]) -> Outcome:
    if not isinstance(outcome, QualityOutcome):
        return outcome
    return QualityOutcome(tuple(_with_shot(score, shots.get(score.media_id)) for score in outcome.scores))


def _with_shot(score: MediaScore, shot: BestShot | None) -> MediaScore:
    return replace(score, best_shot=shot)
