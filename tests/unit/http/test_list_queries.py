"""Query strings of lists: every parameter, its errors, and that no text is a fault."""

from __future__ import annotations

from math import isfinite
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from faceVer.domain.errors import FaceVerError, PayloadError
from faceVer.domain.listing import Comparison, Condition, ListQuery, Page, Sorting
from faceVer.http.oz.errors import OZ_STORED
from faceVer.http.oz.lists import (
    MAX_JSON,
    MAX_LIMIT,
    MAX_VALUES,
    Filter,
    Kind,
    ListSpec,
    list_query,
    page_document,
    read_time,
)
from faceVer.http.pipeline.error_responses import error_outcome
from faceVer.settings.model import Settings

NOW = 1_795_766_400.5  # 2026-11-27 12:00:00.5 UTC
SPEC = ListSpec(
    {
        "name": Filter(Kind.TEXT),
        "user_id": Filter(Kind.UUID),
        "time_created": Filter(Kind.TIME),
        "is_active": Filter(Kind.BOOLEAN),
        "state": Filter(Kind.CODE, known=("NEW", "DONE")),
        "analysis.type": Filter(Kind.CODE, "kind"),
        "meta_data": Filter(Kind.JSON),
    },
    ("time_created", "name"),
)
UUID = "6dc38cfd-81e0-4b66-a56f-c13be4e2a502"
IN, NOT_IN, LOW, HIGH = Comparison.IN, Comparison.NOT_IN, Comparison.AT_LEAST, Comparison.AT_MOST


def parse(query: str) -> ListQuery:
    request: web.Request = make_mocked_request("GET", f"/api/things/?{query}")
    return list_query(request, SPEC, NOW)


def test_an_empty_query_is_the_first_hundred() -> None:
    for query in ("", "&&", "unknown=1&name.other=2&.min=3&offset=&limit=", "sorting=", "meta_data="):
        assert parse(query) == ListQuery(offset=0, limit=100, total=True)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("offset=7&limit=5000", {"offset": 7, "limit": 5000}),
        ("limit=-1", {"limit": MAX_LIMIT}),  # not all: the audit log has no end
        ("limit=0", {"limit": 0}),
        ("total_omit=true", {"total": False}),
        ("total_omit=0", {"total": True}),
        ("search_text=A%20b", {"search": "A b"}),
        ("sorting=name", {"sorting": (Sorting("name"),)}),
        (
            "sorting=name%7Basc%7D,time_created{desc}",
            {"sorting": (Sorting("name", descending=False), Sorting("time_created"))},
        ),
        ("sorting=name&sorting=time_created{asc}", {"sorting": (Sorting("name"), Sorting("time_created", False))}),
    ],
)
def test_paging_and_sorting(query: str, expected: dict[str, Any]) -> None:
    assert parse(query) == ListQuery(**expected)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("name=a", [Condition("name", IN, ("a",))]),
        ("name=a,b&name=c", [Condition("name", IN, ("a", "b", "c"))]),
        ("name=null", [Condition("name", IN, (None,))]),
        ("name.exclude=a,null", [Condition("name", NOT_IN, ("a", None))]),
        ("name=a&name.exclude=b", [Condition("name", IN, ("a",)), Condition("name", NOT_IN, ("b",))]),
        (f"user_id={UUID.upper()}", [Condition("user_id", IN, (UUID,))]),
        (f"user_id={UUID.replace('-', '')}", [Condition("user_id", IN, (UUID,))]),
        ("is_active=YES,off", [Condition("is_active", IN, (True, False))]),
        ("state=new,DONE", [Condition("state", IN, ("NEW", "DONE"))]),
        ("analysis.type=quality", [Condition("kind", IN, ("QUALITY",))]),
        ("analysis.type.exclude=quality", [Condition("kind", NOT_IN, ("QUALITY",))]),
        ("time_created.min=5", [Condition("time_created", LOW, (5.0,))]),
        ("time_created.max=now", [Condition("time_created", HIGH, (NOW,))]),
        ("meta_data=a==b", [Condition("meta_data", IN, ("b",), ("a",))]),
        ("meta_data=a.b.0.c!=null", [Condition("meta_data", NOT_IN, (None,), ("a", "b", 0, "c"))]),
        ("meta_data=a==1=2", [Condition("meta_data", IN, ("1=2",), ("a",))]),
        ("meta_data=a==", [Condition("meta_data", IN, ("",), ("a",))]),
        (
            "meta_data=a%3E=1.5,b%3C-2e3&meta_data=c%3C=0",
            [
                Condition("meta_data", LOW, (1.5,), ("a",)),
                Condition("meta_data", Comparison.BELOW, (-2000.0,), ("b",)),
                Condition("meta_data", HIGH, (0.0,), ("c",)),
            ],
        ),
        ("meta_data=a>3", [Condition("meta_data", Comparison.ABOVE, (3.0,), ("a",))]),
    ],
)
def test_filters(query: str, expected: list[Condition]) -> None:
    assert parse(query) == ListQuery(conditions=tuple(expected))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1795781521", 1795781521.0),
        ("1795781521.25", 1795781521.25),
        ("1795781521250", 1795781521.25),
        ("1795781521250000", 1795781521.25),
        ("0", 0.0),
        ("now", NOW),
        ("today", 1795737600.0),
        ("2026-11-27", 1795737600.0),
        ("2026-11-27T01:00:00", 1795741200.0),
        ("2026-11-27 01:00:00", 1795741200.0),
        ("2026-11-27T01:00:00Z", 1795741200.0),
        ("2026-11-27T01:00:00.5+01:00", 1795737600.5),
        ("2026-11-27T01:00:00 01:00", 1795737600.0),  # a plus sign that nobody has quoted
    ],
)
def test_times(text: str, seconds: float) -> None:
    assert read_time(text, NOW, "t") == seconds
    assert parse("time_created.min=" + quote(text)).conditions == (Condition("time_created", LOW, (seconds,)),)


