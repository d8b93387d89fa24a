"""Thresholds and outcomes of analyses as JSON columns hold them: tagged by type, without pictures.

Best shots are rows of their own: an outcome is read together with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from faceVer.domain.analyses import BestShot, MediaScore, Outcome, QualityOutcome, Thresholds


def thresholds_to_json(thresholds: Thresholds) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(thresholds)
    return document


def thresholds_from_json(document: Mapping[str, Any]) -> Thresholds:
    thresholds: Thresholds = msgspec.convert(document, Thresholds)
    return thresholds


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    """An outcome without its best shots."""
    document: dict[str, Any] = msgspec.to_builtins(_with_shots(outcome, {}))
    return document


def outcome_from_json(document: Mapping[str, Any], shots: Mapping[str, BestShot]) -> Outcome:
    """shots: the analysis' best shots by the ids of their source media."""
    outcome: Outcome = msgspec.convert(document, Outcome)
    return _with_shots(outcome, shots)


def _with_shots(outcome: Outcome, shots: Mapping[str, BestShot]) -> Outcome:
    if not isinstance(outcome, QualityOutcome):
        return outcome
    return QualityOutcome(tuple(_with_shot(score, shots.get(score.media_id)) for score in outcome.scores))


def _with_shot(score: MediaScore, shot: BestShot | None) -> MediaScore:
    return replace(score, best_shot=shot)
