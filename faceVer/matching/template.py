"""Encode and decode binary templates. docs/template-format.md specifies every byte.

0   4   magic "FVTP"
4   1   format version, 1
5   1   flags: bit 0 = the body is encrypted
6   2   zero
8   4   body length n, little-endian
12  n   body: msgpack map {model, dim, dtype, data}, or nonce (12) + AES-256-GCM of it with bytes 0..11 as AAD
12+n 16 the first half of the SHA-256 of all bytes before
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import msgpack
import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from faceVer.domain.errors import OtherModelError, TemplateError

MAGIC = b"FVTP"
VERSION = 1
ENCRYPTED = 0x01
HEADER = struct.Struct("<4sBBHI")
CHECKSUM = 16
NONCE = 12
MAX_LENGTH = 64 * 1024
"""Longest template that is parsed, in bytes: 8,192 float64 numbers."""
DTYPES: dict[str, np.dtype[np.floating[Any]]] = {"<f2": np.dtype("<f2"), "<f4": np.dtype("<f4")}
STORED = "<f2"
"""The type of the numbers. Half precision changes cosines by less than 1e-4 and halves the size."""
# Rounding a unit vector to half precision changes its norm by far less than this.
NORM_TOLERANCE = 0.01
MODEL_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
"""Model ids that errors repeat; anyone can write others into a template that is not encrypted."""
NOT_UNIT = "the template's numbers are not a unit vector"
BLOCK = 128
"""Templates decoded at a time: as float64 they fit a core's cache."""