@pytest.mark.parametrize(
    ("query", "code", "path"),
    [
        ("offset=-1", 4, "offset"),
        ("offset=x", 4, "offset"),
        ("offset=" + "9" * 17, 4, "offset"),
        ("limit=-2", 4, "limit"),
        ("limit=5001", 4, "limit"),
        ("limit=1.5", 4, "limit"),
        ("limit=%D9%A3", 4, "limit"),
        ("total_omit=maybe", 4, "total_omit"),
        ("sorting=unknown", 4, "sorting"),
        ("sorting=name{up}", 4, "sorting"),
        ("sorting=-name", 4, "sorting"),
        ("user_id=1", 4, "user_id"),
        (f"user_id={UUID},x", 4, "user_id"),
        ("is_active=", 4, "is_active"),
        ("is_active.exclude=2", 4, "is_active.exclude"),
        ("state=OLD", 4, "state"),
        ("time_created=yesterday", 4, "time_created"),
        ("time_created.min=-1", 4, "time_created.min"),
        ("time_created.min=1,2", 4, "time_created.min"),
        ("time_created.min=1&time_created.min=2", 4, "time_created.min"),
        ("time_created.max=null", 4, "time_created.max"),
        ("time_created.max=2026-13-01", 4, "time_created.max"),
        ("name.min=a", 4, "name.min"),
        ("name=" + ",".join("x" * (MAX_VALUES + 1)), 4, "name"),
        ("meta_data=a", 3, "meta_data"),
        ("meta_data===b", 3, "meta_data"),
        ("meta_data=a..b==c", 3, "meta_data"),
        ("meta_data=" + ".".join("a" * 40) + "==1", 3, "meta_data"),
        ("meta_data=" + ",".join(["a==1"] * (MAX_JSON + 1)), 3, "meta_data"),
        ("&".join(["meta_data=a==1", "meta_data.exclude=b==2"] * MAX_JSON), 3, "meta_data"),
        ("meta_data=a%3Eb", 5, "meta_data"),
        ("meta_data=a%3Enan", 5, "meta_data"),
        ("meta_data=a%3Einf", 5, "meta_data"),
        ("meta_data=a%3E1e999", 5, "meta_data"),
        ("meta_data=a%3E1_0", 5, "meta_data"),
        ("meta_data=a%3Enull", 5, "meta_data"),
    ],
)
def test_what_is_wrong_names_its_parameter(query: str, code: int, path: str) -> None:
    with pytest.raises(FaceVerError) as caught:
        parse(query)
    row, body = OZ_STORED.row(caught.value), error_outcome(OZ_STORED, caught.value, Settings()).response
    assert (row.status, row.code, caught.value.exposed) == (400, code, path)
    assert isinstance(body, web.Response)
    assert f'"details": {{"key_path": "{path}"}}' in str(body.text)


