"""Responses equal the output of `json`, although they are written without it for speed."""

from __future__ import annotations

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from faceVer.domain.values import Comparison
from faceVer.http.pipeline.responses import comparison_response, results_bytes, template_response

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
outcomes = st.builds(
    Comparison,
    st.floats(-1, 1),
    st.floats(0, 1).map(lambda score: round(score, 6)),
    st.sampled_from(["approved", "declined"]),
)


@given(st.lists(st.tuples(names, outcomes), max_size=5))
def test_results_equal_the_output_of_json(rows: list[tuple[str, Comparison]]) -> None:
    body = results_bytes([name for name, _ in rows], [outcome for _, outcome in rows])
    # Scores below 1e-4 are where json would write an exponent.
    plain = [(name, outcome._replace(score=max(outcome.score, 0.0001))) for name, outcome in rows]
    document = [{"filename": name, "score": one.score, "decision": one.decision} for name, one in plain]
    written = json.dumps({"results": document}, ensure_ascii=False).encode("utf-8", "backslashreplace")
    assert results_bytes([name for name, _ in plain], [outcome for _, outcome in plain]) == written
    assert [row["score"] for row in json.loads(body)["results"]] == [outcome.score for _, outcome in rows]
    assert b"e-" not in body.replace(b"\\u", b"") or any("e-" in name for name, _ in rows)


@given(outcomes)
def test_a_comparison_equals_the_output_of_json(outcome: Comparison) -> None:
    response = comparison_response(outcome)
    assert json.loads(bytes(response.body)) == {"score": outcome.score, "decision": outcome.decision}
    assert response.headers["Content-Type"] == "application/json"


@given(st.binary(max_size=100))
def test_a_template_is_returned_in_base64_if_requested(template: bytes) -> None:
    response = template_response(template, as_base64=True)
    assert response.body == base64.b64encode(template)
    assert response.headers["Content-Transfer-Encoding"] == "base64"
    assert template_response(template, as_base64=False).body == template
