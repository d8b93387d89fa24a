"""The JSON of API Lite's responses."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from faceVer.domain.values import Decision
from faceVer.http.pipeline.wire import ComparisonScore, WireModel

DecisionField = Annotated[
    Decision,
    Meta(description="`approved` from the approve threshold, `operator_required` in the band below, else `declined`."),
]


class Comparison(WireModel, frozen=True, kw_only=True):
    """The outcome of one comparison."""

    score: ComparisonScore
    decision: DecisionField


class Match(WireModel, frozen=True, kw_only=True):
    """The outcome of one of the N comparisons."""

    filename: Annotated[
        str,
        Meta(description="The part's file name as sent; without one, the part's position among the N, from \"1\"."),
    ]
    score: ComparisonScore
    decision: DecisionField


class Matches(WireModel, frozen=True, kw_only=True):
    """The outcomes of a 1:N comparison."""

    results: Annotated[
        list[Match], Meta(min_length=1, description="One result for each of the N parts, in the request's order.")
    ]


class Detection(WireModel, frozen=True, kw_only=True):
    """The liveness of a single image."""

    passed: Annotated[bool, Meta(description="Whether the score is at most the server's PAD threshold.")]
    score: Annotated[
        float, Meta(ge=0, le=1, description="PAD score: 0 = bona fide, 1 = attack; at most 6 decimal digits.")
    ]
