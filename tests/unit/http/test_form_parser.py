"""The parser of forms finds the same parts as the `multipart` library, or rejects the form as it does."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from multipart import MultipartError, ParserLimitReached, PushMultipartParser

from faceVer.domain.errors import RequestTypeError, TooLargeError
from faceVer.http.pipeline.forms.parser import FormParser, Part
from faceVer.http.pipeline.forms.part_headers import (
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    PAYLOAD,
    MalformedBodyError,
    disposition,
)
from faceVer.http.pipeline.forms.transfer_encoding import BOM, Encoding, is_base64

BOUNDARY = b"a-boundary"
DASHED = b"--" + BOUNDARY
MAX_PARTS, MAX_SIZE, MAX_BASE64_SIZE = 4, 60, 90
Outcome = list[Part] | type[Exception]


def parser_of(max_parts: int, encoded: bool = False) -> FormParser:
    sizes = {"max_size": MAX_SIZE, "max_base64_size": MAX_BASE64_SIZE}
    return FormParser(BOUNDARY, max_parts=max_parts, **sizes, form_is_base64=encoded)


def own(body: bytes, cuts: list[int], encoded: bool = False) -> Outcome:
    parser = parser_of(MAX_PARTS, encoded)
    edges = [0, *sorted({cut % len(body) for cut in cuts if body} - {0}), len(body)]
    try:
        for start, end in pairwise(edges):
            parser.feed(body[start:end])
        return parser.close()
    except (MalformedBodyError, TooLargeError, RequestTypeError) as error:
        return type(error)


def library(body: bytes, encoded: bool = False) -> Outcome:
    """The body in one piece through the library, which does not treat all ways to cut it alike."""
    parser = PushMultipartParser(
        BOUNDARY,
        max_header_size=MAX_HEADER_BYTES,
        max_header_count=MAX_HEADERS,
        max_segment_count=MAX_PARTS,
        header_charset="latin1",
    )
    parts: list[Part] = []
    head, data = Part("", None, None, Encoding.NONE, b""), b""
    try:
        for event in parser.parse(body):
            if event is None:
                parts.append(head._replace(data=data))
            elif isinstance(event, bytes):
                data += event
                if len(data) > (MAX_BASE64_SIZE if head.encoding else MAX_SIZE):
                    return TooLargeError
            else:
                head, data = library_headers(event.headerlist, encoded), b""
        parser.close()
    except ParserLimitReached:
        return TooLargeError if len(parts) == MAX_PARTS else MalformedBodyError
    except MultipartError:
        return MalformedBodyError
    except RequestTypeError:
        return RequestTypeError
    return parts


def library_headers(headers: list[tuple[str, str]], encoded: bool) -> Part:
    name, filename, content_type, own = "", None, None, None
    for key, raw in headers:
        try:
            value = raw.encode("latin1").decode("utf-8")
        except UnicodeDecodeError:
            value = raw
        match key.lower():
            case "content-disposition":
                name, filename = disposition(value)
            case "content-type":
                content_type = value
            case "content-transfer-encoding":
                own = is_base64(value)
    inherited = encoded and name != PAYLOAD
    encoding = (
        Encoding.BASE64 if own or (own is None and inherited) else Encoding.MAYBE_BASE64 if inherited else Encoding.NONE
    )
    return Part(name, filename, content_type, encoding, b"")


def assert_same(body: bytes, cuts: list[int], encoded: bool = False) -> None:
    expected, outcome = library(body, encoded), own(body, cuts, encoded)
    if b"length" in body.lower() and expected in (MalformedBodyError, TooLargeError):
        # A part above both its Content-Length and the limit: the library names its length first, the parser the lower.
        assert outcome in (MalformedBodyError, TooLargeError)
    else:
        assert outcome == expected


texts = st.text(st.sampled_from("ab%2\\\"'; =é漢*\t\r"), max_size=8).map(lambda text: text.encode())
raw = texts | st.binary(max_size=6)
DISPOSITION = b"Content-Disposition: form-data; name="
dispositions = st.one_of(
    raw.map(lambda name: DISPOSITION + b'"' + name + b'"'),
    st.tuples(raw, raw).map(lambda pair: DISPOSITION + b'"' + pair[0] + b'"; filename="' + pair[1] + b'"'),
    st.just(DISPOSITION + b'"payload"'),
    raw.map(lambda name: b"content-disposition:form-data;NAME=" + name),
    raw.map(lambda name: DISPOSITION + b"x; filename*=UTF-8''" + name),
    st.sampled_from([b"Content-Disposition: attachment", b"Content-Disposition: ", b"Content-Disposition: FORM-DATA "]),
)
others = st.one_of(
    st.sampled_from([b"image/jpeg", b"application/octet-stream ", b"", b"\xff"]).map(b"Content-Type: ".__add__),
    st.sampled_from([b"base64", b"8bit", b"BASE64 ", b"rot13", b""]).map(b"Content-Transfer-Encoding: ".__add__),
    st.sampled_from([b"0", b"3", b"03", b"3 ", b"-1", b"999", b"x", b"\xb2", b"9" * 5000]).map(
        b"Content-Length: ".__add__
    ),
    st.tuples(raw, raw).map(b":".join),
    raw.map(b" ".__add__),
    st.sampled_from([b"\xdf: x", b"X-\xe4: y", b" Content-Type : z", b"no colon", b"a" * 8192, b"a:" + b"b" * 8190]),
)
heads = st.one_of(
    st.tuples(dispositions, others).map(b"\r\n".join),
    st.tuples(others, dispositions).map(b"\r\n".join),
    dispositions,
    st.lists(others | dispositions, max_size=4).map(b"\r\n".join),
    st.just(b"\r\n".join([DISPOSITION + b"x"] + [b"a: b"] * MAX_HEADERS)),
)
PIECES = [b"\r\n", b"\r", b"\n", b"--", DASHED, b"\r\n--a-boundar", b"\r\n--" + BOUNDARY, b"\r\r\n-", b"x" * 30, b" "]
data = st.lists(st.sampled_from(PIECES[:4] + PIECES[5:6] + PIECES[7:]) | st.binary(max_size=20), max_size=4).map(
    b"".join
)
parts = st.tuples(heads, data).map(lambda part: DASHED + b"\r\n" + part[0] + b"\r\n\r\n" + part[1] + b"\r\n")
forms = st.tuples(
    st.sampled_from([b"", b"\r\n", b"preamble\r\n", b"x", b"--a-b\r\n"]),
    st.lists(parts, max_size=5).map(b"".join),
    st.sampled_from([DASHED + b"--", DASHED + b"--\r\n", DASHED + b"--\r\n\r\nepilogue", b""]),
).map(b"".join)
edits = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 8), st.sampled_from(PIECES) | st.binary(max_size=2)))
cuts = st.lists(st.integers(1, 10**6), max_size=12)


@settings(max_examples=500)
@given(forms, cuts, st.booleans())
@example(DASHED + b"\r\n" + DISPOSITION + b'"a"\r\n\r\n' + b"x" * MAX_SIZE + b"\r\n--" + BOUNDARY + b"--", [70], False)
def test_forms_are_parsed_like_the_reference(body: bytes, cuts: list[int], encoded: bool) -> None:
    assert_same(body, cuts, encoded)


@settings(max_examples=500)
@given(forms, edits, cuts)
def test_damaged_forms_are_parsed_like_the_reference(
    body: bytes, edits: list[tuple[int, int, bytes]], cuts: list[int]
) -> None:
    for at, length, text in edits:
        at %= len(body) + 1
        body = body[:at] + text + body[at + length :]
    assert_same(body, cuts)


@given(forms, st.integers(0, 10**6), cuts)
def test_truncated_forms_are_parsed_like_the_reference(body: bytes, length: int, cuts: list[int]) -> None:
    assert_same(body[: length % (len(body) + 1)], cuts)


def form(*parts: tuple[bytes, bytes]) -> bytes:
    return b"".join(DASHED + b"\r\n" + head + b"\r\n\r\n" + data + b"\r\n" for head, data in parts) + (
        DASHED + b"--\r\n"
    )


def test_the_chunks_of_a_form_do_not_change_the_result() -> None:
    body = b"pre\r\n" + form(
        (DISPOSITION + b'"a"; filename="b"', b"\r\n--a-b\r\r"), (b"Content-Length: 0\r\n" + DISPOSITION + b'"c"', b"")
    )
    expected = [Part("a", "b", None, Encoding.NONE, b"\r\n--a-b\r\r"), Part("c", None, None, Encoding.NONE, b"")]
    assert library(body) == expected
    for first in range(len(body)):
        for second in range(first, len(body)):
            assert own(body, [first, second]) == expected


def test_a_byte_order_mark_before_the_form_is_skipped() -> None:
    plain = form((DISPOSITION + b'"a"', b"x"))
    for body in (BOM + plain, b"text\r\n" + plain, b"text" + BOM + plain):
        for cut in range(len(body)):
            assert own(body, [cut]) == library(plain)
    for body in (b"x" + plain, BOM[1:] + plain, b"\n" + plain):
        for cut in range(len(body)):
            assert own(body, [cut]) is MalformedBodyError


def test_a_form_can_arrive_byte_by_byte() -> None:
    body = form(
        (DISPOSITION + b'"a"\r\nContent-Type: x/y; z=1', b"\r\n" * 9), (DISPOSITION + b"b", b"--a-boundary--\r\n")
    )
    assert own(body, list(range(len(body)))) == library(body)


@pytest.mark.parametrize(
    ("head", "data", "outcome"),
    [
        (DISPOSITION + b'"a"', b"x" * MAX_SIZE, None),
        (DISPOSITION + b'"a"', b"x" * (MAX_SIZE + 1), TooLargeError),
        (DISPOSITION + b'"a"\r\nContent-Transfer-Encoding: base64', b"x" * MAX_BASE64_SIZE, None),
        (DISPOSITION + b'"a"\r\nContent-Transfer-Encoding: base64', b"x" * (MAX_BASE64_SIZE + 1), TooLargeError),
        (DISPOSITION + b'"a"\r\nContent-Length: 3', b"xxx", None),
        (DISPOSITION + b'"a"\r\nContent-Length: 3', b"xxxx", MalformedBodyError),
        (DISPOSITION + b'"a"\r\nContent-Length: 3', b"xx", MalformedBodyError),
        (DISPOSITION + b'"a"\r\nContent-Length: 3\r\nContent-Length: 3', b"xxx", MalformedBodyError),
    ],
)
def test_parts_above_the_size_limit_are_rejected(head: bytes, data: bytes, outcome: type[Exception] | None) -> None:
    body = form((head, data))
    for cuts in ([], [len(body) - 15], list(range(len(body)))):
        found = own(body, cuts)
        assert found == outcome if outcome else isinstance(found, list)
        assert found == library(body)


@pytest.mark.parametrize("count", [MAX_PARTS, MAX_PARTS + 1])
def test_too_many_parts_are_rejected(count: int) -> None:
    body = form(*[(DISPOSITION + b'"a"', b"")] * count)
    assert (own(body, []) is TooLargeError) == (count > MAX_PARTS)


def test_a_part_that_is_too_large_is_rejected_while_it_arrives() -> None:
    parser = parser_of(max_parts=1)
    parser.feed(DASHED + b"\r\n" + DISPOSITION + b'"a"\r\n\r\n' + bytes(MAX_SIZE))
    with pytest.raises(TooLargeError):
        parser.feed(b"x")


def test_an_endless_header_is_rejected_while_it_arrives() -> None:
    parser = parser_of(max_parts=1)
    parser.feed(DASHED + b"\r\nX-Long: " + b"x" * (MAX_HEADER_BYTES - 8))
    with pytest.raises(MalformedBodyError):
        parser.feed(b"xx")


def test_an_endless_preamble_is_not_kept() -> None:
    parser = parser_of(max_parts=1)
    for _ in range(100):
        parser.feed(b"-" * 1000)
    assert len(parser._rest) < 20
    parser.feed(b"\r\n" + form((DISPOSITION + b'"a"', b"x")))
    assert parser.close() == [Part("a", None, None, False, b"x")]
