"""Schemas of the short answers: scores, versions, health, errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from faceVer.domain.values import Decision
from faceVer.http.ops.health import INOPERATIVE, WORKS
from faceVer.http.ops.openapi.schema import Schema, array, choice, closed, ref, share, text
from faceVer.matching.scores import SCORE_DIGITS
from faceVer.settings.model import Settings


def short_schemas(settings: Settings, codes: Iterable[str], numbers: Iterable[int]) -> dict[str, Schema]:
    """By name. codes: every error code there is. numbers: every error code of the full API's shape."""
    score = share(
        f"Comparison score: a calibrated map of the templates' cosine, a plain decimal of at most {SCORE_DIGITS} "
        "digits; 1.0 for a template against itself, 0.85 at a false match rate of 1e-4."
    )
    chance = share(f"The chance that the sample shows a presentation attack, at most {SCORE_DIGITS} decimal digits.")
    return {
        "Decision": _decision(settings),
        "Comparison": closed("The outcome of one comparison.", {"score": score, "decision": ref("Decision")}),
        "Score": closed("A comparison score without a decision.", {"score": score}),
        "Match": closed(
            "The outcome of one of the N comparisons.",
            {
                "filename": text(
                    "The part's file name as sent, or the part's place among the N, from \"1\", where it has none.",
                ),
                "score": score,
                "decision": ref("Decision"),
            },
        ),
        "Matches": closed(
            "The outcomes of a 1:N comparison.",
            {"results": array(ref("Match"), "One for each of the N parts, in the request's order.", minItems=1)},
        ),
        "Liveness": closed(
            "The liveness of a single picture.",
            {
                "passed": {
                    "type": "boolean",
                    "description": "Whether this is a bona fide presentation: the score is at most "
                    f"{settings.liveness.spoofing_threshold:g}.",
                },
                "score": chance,
            },
        ),
        "Version": closed(
            "What runs.",
            {
                "core": text("Version of the server."),
                "tfss": text("The inference runtime and its version.", pattern="^[^ ]+ [^ ]+$"),
                "models": array(ref("Model"), "Every loaded model.", minItems=1),
            },
        ),
        "Model": closed(
            "A loaded model.",
            {
                "name": text("Name of the model in the manifest."),
                "version": text(
                    "The manifest's version, and the first 12 hex digits of the file's SHA-256.",
                    pattern="^[^ ]+ [0-9a-f]{12}$",
                ),
            },
        ),
        "Health": _health(),
        "Error": closed(
            "An error.",
            {
                "code": choice("The error's code; the table is at the top of this page.", codes),
                "message": text(
                    "The code's words, after a colon followed by the part or the field where the contract names one."
                ),
            },
        ),
        "InstantError": _instant_error(numbers),
    }


def _decision(settings: Settings) -> Schema:
    approve, operator = settings.comparison.approve_threshold, settings.comparison.operator_threshold
    band = (
        "`operator_required` does not occur, since no band is configured"
        if operator is None
        else f"`operator_required` from {operator:g} below that"
    )
    return choice(f"`approved` from a score of {approve:g}; {band}; else `declined`.", get_args(Decision))


def _health() -> Schema:
    return closed(
        "Whether something works.",
        {
            "status": {
                "type": "integer",
                "enum": [WORKS, INOPERATIVE],
                "description": f"{WORKS}: works, with HTTP status 200. {INOPERATIVE}: does not, with HTTP status 503.",
            },
            "message": text("Why it is inoperative; empty where it works."),
        },
    )


def _instant_error(numbers: Iterable[int]) -> Schema:
    return closed(
        "An error in the full API's shape.",
        {
            "error_code": {
                "type": "integer",
                "enum": list(numbers),
                "description": "0 unknown, 1 method not allowed, 3 invalid structure, 4 invalid value, 5 invalid type, "
                "10 not exist.",
            },
            "error_message": text("What is wrong, in the words of the liveness method's errors."),
            "details": {
                "description": "Which field of the payload, or which part, is wrong; null where that is not said.",
                "oneOf": [
                    {"type": "null"},
                    closed("Where the error is.", {"field": text("Path of the payload's field, or name of the part.")}),
                ],
            },
        },
    )