def test_the_message_for_pages_is_the_documents() -> None:
    with pytest.raises(FaceVerError) as caught:
        parse("offset=-1")
    body = error_outcome(OZ_STORED, caught.value, Settings()).response
    assert isinstance(body, web.Response)
    assert body.text == (
        '{"error_code": 4, "error_message": "Invalid offset value for pagination", "details": {"key_path": "offset"}}'
    )


NAMES = [*SPEC.filters, "offset", "limit", "total_omit", "sorting", "search_text"]
names = st.tuples(st.sampled_from(NAMES), st.sampled_from(["", ".min", ".max", ".exclude", ".", ".x"])).map("".join)
words = st.sampled_from(
    ["null", "now", "today", "true", "a==1", "a.0>1", "==", "<", ",", "{asc}", UUID, "1e400", "-1", "\0", "\ud800"]
)
values = st.lists(words | st.text(max_size=8) | st.integers().map(str) | st.floats().map(str), max_size=4).map(",".join)
pairs = st.lists(st.tuples(names, values), max_size=6)


def assert_sound(query: ListQuery) -> None:
    assert query.offset >= 0
    assert -1 <= query.limit <= 5000
    known = {found.field or name for name, found in SPEC.filters.items()}
    for condition in query.conditions:
        assert condition.field in known
        assert all(isfinite(value) for value in condition.values if isinstance(value, float))
        if condition.comparison not in (IN, NOT_IN):
            assert len(condition.values) == 1
            assert isinstance(condition.values[0], float)


def wrong(query: str) -> PayloadError | None:
    """The error of a query string; one without an error is checked."""
    try:
        found = parse(query)
    except PayloadError as error:
        return error
    assert_sound(found)
    return None


@hypothesis_settings(max_examples=1000)
@given(pairs)
@example([("time_created", "9999-12-31T23:59:59-23:59")])
@example([("time_created", "0001-01-01T00:00:00+23:59")])
@example([("time_created", "２０２６")])
def test_no_parameter_is_a_fault(given_pairs: list[tuple[str, str]]) -> None:
    error = wrong(urlencode(given_pairs, errors="surrogatepass"))
    assert error is None or error.exposed in {name for name, _ in given_pairs}


@hypothesis_settings(max_examples=500)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=60))
def test_no_query_string_is_a_fault(text: str) -> None:
    wrong(text)


plain = (
    st.text(st.characters(codec="utf-8", exclude_characters=","), max_size=10)
    .map(str.strip)
    .filter(lambda text: text != "null")
)
conditions = st.one_of(
    st.builds(
        lambda comparison, found: Condition("name", comparison, tuple(found)),
        st.sampled_from([IN, NOT_IN]),
        st.lists(st.none() | plain, min_size=1, max_size=4),
    ),
    st.builds(
        lambda comparison, seconds: Condition("time_created", comparison, (float(seconds),)),
        st.sampled_from([IN, NOT_IN, LOW, HIGH]),
        st.integers(0, 9_999_999_999),
    ),
)
SUFFIXES = {IN: "", NOT_IN: ".exclude", LOW: ".min", HIGH: ".max"}


@given(st.lists(conditions, max_size=4, unique_by=lambda one: (one.field, one.comparison)), st.integers(0, 5000))
def test_what_is_asked_for_is_what_is_read(asked: list[Condition], limit: int) -> None:
    query = [
        (
            one.field + SUFFIXES[one.comparison],
            ",".join("null" if value is None else str(value) for value in one.values),
        )
        for one in asked
    ]
    assert parse(urlencode([*query, ("limit", str(limit))])) == ListQuery(tuple(asked), limit=limit)


def test_a_page_has_its_fields_in_order() -> None:
    document = page_document(Page(["x"], 7, 3, 1), [{"id": 1}])
    assert list(document.items()) == [("offset", 3), ("limit", 1), ("total_count", 7), ("items", [{"id": 1}])]
    assert page_document(Page([], None, 0, 100), [])["total_count"] is None
