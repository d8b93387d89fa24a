"""Reading header values and base64 in all forms that clients send."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceVer.domain.errors import RequestTypeError
from faceVer.http.pipeline.forms.content_types import boundary_of, media_type
from faceVer.http.pipeline.forms.part_headers import disposition
from faceVer.http.pipeline.forms.transfer_encoding import is_base64, unbase64


@given(
    st.binary(max_size=200),
    st.booleans(),
    st.booleans(),
    st.integers(1, 80),
    st.sampled_from([b"\n", b"\r\n", b" ", b"\t"]),
    st.booleans(),
)
def test_every_form_of_base64_is_decoded(
    data: bytes, url_safe: bool, padded: bool, width: int, gap: bytes, uri: bool
) -> None:
    text = (base64.urlsafe_b64encode if url_safe else base64.b64encode)(data)
    text = text if padded else text.rstrip(b"=")
    text = gap.join(text[at : at + width] for at in range(0, len(text), width))
    assert unbase64((b"data:image/jpeg;base64," if uri else b"") + text) == data


@pytest.mark.parametrize(
    "text", [b"@@@@", b"AAAA!", b"A", b"AAAAA", b"AA=A", b"\xff\xd8\xff", b"data:image/jpeg,AAAA", "Ж".encode()]
)
def test_text_that_is_not_base64_is_rejected(text: bytes) -> None:
    with pytest.raises(ValueError, match="base64"):
        unbase64(text)


@given(st.binary(max_size=100))
def test_decoding_returns_bytes_or_raises_value_error(text: bytes) -> None:
    try:
        assert isinstance(unbase64(text), bytes)
    except ValueError as error:
        assert str(error) == "not base64"  # noqa: PT017


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("multipart/form-data; boundary=72468", b"72468"),
        ('multipart/form-data; boundary="a b:c"', b"a b:c"),
        ("multipart/form-data; charset=utf-8; BOUNDARY=x", b"x"),
        ("multipart/form-data;boundary=----=_Part_0_1.2", b"----=_Part_0_1.2"),
        ("multipart/form-data; boundary=x; charset=utf-8", b"x"),
        (r'multipart/form-data; boundary="a\"b"', b'a"b'),
        ('multipart/form-data; type="a;boundary=zz"; boundary=x', b"x"),
        ("multipart/form-data; boundary = x y", b"x"),
    ],
)
def test_boundaries_are_read(header: str, expected: bytes) -> None:
    assert boundary_of(header) == expected


@pytest.mark.parametrize(
    "header",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        'multipart/form-data; boundary="x',
        "multipart/form-data; boundary=" + "x" * 300,
    ],
)
def test_types_without_a_usable_boundary_are_rejected(header: str) -> None:
    with pytest.raises(RequestTypeError):
        boundary_of(header)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('form-data; name="a"', ("a", None)),
        ("form-data; name=a; filename=b.bin", ("a", "b.bin")),
        ('form-data; filename="b.bin"; name="a"', ("a", "b.bin")),
        ('form-data; name="a"; filename="второй шаблон.bin"', ("a", "второй шаблон.bin")),
        (r'form-data; name="a"; filename="say \"x\".t"', ("a", 'say "x".t')),
        ('form-data; name="a"; filename="say %22x%22.t"', ("a", 'say "x".t')),
        (r'form-data; name="a"; filename="C:\faces\1.t"', ("a", r"C:\faces\1.t")),
        ('form-data; name="a"; filename="x"; filename*=UTF-8\'\'%D1%88.t', ("a", "ш.t")),
        ("form-data; name=\"a\"; filename*=iso-8859-1'en'%A3.t", ("a", "£.t")),
        ('form-data; name="a"; filename="x"; filename*=utf-7\'\'+2AA-', ("a", "x")),
        ("form-data; name=\"a\"; filename*=UTF-8''%FF", ("a", None)),
        ('form-data; name="a"; filename=""', ("a", "")),
        ('form-data; name="a"; filename="third (3); x=1.t"', ("a", "third (3); x=1.t")),
        # As Apache HttpClient and form-data of npm write them:
        ('form-data; name="a"; filename="a"b.t"', ("a", 'a"b.t')),
        ('form-data; filename="say "x"" ; name="a"', ("a", 'say "x"')),
        ('form-data; filename="open; name="a"', ("", 'open; name="a')),
        ('form-data; filename="open; name=a', ("a", '"open')),
        ("form-data", ("", None)),
        ("", ("", None)),
    ],
)
def test_dispositions_are_read(value: str, expected: tuple[str, str | None]) -> None:
    assert disposition(value) == expected


@given(st.text(max_size=100))
def test_any_disposition_is_read_without_an_error(text: str) -> None:
    name, filename = disposition("form-data; " + text)
    assert isinstance(name, str)
    assert filename is None or isinstance(filename, str)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, False),
        ("", False),
        ("base64", True),
        ("BASE64", True),
        (" base64 ", True),
        ("binary", False),
        ("8bit", False),
        ("7Bit", False),
    ],
)
def test_transfer_encodings_are_read(header: str | None, expected: bool) -> None:
    assert is_base64(header) is expected


@pytest.mark.parametrize("header", ["x-rot13", "quoted-printable", "gzip", "base64,base64"])
def test_unknown_transfer_encodings_are_rejected(header: str) -> None:
    with pytest.raises(RequestTypeError):
        is_base64(header)


def test_media_types_are_read() -> None:
    assert [media_type(header) for header in (None, "IMAGE/JPEG; q=1", " image/png ")] == [
        "",
        "image/jpeg",
        "image/png",
    ]


def lenient(data: bytes) -> bytes:
    """The plain definition of `unbase64`."""
    head = re.match(rb"\s*data:[^,]{0,200};base64,", data, re.IGNORECASE)
    text = re.sub(rb"[ \t\r\n\v\f]", b"", data[head.end() :] if head else data)
    text = text.replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
    if len(text) % 4 == 1 or not re.fullmatch(rb"[A-Za-z0-9+/]*", text):
        raise ValueError("not base64")
    return base64.b64decode(text + b"=" * (-len(text) % 4))


@settings(max_examples=1000)
@given(
    st.sampled_from([b"", b"data:image/png;base64,", b" \nDATA:;base64,", b"data:,"]),
    st.lists(
        st.sampled_from([b"A", b"z", b"9", b"+", b"/", b"-", b"_", b"=", b"\n", b" ", b"\v", b"!", b"\xff", b"\0"])
    ),
)
def test_base64_accepts_what_its_definition_accepts(head: bytes, letters: list[bytes]) -> None:
    text = head + b"".join(letters)
    try:
        expected = lenient(text)
    except ValueError:
        with pytest.raises(ValueError, match="not base64"):
            unbase64(text)
    else:
        assert unbase64(text) == expected
