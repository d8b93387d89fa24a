"""The base class of all wire models, and the models that several API families use."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

SCORE_DESCRIPTION = (
    "Comparison score: a calibrated map of the templates' cosine, a plain decimal of at most 6 digits. 1.0 for a "
    "template against itself, 0.85 at a false match rate of 1e-4."
)
ComparisonScore = Annotated[float, Meta(ge=0, le=1, description=SCORE_DESCRIPTION)]


class WireModel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A JSON object of a response, with exactly these fields in this order."""


class Error(WireModel, frozen=True, kw_only=True):
    """An error."""

    code: Annotated[str, Meta(description="The error's code; the table is at the top of this page.")]
    message: Annotated[
        str,
        Meta(description="The code's message; after a colon the part or the field, where the contract names one."),
    ]


class Score(WireModel, frozen=True, kw_only=True):
    """A comparison score without a decision."""

    score: ComparisonScore


class VerificationForm(WireModel, frozen=True, kw_only=True):
    """The form that `verify` responds with."""

    score: Score
    bio_feature: Annotated[
        str, Meta(description="The template made of the sample.", extra_json_schema={"format": "binary"})
    ]
