"""The template format: what goes in comes out, and nothing else is ever a template."""

from __future__ import annotations

import hashlib

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from faceVer.domain.errors import TemplateError
from faceVer.matching.template import BLOCK, CHECKSUM, HEADER, MAGIC, MAX_LENGTH, TemplateCodec, to_half_precision

DIM = 16
CODEC = TemplateCodec("model-1-abc", DIM)
KEY, OTHER_KEY = bytes(range(32)), bytes(32)


def unit(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return (values / np.linalg.norm(values)).astype(np.float32)


VECTOR = unit(np.arange(1, DIM + 1, dtype=np.float32))
vectors = (
    arrays.arrays(np.float32, DIM, elements=st.floats(-1, 1, width=32))
    .filter(lambda v: float(np.linalg.norm(v)) > 0.1)
    .map(unit)
)


def sealed(body: bytes, *, magic: bytes = MAGIC, version: int = 1, flags: int = 0, zero: int = 0) -> bytes:
    blob = HEADER.pack(magic, version, flags, zero, len(body)) + body
    return blob + hashlib.sha256(blob).digest()[:CHECKSUM]


def body(**changes: object) -> bytes:
    fields = {"model": "model-1-abc", "dim": DIM, "dtype": "<f2", "data": VECTOR.astype("<f2").tobytes(), **changes}
    return bytes(msgpack.packb({name: value for name, value in fields.items() if value is not None}))


@given(vectors)
def test_round_trip(vector: NDArray[np.float32]) -> None:
    again = CODEC.decode(CODEC.encode(vector))
    assert again.dtype == np.float32
    assert np.array_equal(again, to_half_precision(vector))
    assert float(again @ vector / np.linalg.norm(again)) > 1 - 1e-4


@given(st.lists(vectors, min_size=1, max_size=5), st.booleans())
def test_many_equal_one_by_one(many: list[NDArray[np.float32]], encrypt_one: bool) -> None:
    keyed = TemplateCodec("model-1-abc", DIM, KEY, accept_plain=True)
    blobs = [CODEC.encode(vector) for vector in many]
    if encrypt_one:
        blobs[0] = keyed.encode(many[0])
    assert np.array_equal(np.concatenate(list(keyed.blocks(blobs))), np.stack([keyed.decode(blob) for blob in blobs]))


def test_the_written_bytes_are_what_the_format_says() -> None:
    assert CODEC.encode(VECTOR) == sealed(body())


def test_single_precision_is_read_too() -> None:
    data = VECTOR.astype("<f4").tobytes()
    assert np.array_equal(CODEC.decode(sealed(body(dtype="<f4", data=data))), VECTOR)


@pytest.mark.parametrize("key", [None, KEY])
def test_every_truncation_is_refused(key: bytes | None) -> None:
    codec = TemplateCodec("model-1-abc", DIM, key)
    blob = codec.encode(VECTOR)
    for length in range(len(blob)):
        with pytest.raises(TemplateError):
            codec.decode(blob[:length])
    with pytest.raises(TemplateError):
        codec.decode(blob + b"\0")


@pytest.mark.parametrize("key", [None, KEY])
def test_every_single_byte_change_is_refused(key: bytes | None) -> None:
    codec = TemplateCodec("model-1-abc", DIM, key)
    blob = codec.encode(VECTOR)
    for at in range(len(blob)):
        for change in (1, 0x80, 0xFF):
            altered = bytearray(blob)
            altered[at] ^= change
            with pytest.raises(TemplateError):
                codec.decode(bytes(altered))


@settings(max_examples=300)
@given(st.binary(max_size=400), st.booleans())
def test_random_bytes_are_refused(noise: bytes, with_magic: bool) -> None:
    with pytest.raises(TemplateError):
        CODEC.decode(MAGIC + noise if with_magic else noise)


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_random_bodies_with_a_valid_checksum_are_rejected(noise: bytes) -> None:
    with pytest.raises(TemplateError):
        CODEC.decode(sealed(noise))


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "another-model"},
        {"model": 7},
        {"model": None},
        {"dim": DIM + 1},
        {"dim": float(DIM)},
        {"dim": True},
        {"dtype": "<f8"},
        {"dtype": ["<f2"]},
        {"data": b""},
        {"data": bytes(2 * DIM - 1)},
        {"data": "text" * 8},
        {"data": None},
        {"extra": 1},
    ],
)
def test_wrong_fields_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(TemplateError):
        CODEC.decode(sealed(body(**changes)))


@pytest.mark.parametrize("version", [0, 2, 255])
def test_unknown_versions_are_refused(version: int) -> None:
    with pytest.raises(TemplateError, match="not known"):
        CODEC.decode(sealed(body(), version=version))


@pytest.mark.parametrize(
    "values",
    [np.zeros(DIM), np.full(DIM, np.nan), np.full(DIM, np.inf), np.r_[VECTOR[:-1], np.nan], 3 * VECTOR, 0.5 * VECTOR],
)
def test_vectors_that_are_not_unit_are_refused(values: NDArray[np.float64]) -> None:
    with pytest.raises(TemplateError, match="unit"):
        CODEC.decode(CODEC.encode(values.astype(np.float32)))


