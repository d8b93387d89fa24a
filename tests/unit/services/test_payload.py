"""The payload: which are valid, which are rejected, and which field the error names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceVer.domain.analyses import AnalysisType, BiometryThresholds, QualityThresholds
from faceVer.domain.errors import PayloadError, PayloadTypeError, PayloadValueError
from faceVer.services.folders.payload import MAX_ANALYSES, AnalysisParams
from faceVer.services.folders.request import (
    FolderRequest,
    RequestedAnalysis,
    biometry_thresholds,
    parse_payload,
    quality_thresholds,
)
from faceVer.services.folders.strict_json import MAX_BYTES, MAX_DEPTH

STRUCTURE, VALUE, TYPE = PayloadError, PayloadValueError, PayloadTypeError
MEDIA = ("media_key1", "photo1")

# The reference's own description of the field, comments removed.
REFERENCE = {
    "folder:meta_data": {
        "partner_side_folder_id": "partner_side_folder_id_if_needed",
        "person_info": {"first_name": "John", "middle_name": "Jameson", "last_name": "Doe"},
    },
    "resolution_endpoint": "https://www.your-custom-endpoint.com",
    "media:meta_data": {"media_key1": {"foo": "bar2"}, "media_key2": {"foo2": "bar3"}, "media_key3": {"foo4": "bar5"}},
    "media:tags": {
        "media_key1": ["video_selfie", "video_selfie_blank", "orientation_portrait"],
        "media_key2": ["photo_selfie"],
    },
    "analyses": [
        {
            "type": "quality",
            "meta_data": {"some_key": "some_value"},
            "params": {"threshold_spoofing": 0.42, "extract_best_shot": True},
        }
    ],
}


def parse(value: Any) -> FolderRequest:
    return parse_payload(json.dumps(value).encode(), MEDIA)


def rejected(data: bytes) -> tuple[str, type[PayloadError]]:
    with pytest.raises(PayloadError) as caught:
        parse_payload(data, MEDIA)
    return caught.value.exposed, type(caught.value)


def test_the_payload_of_the_oz_api() -> None:
    payload = parse(REFERENCE)
    assert payload.meta_data == REFERENCE["folder:meta_data"]
    assert payload.resolution_endpoint == "https://www.your-custom-endpoint.com"
    assert payload.media_meta_data == {"media_key1": {"foo": "bar2"}}
    assert payload.media_tags == {"media_key1": ("video_selfie", "video_selfie_blank", "orientation_portrait")}
    assert payload.analyses == (
        RequestedAnalysis(
            meta_data={"some_key": "some_value"}, params=AnalysisParams(threshold_spoofing=0.42, extract_best_shot=True)
        ),
    )


@pytest.mark.parametrize(
    "data",
    [None, b"{}", b'{"analyses":[]}', b'{"analyses":null}', b'{"analyses":[{}]}', b'{"unknown":1}', b"\xef\xbb\xbf{ }"],
)
def test_everything_is_optional_and_means_one_quality_analysis(data: bytes | None) -> None:
    assert parse_payload(data, MEDIA) == FolderRequest()
    assert [request.type for request in FolderRequest().analyses] == [AnalysisType.QUALITY]


def test_null_means_absent() -> None:
    nulls = dict.fromkeys(REFERENCE)
    assert parse(nulls) == FolderRequest()
    analysis = dict.fromkeys(["type", "meta_data", "source_media", "params"])
    assert parse({"analyses": [analysis]}) == FolderRequest()
    params = dict.fromkeys(["threshold_spoofing", "extract_best_shot", "threshold_min", "threshold_max"])
    assert parse({"analyses": [{"params": params}]}) == FolderRequest()
    assert parse({"media:tags": {"photo1": None}, "media:meta_data": {"photo1": None}}).media_tags == {"photo1": ()}


@pytest.mark.parametrize("name", ["quality", "QUALITY", "Quality", "biometry", "BIOMETRY", "BioMetry"])
def test_analysis_types_may_have_any_letter_case(name: str) -> None:
    assert parse({"analyses": [{"type": name}]}).analyses[0].type.value == name.upper()


def test_source_media_keeps_its_order_without_repeats() -> None:
    payload = parse({"analyses": [{"source_media": ["photo1", "media_key1", "photo1"]}]})
    assert payload.analyses[0].source_media == ("photo1", "media_key1")


def test_of_duplicate_keys_the_last_wins() -> None:
    payload = parse_payload(b'{"resolution_endpoint": 1, "resolution_endpoint": "a"}', MEDIA)
    assert payload.resolution_endpoint == "a"


@pytest.mark.parametrize("value", [0, 1, 0.0, 1.0, 1e-300, 0.5])
def test_thresholds_in_range_are_floats(value: float) -> None:
    params = parse({"analyses": [{"params": {"threshold_spoofing": value}}]}).analyses[0].params
    assert params.threshold_spoofing == value
    assert type(params.threshold_spoofing) is float


A = "analyses[0]"
P = A + ".params"


@pytest.mark.parametrize(
    ("value", "exposed", "kind"),
    [
        ({"folder:meta_data": []}, "folder:meta_data", TYPE),
        ({"folder:meta_data": "x"}, "folder:meta_data", TYPE),
        ({"resolution_endpoint": 7}, "resolution_endpoint", TYPE),
        ({"media:meta_data": ["x"]}, "media:meta_data", TYPE),
        ({"media:meta_data": {"photo1": "x"}}, "media:meta_data.photo1", TYPE),
        ({"media:tags": []}, "media:tags", TYPE),
        ({"media:tags": {"photo1": "photo_id"}}, "media:tags.photo1", TYPE),
        ({"media:tags": {"photo1": ["a", 1]}}, "media:tags.photo1[1]", TYPE),
        ({"media:tags": {"elsewhere": 1}}, "media:tags.elsewhere", TYPE),
        ({"analyses": "quality"}, "analyses", TYPE),
        ({"analyses": {"type": "quality"}}, "analyses", TYPE),
        ({"analyses": [{}, None]}, "analyses[1]", TYPE),
        ({"analyses": ["quality"]}, A, TYPE),
        ({"analyses": [{"type": 1}]}, A + ".type", TYPE),
        ({"analyses": [{"type": "documents"}]}, A + ".type", VALUE),
        ({"analyses": [{"type": ""}]}, A + ".type", VALUE),
        ({"analyses": [{"meta_data": 1}]}, A + ".meta_data", TYPE),
        ({"analyses": [{"source_media": "photo1"}]}, A + ".source_media", TYPE),
        ({"analyses": [{"source_media": ["photo1", True]}]}, A + ".source_media[1]", TYPE),
        ({"analyses": [{"source_media": ["photo1", "nobody"]}]}, A + ".source_media[1]", VALUE),
        ({"analyses": [{"params": []}]}, P, TYPE),
        ({"analyses": [{"params": {"threshold_spoofing": 7}}]}, P + ".threshold_spoofing", VALUE),
        ({"analyses": [{"params": {"threshold_spoofing": -0.1}}]}, P + ".threshold_spoofing", VALUE),
        ({"analyses": [{"params": {"threshold_spoofing": 10**400}}]}, P + ".threshold_spoofing", VALUE),
        ({"analyses": [{"params": {"threshold_spoofing": float("nan")}}]}, P + ".threshold_spoofing", VALUE),
        ({"analyses": [{"params": {"threshold_spoofing": "0.5"}}]}, P + ".threshold_spoofing", TYPE),
        ({"analyses": [{"params": {"threshold_spoofing": True}}]}, P + ".threshold_spoofing", TYPE),
        ({"analyses": [{"params": {"extract_best_shot": "false"}}]}, P + ".extract_best_shot", TYPE),
        ({"analyses": [{"params": {"extract_best_shot": 1}}]}, P + ".extract_best_shot", TYPE),
        ({"analyses": [{"params": {"threshold_min": 2}}]}, P + ".threshold_min", VALUE),
        ({"analyses": [{"params": {"threshold_max": "1"}}]}, P + ".threshold_max", TYPE),
        ({"analyses": [{"params": {"threshold_min": 0.9, "threshold_max": 0.8}}]}, P + ".threshold_min", VALUE),
        ({"analyses": [{}] * (MAX_ANALYSES + 1)}, "analyses", VALUE),
        ({"folder:meta_data": {"x": float("nan")}}, "folder:meta_data", VALUE),
        ({"x": [float("-inf")]}, "payload", VALUE),
        ({"folder:meta_data": {"x": ["\ud800"]}}, "folder:meta_data", VALUE),
        ({"folder:meta_data": {"\udfff": 1}}, "folder:meta_data", VALUE),
        ({"media:tags": {"photo1": ["\ud800"]}}, "media:tags", VALUE),
        ({"resolution_endpoint": "\ud800"}, "resolution_endpoint", VALUE),
        ({"\ud800": 1}, "payload", VALUE),
        ([], "payload", STRUCTURE),
        (None, "payload", STRUCTURE),
        ("{}", "payload", STRUCTURE),
    ],
)
def test_errors_name_the_field_and_the_kind(value: Any, exposed: str, kind: int) -> None:
    assert rejected(json.dumps(value).encode()) == (exposed, kind)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{nope",
        b"{} {}",
        b"{'a': 1}",
        b'{"a": \xff}',
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',  # a surrogate encoded as if it were a character
        '{"a": 1}'.encode("utf-16"),
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": "' + b"x" * MAX_BYTES + b'"}',
    ],
)
def test_text_that_is_not_json_is_rejected(data: bytes) -> None:
    assert rejected(data) == ("payload", STRUCTURE)


def test_a_number_too_large_for_a_double_is_rejected() -> None:
    assert rejected(b'{"folder:meta_data": {"x": 1e999}}') == ("folder:meta_data", VALUE)


def test_nesting_is_bounded() -> None:
    def nested(levels: int) -> bytes:
        return b'{"folder:meta_data": ' + b'{"a": ' * levels + b"1" + b"}" * levels + b"}"

    deep = parse_payload(nested(MAX_DEPTH - 1), MEDIA)
    assert json.dumps(deep.meta_data)
    assert rejected(nested(MAX_DEPTH)) == ("folder:meta_data", STRUCTURE)
    assert rejected(nested(900)) == ("folder:meta_data", STRUCTURE)


def test_names_in_errors_are_short_and_of_one_line() -> None:
    exposed, _ = rejected(json.dumps({"media:tags": {"a\n\ud800" + "b" * 5000: 1}}).encode())
    assert exposed == "media:tags.a??" + "b" * 61


@pytest.mark.parametrize(
    ("params", "operator", "band"),
    [
        (AnalysisParams(), None, (0.85, 0.85)),
        (AnalysisParams(), 0.6, (0.6, 0.85)),
        (AnalysisParams(threshold_max=0.7), None, (0.7, 0.7)),
        (AnalysisParams(threshold_max=0.7), 0.6, (0.6, 0.7)),
        (AnalysisParams(threshold_max=0.5), 0.6, (0.5, 0.5)),
        (AnalysisParams(threshold_min=0.7), None, (0.7, 0.85)),
        (AnalysisParams(threshold_min=0.9), 0.6, (0.9, 0.9)),
        (AnalysisParams(threshold_min=0.2, threshold_max=0.3), 0.6, (0.2, 0.3)),
        (AnalysisParams(threshold_min=0.0, threshold_max=0.0), None, (0.0, 0.0)),
    ],
)
def test_biometry_thresholds(params: AnalysisParams, operator: float | None, band: tuple[float, float]) -> None:
    assert biometry_thresholds(params, 0.85, operator) == BiometryThresholds(*band)
    assert RequestedAnalysis(AnalysisType.BIOMETRY, params=params).thresholds(
        0.5, 0.85, operator
    ) == BiometryThresholds(*band)


def test_quality_thresholds() -> None:
    assert RequestedAnalysis().thresholds(0.4, 0.85, None) == QualityThresholds(0.4, False)
    assert quality_thresholds(AnalysisParams(threshold_spoofing=0.0, extract_best_shot=True), 0.4) == QualityThresholds(
        0.0, True
    )


@pytest.mark.parametrize(
    ("own", "defaults", "both"),
    [
        (
            {},
            {"threshold_spoofing": 0.1, "extract_best_shot": True},
            {"threshold_spoofing": 0.1, "extract_best_shot": True},
        ),
        ({"threshold_spoofing": 0.2}, {"threshold_spoofing": 0.1}, {"threshold_spoofing": 0.2}),
        ({"extract_best_shot": False}, {"extract_best_shot": True}, {"extract_best_shot": False}),
        ({"extract_best_shot": None}, {"extract_best_shot": True}, {"extract_best_shot": True}),
        ({"threshold_min": 0.2}, {"threshold_max": 0.4}, {"threshold_min": 0.2, "threshold_max": 0.4}),
        ({"threshold_min": 0.6}, {"threshold_max": 0.4}, {"threshold_min": 0.6, "threshold_max": 0.6}),
        ({"threshold_max": 0.2}, {"threshold_min": 0.4}, {"threshold_min": 0.2, "threshold_max": 0.2}),
    ],
)
def test_params_beside_analyses_are_the_defaults_of_each(
    own: dict[str, Any], defaults: dict[str, Any], both: dict[str, Any]
) -> None:
    payload = parse({"params": defaults, "analyses": [{"params": own}, {}]})
    assert payload.analyses[0].params == AnalysisParams(**both)
    assert payload.analyses[1].params == AnalysisParams(**defaults)


def test_params_without_analyses_are_those_of_the_one_quality_analysis() -> None:
    forms: list[dict[str, Any]] = [{}, {"analyses": []}, {"analyses": None}]
    for analyses in forms:
        payload = parse({"params": {"extract_best_shot": True}, **analyses})
        assert payload.analyses == (RequestedAnalysis(params=AnalysisParams(extract_best_shot=True)),)


@pytest.mark.parametrize(
    ("value", "exposed", "kind"),
    [
        ({"params": []}, "params", TYPE),
        ({"params": {"threshold_spoofing": True}}, "params.threshold_spoofing", TYPE),
        ({"params": {"threshold_max": 2}}, "params.threshold_max", VALUE),
        ({"params": {"threshold_min": 0.9, "threshold_max": 0.8}}, "params.threshold_min", VALUE),
        ({"params": {"x": float("nan")}}, "params", VALUE),
    ],
)
def test_params_beside_analyses_are_checked(value: Any, exposed: str, kind: type[PayloadError]) -> None:
    assert rejected(json.dumps(value).encode()) == (exposed, kind)


def test_of_several_errors_the_first_in_the_order_of_the_model_is_reported() -> None:
    params: dict[str, Any] = {"threshold_max": 7, "threshold_min": "x", "extract_best_shot": 1}
    analysis: dict[str, Any] = {"params": params, "type": 1, "source_media": ["nobody"]}
    payload: dict[str, Any] = {"analyses": [analysis], "resolution_endpoint": 1, "media:tags": {"photo1": 1}}
    for field, table, key in (
        ("media:tags.photo1", payload, "media:tags"),
        ("resolution_endpoint", payload, "resolution_endpoint"),
        (A + ".source_media[0]", analysis, "source_media"),
        (A + ".type", analysis, "type"),
        (P + ".extract_best_shot", params, "extract_best_shot"),
        (P + ".threshold_min", params, "threshold_min"),
        (P + ".threshold_max", params, "threshold_max"),
    ):
        assert rejected(json.dumps(payload).encode())[0] == field
        del table[key]
    assert parse(payload) == FolderRequest()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(MEDIA),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
params_like = st.dictionaries(
    st.sampled_from(["threshold_spoofing", "extract_best_shot", "threshold_min", "threshold_max"]), json_values
)
analysis_like = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["quality", "BIOMETRY"]) | json_values,
        "meta_data": json_values,
        "source_media": st.lists(st.sampled_from(MEDIA)) | json_values,
        "params": params_like | json_values,
    },
)
payload_like = st.fixed_dictionaries(
    {},
    optional={
        "folder:meta_data": json_values,
        "resolution_endpoint": json_values,
        "media:meta_data": st.dictionaries(st.sampled_from([*MEDIA, "x"]), json_values) | json_values,
        "media:tags": st.dictionaries(st.sampled_from([*MEDIA, "x"]), st.lists(st.text()) | json_values) | json_values,
        "analyses": st.lists(analysis_like, max_size=3) | json_values,
        "x": json_values,
    },
)


def valid_or_rejected(data: bytes) -> None:
    try:
        payload: FolderRequest | PayloadError = parse_payload(data, MEDIA)
    except PayloadError as error:
        payload = error
    if isinstance(payload, PayloadError):
        assert type(payload) in (STRUCTURE, VALUE, TYPE)
        payload.exposed.encode()
        assert payload.exposed.startswith(("payload", "folder:meta_data", "resolution_endpoint", "media:", "analyses"))
        return
    assert 1 <= len(payload.analyses) <= MAX_ANALYSES
    assert {*payload.media_tags, *payload.media_meta_data} <= set(MEDIA)
    for request in payload.analyses:
        assert set(request.source_media) <= set(MEDIA)
        request.thresholds(0.5, 0.85, None)
    everything = [payload.meta_data, payload.media_meta_data, *(request.meta_data for request in payload.analyses)]
    json.dumps(everything, allow_nan=False, ensure_ascii=False).encode()


@settings(max_examples=200)
@given(payload_like | json_values)
def test_any_json_is_valid_or_rejected(value: Any) -> None:
    valid_or_rejected(json.dumps(value).encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_valid_or_rejected(data: bytes) -> None:
    valid_or_rejected(data)
