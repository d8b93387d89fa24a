"""Archives of pictures of the face, as zipfile, tarfile and the programs `zip` and `tar` write them."""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

from tests.support_faces import encoded
from tests.support_media import make_tar, make_zip
from tests.unit.media.innocents.corpus import FACE, GRAY
from tests.unit.media.innocents.tools import run_tool

PICTURES = [encoded(FACE), encoded(GRAY), encoded(FACE, "PNG")]
NAMES = ("1.jpg", "2.jpg", "10.png")
MEMBERS = list(zip(NAMES, PICTURES, strict=True))
CYRILLIC = ("снимок 1.jpg", "снимок 2.jpg", "снимок 10.png")
APPLE_DOUBLE = b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(200)


class _Pipe(io.RawIOBase):
    """To which a zip can only be streamed."""

    def __init__(self) -> None:
        self.target = io.BytesIO()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        return self.target.write(data)  # type: ignore[call-overload, no-any-return]


class Cp866(zipfile.ZipInfo):
    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("cp866"), self.flag_bits & ~0x800


class Unmarked(zipfile.ZipInfo):
    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode(), self.flag_bits & ~0x800


def streamed_zip(*, is_64: bool = False) -> bytes:
    """Sizes and checksums stand behind each member."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as out:  # type: ignore[arg-type]
        for name, data in MEMBERS:
            with out.open(name, "w", force_zip64=is_64) as member:
                member.write(data)
    return pipe.target.getvalue()


def zip64() -> bytes:
    """Written as if each file were too large for the usual form."""
    with mock.patch.multiple(zipfile, ZIP64_LIMIT=0, ZIP_FILECOUNT_LIMIT=0):
        return make_zip(MEMBERS)


def zip_after(marker: bytes) -> bytes:
    """A zip behind a marker, as programs begin one that could have become several files."""
    stream = io.BytesIO(marker)
    stream.seek(0, io.SEEK_END)
    with zipfile.ZipFile(stream, "a") as out:
        for name, data in MEMBERS:
            out.writestr(name, data)
    return stream.getvalue()


def zip_of(kind: type[zipfile.ZipInfo], names: Sequence[str] = CYRILLIC) -> bytes:
    return make_zip([(kind(name), data) for name, data in zip(names, PICTURES, strict=True)])


def info_zip() -> bytes:
    """By the `zip` program from a pipe: ZIP64, as the size is not known before."""
    return run_tool("zip", "-q", "-", "-", stdin=PICTURES[0])


def from_macos(*, is_tar: bool = False) -> bytes:
    members = [("shots/", b"")] if not is_tar else []
    for name, data in MEMBERS:
        members += [
            (f"shots/{name}", data),
            (f"shots/._{name}" if is_tar else f"__MACOSX/shots/._{name}", APPLE_DOUBLE),
        ]
    members += [("shots/.DS_Store", b"junk"), ("shots/@eaDir/1.jpg@SynoEAStream", b"junk"), ("shots/.nomedia", b"")]
    return make_tar(members) if is_tar else make_zip(members)


def pax(**headers: str) -> bytes:
    """A tar whose members have these extended headers."""
    members = []
    for name, data in MEMBERS:
        info = tarfile.TarInfo(name)
        info.pax_headers = headers
        members.append((info, data))
    return make_tar(members)


def sized_in_pax() -> bytes:
    """The size of each member stands in an extended header alone."""
    stream = io.BytesIO()
    for name, data in MEMBERS:
        info = tarfile.TarInfo(name)
        info.pax_headers = {"size": str(len(data))}
        stream.write(info.tobuf(tarfile.PAX_FORMAT) + data + bytes(-len(data) % 512))
    return stream.getvalue() + bytes(1024)


def gnu_tar(*options: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        for name, data in MEMBERS:
            (Path(folder) / name).write_bytes(data)
        return run_tool("tar", "-c", "-f", "-", "-C", folder, *options, *NAMES)


def in_gzip_members(data: bytes, size: int) -> bytes:
    return b"".join(gzip.compress(data[at : at + size], mtime=0) for at in range(0, len(data), size))


LONG = [("/".join(["folder" * 5] * 10) + f"/{name}", data) for name, data in MEMBERS]
LONG_NAMES = [name for name, _ in LONG]