def test_one_bad_template_among_many_is_refused() -> None:
    good = CODEC.encode(VECTOR)
    for bad in (b"", good[:-1], CODEC.encode(np.zeros(DIM, np.float32))):
        with pytest.raises(TemplateError):
            np.concatenate(list(CODEC.blocks([good, bad, good])))


def test_more_than_one_block_at_once() -> None:
    random = np.random.default_rng(0)
    many = [unit(row) for row in random.normal(size=(2 * BLOCK + 1, DIM)).astype(np.float32)]
    blobs = [CODEC.encode(vector) for vector in many]
    assert np.array_equal(np.concatenate(list(CODEC.blocks(blobs))), to_half_precision(np.stack(many)))
    for at in (0, BLOCK, 2 * BLOCK):
        bad = [*blobs[:at], CODEC.encode(2 * many[at]), *blobs[at + 1 :]]
        with pytest.raises(TemplateError, match="unit"):
            np.concatenate(list(CODEC.blocks(bad)))


@pytest.mark.parametrize("bits", [0x7F800001, 0x7FC00000, 0x7F800000, 0xFF800000])
def test_single_precision_that_is_no_number_is_refused_without_a_warning(bits: int) -> None:
    blob = sealed(body(dtype="<f4", data=np.full(DIM, bits, "<u4").tobytes()))
    for blobs in ([blob], [blob, CODEC.encode(VECTOR)]):
        with pytest.raises(TemplateError, match="unit"):
            np.concatenate(list(CODEC.blocks(blobs)))
    with pytest.raises(TemplateError, match="unit"):
        CODEC.decode(blob)


def test_huge_input_is_refused_unread() -> None:
    with pytest.raises(TemplateError):
        CODEC.decode(bytes(MAX_LENGTH + 1))


def test_templates_of_another_model_or_dimension_are_refused() -> None:
    with pytest.raises(TemplateError) as raised:
        TemplateCodec("model-2-def", DIM).decode(CODEC.encode(VECTOR))
    assert raised.value.exposed == "made by model-1-abc"
    with pytest.raises(TemplateError):
        TemplateCodec("model-1-abc", 8).decode(CODEC.encode(VECTOR))


@pytest.mark.parametrize("name", ["a\nb", "x" * 200, "", 7, ["model-1-abc"]])
def test_only_what_can_be_a_models_name_is_repeated(name: object) -> None:
    with pytest.raises(TemplateError) as raised:
        CODEC.decode(sealed(body(model=name)))
    assert raised.value.exposed == "made by another model"


class TestEncryption:
    codec = TemplateCodec("model-1-abc", DIM, KEY)

    def test_round_trip_with_a_fresh_nonce_each_time(self) -> None:
        first, second = self.codec.encode(VECTOR), self.codec.encode(VECTOR)
        assert first != second
        assert np.array_equal(self.codec.decode(first), self.codec.decode(second))

    def test_nothing_of_the_vector_or_model_is_readable(self) -> None:
        blob = self.codec.encode(VECTOR)
        assert b"model" not in blob
        assert VECTOR.astype("<f2").tobytes()[:8] not in blob

    def test_missing_key(self) -> None:
        with pytest.raises(TemplateError, match="no key"):
            CODEC.decode(self.codec.encode(VECTOR))

    def test_wrong_key(self) -> None:
        with pytest.raises(TemplateError, match="another key"):
            TemplateCodec("model-1-abc", DIM, OTHER_KEY).decode(self.codec.encode(VECTOR))

    @pytest.mark.parametrize("dtype", ["<f2", "<f4"])
    def test_plain_templates_are_refused_with_a_key_unless_accepted(self, dtype: str) -> None:
        """Anyone can make one: its checksum is no secret."""
        forged = sealed(body(data=VECTOR.astype(dtype).tobytes(), dtype=dtype))
        with pytest.raises(TemplateError, match="not encrypted"):
            self.codec.decode(forged)
        with pytest.raises(TemplateError, match="not encrypted"):
            list(self.codec.blocks([self.codec.encode(VECTOR), forged]))
        accepting = TemplateCodec("model-1-abc", DIM, KEY, accept_plain=True)
        assert np.array_equal(accepting.decode(forged), CODEC.decode(forged))
        assert np.array_equal(accepting.decode(self.codec.encode(VECTOR)), to_half_precision(VECTOR))


def test_a_template_of_version_1_0_is_readable() -> None:
    """Bytes that 1.0 wrote: every later version must decode them."""
    blob = bytes.fromhex(
        "46565450010000004900000084a56d6f64656cab6d6f64656c2d312d616263a364696d10a56474797065a33c6632a4646174"
        "61c4209e269e2af72c9e2e2330f730cb319e32723323348d34f7346135cb3534369e362c320b10d2fbb84de8f38090b1017f"
        "dc"
    )
    assert np.array_equal(CODEC.decode(blob), to_half_precision(VECTOR))
