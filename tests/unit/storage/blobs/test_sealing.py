"""Encryption of stored files: any content in any chunks, and no change that goes unnoticed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceVer.storage.blobs import sealing
from faceVer.storage.blobs.sealing import HEADER, PLAIN, TAG, Keyring, SealError, sealed_with
from tests.unit.storage.blobs.support import FIRST, SECOND

KEY = "0" * 32 + ".jpg"
BLOCK = 64
RING = Keyring.of([FIRST])


@pytest.fixture(autouse=True, scope="module")
def small_blocks():
    """Blocks of 64 bytes, so that a short content has several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing, "BLOCK", BLOCK)
        yield


def seal(content: bytes, ring: Keyring = RING) -> bytes:
    return b"".join(ring.seal([content], KEY))


def unseal(stored: bytes, ring: Keyring = RING, key: str = KEY) -> bytes:
    return b"".join(ring.unseal(iter([stored]), key))


def pieces(content: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted(cut % (len(content) + 1) for cut in cuts)
    return [content[a:b] for a, b in zip([0, *places], [*places, len(content)], strict=True)]


CUTS = st.lists(st.integers(0, 1000), max_size=8)
CONTENTS = st.one_of(st.binary(max_size=300), st.sampled_from([bytes(BLOCK * n) for n in range(4)]))


@given(CONTENTS, CUTS, CUTS, st.sampled_from([(), (FIRST,), (SECOND, FIRST)]))
def test_any_content_in_any_chunks_comes_back(content, written, read, keys):
    ring = Keyring.of(keys)
    stored = b"".join(ring.seal(pieces(content, written), KEY))
    assert b"".join(ring.unseal(iter(pieces(stored, read)), KEY)) == content
    assert sealed_with(stored[:HEADER]) == ring.current


@given(CONTENTS)
@settings(max_examples=20)
def test_every_changed_byte_is_noticed(content):
    stored = seal(content)
    for place in range(len(stored)):
        changed = bytearray(stored)
        changed[place] ^= 1 << place % 8
        with pytest.raises(SealError):
            unseal(bytes(changed))


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_every_truncation_and_extension_is_noticed(size):
    stored = seal(bytes(size))
    for length in range(len(stored)):
        with pytest.raises(SealError):
            unseal(stored[:length])
    with pytest.raises(SealError):
        unseal(stored + b"\0")


def test_blocks_cannot_be_moved_repeated_or_taken_out():
    stored = seal(bytes(range(3)) * BLOCK)
    size = BLOCK + TAG
    header, blocks = stored[:HEADER], [stored[HEADER + n * size :][:size] for n in range(3)]
    assert unseal(header + b"".join(blocks)) == bytes(range(3)) * BLOCK
    for order in ([1, 0, 2], [0, 2, 1], [2, 1, 0], [0, 0, 1, 2], [0, 2], [1, 2], [0, 1], [2], []):
        with pytest.raises(SealError):
            unseal(header + b"".join(blocks[number] for number in order))


def test_a_header_fits_no_other_file():
    one, other = seal(bytes(100)), seal(bytes(100))
    assert one[HEADER:] != other[HEADER:]
    with pytest.raises(SealError):
        unseal(one[:HEADER] + other[HEADER:])


def test_a_file_under_another_key_of_the_storage_is_refused():
    with pytest.raises(SealError):
        unseal(seal(b"content"), key="1" * 32 + ".jpg")


def test_a_wrong_or_unknown_encryption_key_is_refused():
    name = FIRST.split(":")[0]
    with pytest.raises(SealError, match="block 0"):
        unseal(seal(b"content"), Keyring.of([f"{name}:" + "ff" * 32]))
    with pytest.raises(SealError, match="STORAGE_KEY"):
        unseal(seal(b"content"), Keyring.of([SECOND]))


def test_content_that_looks_like_a_stored_file_stays_content():
    for content in (seal(b"x"), PLAIN, sealing.SEALED):
        assert unseal(seal(content, Keyring({})), Keyring({})) == content


def test_what_is_stored_does_not_show_the_content():
    content = b"a face" * 100
    assert b"a face" not in seal(content)
    assert b"a face" in seal(content, Keyring({}))


def test_a_keyring_does_not_show_its_keys():
    assert "0a0a" not in repr(RING)