class TemplateCodec:
    """Templates of one model: `dimension` numbers made by the model `identity`, encrypted where a key is given.

    accept_plain: read templates that are not encrypted although a key is given. Anyone can make these.
    """

    def __init__(self, identity: str, dimension: int, key: bytes | None = None, *, accept_plain: bool = False) -> None:
        self.identity = identity
        self._dimension = dimension
        self._cipher = AESGCM(key) if key else None
        self._accepts_plain = accept_plain or not key
        # Every unencrypted template of this model begins with the same bytes: comparing them is faster than parsing.
        sample = self._plain(bytes(dimension * DTYPES[STORED].itemsize))
        self._length = len(sample)
        self._data = self._length - CHECKSUM - dimension * DTYPES[STORED].itemsize
        self._prefix = sample[: self._data]

    def encode(self, vector: NDArray[np.float32]) -> bytes:
        """The template of a unit vector, (dimension,) float32."""
        data = np.asarray(vector, dtype=DTYPES[STORED]).tobytes()
        if self._cipher is None:
            return self._plain(data)
        body = self._body(data)
        header = HEADER.pack(MAGIC, VERSION, ENCRYPTED, 0, NONCE + len(body) + 16)
        nonce = os.urandom(NONCE)
        return _with_checksum(header + nonce + self._cipher.encrypt(nonce, body, header))

    def may_read(self, blob: bytes) -> bool:
        """Whether it begins as the unencrypted templates of this model do; `decode` checks the rest."""
        return blob.startswith(self._prefix)

    def decode(self, blob: bytes) -> NDArray[np.float32]:
        """The unit vector in `blob`, (dimension,) float32. Raises OtherModelError; TemplateError on anything else."""
        # The same as `blocks` for one template, without the cost of arrays of one number.
        canonical = self._are_canonical((blob,))
        row = np.frombuffer(blob, DTYPES[STORED], self._dimension, self._data) if canonical else self._read(blob)
        with np.errstate(over="ignore", invalid="ignore"):
            wide = row.astype(np.float64)
            norm = math.sqrt(wide.dot(wide))
        if not abs(norm - 1) < NORM_TOLERANCE:  # also true for infinity and NaN
            raise TemplateError(NOT_UNIT)
        return wide.astype(np.float32)

    def blocks(self, blobs: Sequence[bytes]) -> Iterator[NDArray[np.float64]]:
        """The unit vectors of N templates, in blocks of (up to `BLOCK`, dimension) float64.

        Raises TemplateError for the first block with an invalid template. Blocks, because the caller's next step then
        reads them from the core's cache; the vectors of many templates together would not fit there.
        """
        for start in range(0, len(blobs), BLOCK):
            yield _unit_vectors(self._rows(blobs[start : start + BLOCK]))

    def _rows(self, blobs: Sequence[bytes]) -> NDArray[Any]:
        """The numbers of a few templates, (N, dimension), of the type they are written in."""
        if not self._are_canonical(blobs):
            return np.stack([self._read(blob) for blob in blobs])
        envelopes = np.frombuffer(b"".join(blobs), np.uint8).reshape(len(blobs), self._length)
        return np.ascontiguousarray(envelopes[:, self._data : -CHECKSUM]).view(DTYPES[STORED])

    def _are_canonical(self, blobs: Sequence[bytes]) -> bool:
        """Whether all are unencrypted, undamaged templates of this model, as `encode` writes them, and accepted."""
        if not self._accepts_plain:
            return False
        length, prefix, sha256 = self._length, self._prefix, hashlib.sha256
        for blob in blobs:
            if (
                len(blob) != length
                or not blob.startswith(prefix)
                or not blob.endswith(sha256(blob[:-CHECKSUM]).digest()[:CHECKSUM])
            ):
                return False
        return True

    def _read(self, blob: bytes) -> NDArray[Any]:
        body = self._open(blob)
        head = self._prefix[HEADER.size :]
        if len(body) == self._length - HEADER.size - CHECKSUM and body.startswith(head):
            return np.frombuffer(body, DTYPES[STORED], self._dimension, len(head))
        try:
            fields = msgpack.unpackb(body, raw=False, strict_map_key=True)
        except MemoryError:
            raise
        except Exception as error:  # msgpack raises ValueError and its own kinds
            raise TemplateError(f"the template's body is not msgpack: {type(error).__name__}") from error
        if not isinstance(fields, dict) or set(fields) != {"model", "dim", "dtype", "data"}:
            raise TemplateError("the template's body has other fields")
        if fields["model"] != self.identity:
            theirs = fields["model"] if isinstance(fields["model"], str) else ""
            named = theirs if MODEL_ID.fullmatch(theirs) else "another model"
            raise OtherModelError(exposed=f"made by {named}")
        name, data = fields["dtype"], fields["data"]
        dtype = DTYPES.get(name) if isinstance(name, str) else None
        if (
            type(fields["dim"]) is not int
            or fields["dim"] != self._dimension
            or dtype is None
            or not isinstance(data, bytes)
            or len(data) != self._dimension * dtype.itemsize
        ):
            raise TemplateError("the template's dimension, dtype and length do not agree")
        return np.frombuffer(data, dtype)

    def _open(self, blob: bytes) -> bytes:
        """The decrypted body of an undamaged template. Raises TemplateError."""
        if not HEADER.size + CHECKSUM <= len(blob) <= MAX_LENGTH:
            raise TemplateError(f"{len(blob)} bytes are not a template")
        magic, version, flags, zero, length = HEADER.unpack_from(blob)
        if magic != MAGIC:
            raise TemplateError("the bytes are not a template")
        if version != VERSION or flags & ~ENCRYPTED or zero:
            raise TemplateError(f"template format {version}, flags {flags:#x} are not known to this version")
        if len(blob) != HEADER.size + length + CHECKSUM:
            raise TemplateError("the template is truncated or has bytes to spare")
        if hashlib.sha256(blob[:-CHECKSUM]).digest()[:CHECKSUM] != blob[-CHECKSUM:]:
            raise TemplateError("the template's checksum does not match")
        body = blob[HEADER.size : -CHECKSUM]
        if not flags & ENCRYPTED:
            if not self._accepts_plain:
                raise TemplateError("the template is not encrypted and a key is configured")
            return body
        if self._cipher is None:
            raise TemplateError("the template is encrypted and no key is configured")
        try:
            return self._cipher.decrypt(body[:NONCE], body[NONCE:], blob[: HEADER.size])
        except (InvalidTag, ValueError) as error:
            raise TemplateError("the template was encrypted with another key") from error

    def _body(self, data: bytes) -> bytes:
        return bytes(
            msgpack.packb(
                {"model": self.identity, "dim": self._dimension, "dtype": STORED, "data": data}, use_bin_type=True
            )
        )

    def _plain(self, data: bytes) -> bytes:
        body = self._body(data)
        return _with_checksum(HEADER.pack(MAGIC, VERSION, 0, 0, len(body)) + body)


def to_half_precision(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors of any shape as templates store them: rounded to `STORED` and back."""
    return np.asarray(vectors.astype(DTYPES[STORED]), dtype=np.float32)


def _unit_vectors(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Rows of templates' numbers, (N, D), as float64. Raises TemplateError where one is not a unit vector."""
    with np.errstate(over="ignore", invalid="ignore"):
        wide = rows.astype(np.float64)
        norms = np.sqrt(np.vecdot(wide, wide))
    # Also false for NaN.
    if not np.all(np.abs(norms - 1) < NORM_TOLERANCE):
        raise TemplateError(NOT_UNIT)
    return wide


def _with_checksum(blob: bytes) -> bytes:
    return blob + hashlib.sha256(blob).digest()[:CHECKSUM]
