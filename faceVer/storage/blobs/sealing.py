"""Encryption of stored files: AES-256-GCM in blocks, after the STREAM construction.

A stored file begins with a header. Plain: `PLAIN`. Sealed: `SEALED`, the name of the key (32 bytes, NUL at its end),
a salt (32 bytes). HKDF-SHA256 makes the file's own key of the named key and the salt, so nonces need not be random: 11
bytes count the blocks, the twelfth says whether the block is the last. Header and key of the file are associated data
of each block. Thus a changed, cut, lengthened, reordered or swapped file is refused.

Plain files have a header, too, so that no content can be taken for a sealed file, and no damage to a sealed file's
header can make it a plain one.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from faceVer.storage.blobs.blocks import BLOCK, cut, take

PLAIN, SEALED = b"FVRplain", b"FVRseal1"
NAME, SALT, TAG = 32, 32, 16
HEADER = len(SEALED) + NAME + SALT


class SealError(ValueError):
    """A stored file is not what was stored, or its key is not known; the text says which."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys of FACEVER_STORAGE_KEY by name, 32 bytes each; the first one seals, all unseal; none: files stay plain."""

    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def of(cls, entries: Iterable[str]) -> Keyring:
        """entries: name:64 hex digits, as the settings have checked."""
        pairs = (entry.split(":", 1) for entry in entries)
        return cls({name: bytes.fromhex(digits) for name, digits in pairs})

    @property
    def current(self) -> str:
        """Name of the key that seals; empty if files are stored plain."""
        return next(iter(self.keys), "")

    def seal(self, content: Iterable[bytes], bound: str) -> Iterator[bytes]:
        """What to store. bound: the file's key, under which alone it can be unsealed."""
        if not self.current:
            yield PLAIN
            yield from content
            return
        salt = secrets.token_bytes(SALT)
        header = SEALED + self.current.encode().ljust(NAME, b"\0") + salt
        cipher = self._cipher(self.current, salt)
        yield header
        for number, (block, last) in enumerate(cut(content, BLOCK)):
            yield cipher.encrypt(_nonce(number, last), block, header + bound.encode())

    def unseal(self, stored: Iterator[bytes], bound: str) -> Iterator[bytes]:
        """The content. Raises SealError, at the latest at its end: until then it may be incomplete, never wrong."""
        magic, stored = take(stored, len(SEALED))
        if magic == PLAIN:
            yield from stored
            return
        rest, stored = take(stored, HEADER - len(SEALED))
        header = magic + rest
        cipher = self._cipher(sealed_with(header), header[-SALT:])
        for number, (block, last) in enumerate(cut(stored, BLOCK + TAG)):
            try:
                yield cipher.decrypt(_nonce(number, last), block, header + bound.encode())
            except InvalidTag:
                raise SealError(f"block {number} is not authentic") from None

    def _cipher(self, name: str, salt: bytes) -> AESGCM:
        if name not in self.keys:
            raise SealError("it is encrypted with a key that FACEVER_STORAGE_KEY does not have")
        derive = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"FaceVer stored file")
        return AESGCM(derive.derive(self.keys[name]))


def sealed_with(header: bytes) -> str:
    """Name of the key that sealed the file with this header, empty for a plain one. Raises SealError."""
    if header.startswith(PLAIN):
        return ""
    if len(header) < HEADER or not header.startswith(SEALED):
        raise SealError("its header is damaged")
    return header[len(SEALED) : len(SEALED) + NAME].rstrip(b"\0").decode("latin-1")


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
