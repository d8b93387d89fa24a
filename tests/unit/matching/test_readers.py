"""Templates of several models: each is read by the model that made it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from faceVer.domain.errors import OtherModelError, TemplateError
from faceVer.matching.readers import TemplateReaders
from faceVer.matching.template import MAGIC, TemplateCodec

KEY = bytes(range(32))
NAMES = ("new-2-def", "old-1-abc", "older-0-fff")
DIMENSIONS = (8, 16, 8)


def codecs(key: bytes | None = None) -> list[TemplateCodec]:
    return [TemplateCodec(name, size, key, accept_plain=True) for name, size in zip(NAMES, DIMENSIONS, strict=True)]


def vector(size: int, seed: int = 0) -> NDArray[np.float32]:
    values = np.random.default_rng(seed).normal(size=size)
    return (values / np.linalg.norm(values)).astype(np.float32)


@given(st.lists(st.tuples(st.sampled_from(range(3)), st.booleans()), max_size=12))
def test_every_template_of_a_mixed_gallery_is_found_at_its_model(gallery: list[tuple[int, bool]]) -> None:
    """Encrypted and plain ones, of three models, two of them with one dimension."""
    writers = {False: codecs(), True: codecs(KEY)}
    readers = TemplateReaders(writers[True])
    blobs = [
        writers[encrypted][place].encode(vector(DIMENSIONS[place], number))
        for number, (place, encrypted) in enumerate(gallery)
    ]
    found = readers.places(blobs)
    assert sorted(number for numbers in found.values() for number in numbers) == list(range(len(blobs)))
    for place, numbers in found.items():
        assert numbers == [number for number, (expected, _) in enumerate(gallery) if expected == place]
    for number, blob in enumerate(blobs):
        place, read = readers.decode(blob)
        assert place == gallery[number][0]
        assert read == pytest.approx(vector(DIMENSIONS[place], number), abs=1e-3)


@given(st.binary(max_size=300), st.sampled_from(range(3)), st.integers(0, 400), st.integers(0, 255))
def test_what_is_no_template_is_an_error_for_any_number_of_models(
    noise: bytes, place: int, at: int, value: int
) -> None:
    readers = TemplateReaders(codecs())
    blob = bytearray(codecs()[place].encode(vector(DIMENSIONS[place])))
    at %= len(blob)
    for data in (noise, MAGIC + noise, bytes(blob[:at]), bytes(blob[:at] + bytes([value ^ blob[at] or 1]) + noise)):
        with pytest.raises(TemplateError):
            readers.decode(data)


def test_a_damaged_template_is_damaged_and_not_of_another_model() -> None:
    readers = TemplateReaders(codecs())
    for codec, size in zip(codecs(), DIMENSIONS, strict=True):
        blob = codec.encode(vector(size))
        with pytest.raises(TemplateError, match="checksum") as raised:
            readers.decode(blob[:-1] + bytes([blob[-1] ^ 1]))
        assert not isinstance(raised.value, OtherModelError)


def test_an_unread_model_is_named_with_all_that_are_read_and_the_way_out() -> None:
    stale = TemplateCodec("first-0-000", 8).encode(vector(8))
    for count, names in ((1, "new-2-def"), (3, "new-2-def or old-1-abc or older-0-fff")):
        readers = TemplateReaders(codecs()[:count])
        for read in (readers.decode, lambda blob, readers=readers: readers.places([blob])):
            with pytest.raises(OtherModelError) as raised:
                read(stale)
            assert raised.value.exposed == (
                f"made by first-0-000, not by {names}; "
                "facever reextract makes it again from its photo; FACEVER_ALSO_READ reads it until then"
            )


def test_a_plain_template_of_an_older_model_is_refused_where_a_key_demands_it() -> None:
    strict = TemplateReaders([TemplateCodec(name, 8, KEY) for name in NAMES])
    for name in NAMES:
        with pytest.raises(TemplateError, match="not encrypted"):
            strict.decode(TemplateCodec(name, 8).encode(vector(8)))
        assert strict.decode(TemplateCodec(name, 8, KEY).encode(vector(8)))[0] == NAMES.index(name)
