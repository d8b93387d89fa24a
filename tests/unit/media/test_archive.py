from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceVer.domain.errors import SampleError
from faceVer.media import archive, archive_tar, archive_zip
from faceVer.media.archive import natural_key, read_archive
from faceVer.media.archive_gzip import GzipStream
from faceVer.media.limits import MediaLimits
from tests.support_media import Image, face_frames, face_image, frame_number, jpeg, make_tar, make_zip, png

LIMITS = MediaLimits()
SMALL = MediaLimits(frames=3, max_members=8, max_member_bytes=50_000, max_expanded_bytes=100_000, max_pixels=1_000_000)
FRAMES = [jpeg(frame) for frame in face_frames(12, 160, 120)]
PICTURE = FRAMES[0]


def assert_rejected(data: bytes, word: str | None = None, limits: MediaLimits = LIMITS) -> None:
    with pytest.raises(SampleError, match=word):
        read_archive(data, limits=limits)


@pytest.mark.parametrize("form", ["zip", "stored", "tar", "tar.gz", "gnu", "ustar"])
def test_pictures_come_in_natural_order(form: str) -> None:
    shuffled = [(f"shots/frame{number}.jpg", FRAMES[number]) for number in (10, 2, 0, 11, 1, 9, 3, 8, 4, 7, 5, 6)]
    data = {
        "zip": lambda: make_zip(shuffled),
        "stored": lambda: make_zip(shuffled, zipfile.ZIP_STORED),
        "tar": lambda: make_tar(shuffled),
        "tar.gz": lambda: make_tar(shuffled, gzip=True),
        "gnu": lambda: make_tar(shuffled, form=tarfile.GNU_FORMAT),
        "ustar": lambda: make_tar(shuffled, form=tarfile.USTAR_FORMAT),
    }[form]()
    frames = read_archive(data, limits=LIMITS)
    assert [frame_number(frame.image) for frame in frames] == list(range(12))
    assert [frame.index for frame in frames] == list(range(12))
    assert [frame.name for frame in frames] == [f"shots/frame{number}.jpg" for number in range(12)]
    assert frames[0].image.shape == (120, 160, 3)
    assert frames[0].image.dtype == np.uint8
    assert {frame.time for frame in frames} == {0.0}


def test_only_some_are_taken_evenly_spaced() -> None:
    frames = read_archive(
        make_zip([(f"{number}.jpg", FRAMES[number]) for number in range(12)]), limits=MediaLimits(frames=3)
    )
    assert [frame.index for frame in frames] == [frame_number(frame.image) for frame in frames] == [2, 5, 9]


def test_only_taken_members_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    real = archive.decode

    def decode(data: bytes, **limits: Any) -> Image:
        decoded.append(data)
        return real(data, **limits)

    monkeypatch.setattr(archive, "decode", decode)
    read_archive(make_tar([(f"{number}.jpg", FRAMES[number]) for number in range(12)]), limits=MediaLimits(frames=3))
    assert decoded == [FRAMES[2], FRAMES[5], FRAMES[9]]


def test_large_pictures_are_scaled_down() -> None:
    frame = read_archive(make_zip([("a.png", png(face_image(640, 480)))]), limits=MediaLimits(side=320))[0]
    assert frame.image.shape == (240, 320, 3)
    assert frame.image.flags.c_contiguous


def test_natural_order() -> None:
    names = ["a10", "A2", "b1/9", "b1/10", "a1", "10", "9", "a" + "9" * 5000, "é2", "é10", "", "a01"]
    names.sort(key=natural_key)
    assert names == ["", "9", "10", "a01", "a1", "A2", "a10", "a" + "9" * 5000, "b1/9", "b1/10", "é2", "é10"]


def test_clutter_and_folders_are_skipped() -> None:
    members: list[tuple[str, bytes]] = [
        ("shots/", b""),
        ("shots/1.jpg", PICTURE),
        ("__MACOSX/shots/._1.jpg", b"\0\5\x16\7"),
        ("shots/._1.jpg", b"junk"),
        ("shots/.DS_Store", b"junk"),
        ("shots/Thumbs.db", b"junk"),
        ("desktop.ini", b"junk"),
    ]
    assert [frame.name for frame in read_archive(make_zip(members), limits=LIMITS)] == ["shots/1.jpg"]
    folder = tarfile.TarInfo("shots")
    folder.type = tarfile.DIRTYPE
    tar = make_tar([(folder, b""), *members[1:]])
    assert [frame.name for frame in read_archive(tar, limits=LIMITS)] == ["shots/1.jpg"]


@pytest.mark.parametrize(
    "name", ["/etc/a.jpg", "../a.jpg", "a/../../b.jpg", "..\\a.jpg", "C:\\a.jpg", "\\a.jpg", "a/.."]
)
def test_names_that_lead_out_of_the_archive_are_rejected(name: str) -> None:
    assert_rejected(make_zip([("a.jpg", PICTURE), (name, PICTURE)]), "leads out")
    assert_rejected(make_tar([("a.jpg", PICTURE), (name, PICTURE)]), "leads out")
    assert_rejected(make_tar([(name, PICTURE)], form=tarfile.GNU_FORMAT), "leads out")


def test_long_names() -> None:
    name = "/".join(["folder" * 5] * 10) + "/é.jpg"
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        assert read_archive(make_tar([(name, PICTURE)], form=form), limits=LIMITS)[0].name == name
    assert_rejected(make_tar([("a" * 9000, PICTURE)], form=tarfile.GNU_FORMAT), "overlong")
    assert_rejected(make_tar([("a" * 9000, PICTURE)]), "overlong")


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE],
)
def test_links_and_devices_of_a_tar_are_rejected(kind: bytes) -> None:
    info = tarfile.TarInfo("b.jpg")
    info.type, info.linkname = kind, "/etc/passwd"
    assert_rejected(make_tar([("a.jpg", PICTURE), (info, b"")]), "link or a device")


@pytest.mark.parametrize("mode", [0o120777, 0o060644, 0o020644])
def test_links_and_devices_of_a_zip_are_rejected(mode: int) -> None:
    info = zipfile.ZipInfo("b.jpg")
    info.external_attr = mode << 16
    assert_rejected(make_zip([("a.jpg", PICTURE), (info, b"/etc/passwd")]), "link or a device")


def test_sparse_tars_are_rejected() -> None:
    info = tarfile.TarInfo("a.jpg")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "99999999999"}
    assert_rejected(make_tar([(info, PICTURE)]), "sparse")


def pax(records: dict[str, str], name: str = "a.jpg", data: bytes = PICTURE) -> bytes:
    info = tarfile.TarInfo(name)
    info.pax_headers = records
    return info.tobuf(tarfile.PAX_FORMAT) + data + bytes(-len(data) % 512)


def test_extended_headers_of_a_tar() -> None:
    size = str(len(PICTURE))
    assert len(read_archive(pax({"size": size, "SCHILY.xattr.user.a": "x" * 1_000_000}), limits=LIMITS)) == 1
    assert_rejected(pax({"size": size, "SCHILY.xattr.user.a": "x" * 1_100_000}), "overlong")
    assert_rejected(pax({"size": size, "SCHILY.xattr.user.a": "x" * 900_000}) * 10, "too many")
    assert_rejected(pax({"size": str(10**9)}), "larger than allowed|expands")
    assert_rejected(pax({"size": str(len(PICTURE) + 10_000)}), "cut short")
    for wrong in ("-1", "", "1e3", "9" * 30, "\u0663"):
        assert_rejected(pax({"size": wrong}), "damaged")


def test_the_checksum_of_a_tar_may_be_of_signed_bytes() -> None:
    block = bytearray(make_tar([("é.jpg", PICTURE)], form=tarfile.GNU_FORMAT))
    signed = 8 * 32 + sum(byte - 256 * (byte > 127) for byte in (*block[:148], *block[156:512]))
    block[148:156] = b"%06o\0 " % signed
    assert [frame.name for frame in read_archive(bytes(block), limits=LIMITS)] == ["é.jpg"]
    block[148:156] = b"%06o\0 " % (signed + 1)
    assert_rejected(bytes(block), "damaged")


def test_encrypted_members_are_rejected() -> None:
    data = bytearray(make_zip([("a.jpg", PICTURE)]))
    at = data.rfind(b"PK\1\2")
    data[at + 8] |= 1
    assert_rejected(bytes(data), "encrypted")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_rejected(method: int) -> None:
    assert_rejected(make_zip([("a.jpg", PICTURE)], method), "unusual")


@pytest.mark.parametrize(
    "member",
    [make_zip([("a.jpg", PICTURE)]), make_tar([("a.jpg", PICTURE)], gzip=True), b"text", b"", b"\xff\xd8\xffjunk"],
)
def test_members_must_be_pictures(member: bytes) -> None:
    for pack in (make_zip, make_tar):
        assert_rejected(pack([("a.jpg", PICTURE), ("b.jpg", member)]))


def test_empty_archives_are_rejected() -> None:
    for data in (
        make_zip([]),
        make_zip([("folder/", b"")]),
        make_tar([("._a.jpg", b"x")]),
        gzip.compress(bytes(10_240)),
    ):
        assert_rejected(data, "no picture")


def test_too_many_members() -> None:
    few = [(f"{number}.jpg", PICTURE) for number in range(8)]
    for pack in (make_zip, make_tar):
        assert len(read_archive(pack(few), limits=SMALL)) == 3
        assert_rejected(pack([*few, ("9.jpg", PICTURE)]), "more than 8", SMALL)
        assert_rejected(pack([*few, *((f"{number}/", b"") for number in range(60))]), "entries", SMALL)


def test_limits_of_a_member_and_of_all_together() -> None:
    large = PICTURE + bytes(60_000)
    half = PICTURE + bytes(40_000)
    for data in (make_zip([("a.jpg", large)]), make_tar([("a.jpg", large)]), make_tar([("a.jpg", large)], gzip=True)):
        assert_rejected(data, "a member of the archive is larger", SMALL)
    several = [(f"{number}.jpg", half) for number in range(3)]
    for data in (make_zip(several), make_tar(several), make_tar(several, gzip=True)):
        assert_rejected(data, "expands", SMALL)


def test_too_many_pixels() -> None:
    assert_rejected(make_zip([("a.png", png(np.zeros((1001, 1000, 3), np.uint8)))]), None, SMALL)


def test_a_zip_that_lies_about_a_size() -> None:
    bomb = bytearray(make_zip([("a.jpg", PICTURE + bytes(1_000_000))]))
    for at in (bomb.find(b"PK\3\4") + 22, bomb.rfind(b"PK\1\2") + 24):
        bomb[at : at + 4] = struct.pack("<I", len(PICTURE))
    assert_rejected(bytes(bomb), None, SMALL)


def test_a_huge_directory_is_rejected_before_zipfile_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = b"PK\1\2" + bytes(42)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 46 * 200_000, 4, 0)
    monkeypatch.setattr(archive_zip.zipfile, "ZipFile", lambda *_: pytest.fail("zipfile was reached"))
    assert_rejected(b"PK\3\4" + entry * 200_000 + end, "too many entries")
    honest = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65_535, 65_535, 46 * 65_535, 4, 0)
    assert_rejected(b"PK\3\4" + entry * 65_535 + honest, "claims 65535")
    assert_rejected(b"PK\3\4" + bytes(56) + b"PK\6\7" + bytes(16) + end, "ZIP64")


def zip64(entries: int = 1, *, at: int | None = None, disk: int = 0) -> bytes:
    """A zip of one picture with ZIP64 records that claim so many entries. at: where they are said to be."""
    plain = make_zip([("a.jpg", PICTURE)])
    end = plain.rfind(b"PK\5\6")
    size, start = struct.unpack_from("<2L", plain, end + 12)
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, disk, 0, entries, entries, size, start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end if at is None else at, 1)
    return (
        plain[:end]
        + record
        + locator
        + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65_535, 65_535, 2**32 - 1, 2**32 - 1, 0)
    )


def test_zip64_records_are_believed_only_where_they_should_be() -> None:
    assert len(read_archive(zip64(), limits=LIMITS)) == 1
    assert_rejected(zip64(at=0), "ZIP64 record")
    assert_rejected(zip64(2), "does not match")
    assert_rejected(zip64(2**40), "claims")
    assert_rejected(zip64(disk=1), "in parts")


def test_members_that_share_bytes_are_rejected() -> None:
    data = bytearray(make_zip([("a.jpg", PICTURE), ("b.jpg", PICTURE)]))
    second = data.rfind(b"PK\1\2")
    data[second + 42 : second + 46] = bytes(4)  # the second member's header is the first's
    assert_rejected(bytes(data), "share bytes")


def bomb(size: int) -> bytes:
    """A gzip stream of `size` blanks after a tar header that claims them."""
    info = tarfile.TarInfo("a.jpg")
    info.size = size
    squeeze = zlib.compressobj(9, wbits=31)
    parts = [squeeze.compress(info.tobuf() + PICTURE)]
    parts += [squeeze.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    return b"".join([*parts, squeeze.flush()])


def test_gzip_bombs_are_rejected_with_little_memory() -> None:
    data = bomb(64 << 20)
    assert_rejected(data, "expands", MediaLimits(max_expanded_bytes=32 << 20))
    headers = zlib.compressobj(9, wbits=31)
    first = tarfile.TarInfo("a")
    first.size, first.type = 1 << 30, tarfile.XHDTYPE
    assert_rejected(headers.compress(first.tobuf()) + headers.flush(), "overlong")
    many = make_tar([(_typed("x", tarfile.XGLTYPE), b"")] * 3000, gzip=True)
    assert_rejected(many, "too many", SMALL)
    assert_rejected(gzip.compress(b"") * 10_000, "no picture")


def _typed(name: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    return info


def members_of(data: bytes, size: int) -> bytes:
    """The data in gzip members of so many bytes each, as bgzip and pigz with --independent write it."""
    return b"".join(gzip.compress(data[at : at + size]) for at in range(0, len(data), size))


@pytest.mark.parametrize("size", [100, 512, 700, 65_280])
def test_a_gzip_file_of_several_members_is_read_completely(size: int) -> None:
    tar = make_tar([(f"{number}.jpg", FRAMES[number]) for number in range(12)])
    for end in (b"", gzip.compress(b""), bytes(512), b"trailing garbage"):
        frames = read_archive(members_of(tar, size) + end, limits=LIMITS)
        assert [frame_number(frame.image) for frame in frames] == list(range(12))


def test_concatenated_gzip_files_are_read_completely() -> None:
    first = make_tar([("a.jpg", FRAMES[0])])[:-1024].rstrip(b"\0")
    first += bytes(-len(first) % 512)  # no end marker
    second = make_tar([("b.jpg", FRAMES[1])])
    frames = read_archive(gzip.compress(first) + gzip.compress(second), limits=LIMITS)
    assert [frame.name for frame in frames] == ["a.jpg", "b.jpg"]


def test_limits_hold_over_all_gzip_members() -> None:
    large = make_tar([("a.jpg", PICTURE + bytes(60_000))])
    assert_rejected(members_of(large, 4096), "a member of the archive is larger", SMALL)
    stream = GzipStream(members_of(bytes(1 << 20), 1 << 14), 1 << 16)
    assert len(stream.read(1 << 16)) == 1 << 16
    with pytest.raises(SampleError, match="expands"):
        stream.read(1)


def test_a_damaged_later_gzip_member_is_rejected() -> None:
    tar = make_tar([("a.jpg", PICTURE), ("b.jpg", PICTURE)])
    data = bytearray(members_of(tar, 2048))
    second = data.index(b"\x1f\x8b\x08", 1)
    assert_rejected(bytes(data[: second + 40]), "cut short")
    data[second + 40] ^= 1
    assert_rejected(bytes(data), "cannot be read")


def test_gzip_files_of_very_many_members_are_rejected() -> None:
    assert_rejected(gzip.compress(b"") * 700_000, "too many members")


def test_the_expanded_stream_stops_at_its_limit() -> None:
    stream = GzipStream(gzip.compress(bytes(1 << 20)), 1 << 16)
    assert len(stream.read(1 << 16)) == 1 << 16
    with pytest.raises(SampleError, match="expands"):
        stream.read(1)


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_truncated_archives_are_rejected(part: float) -> None:
    members = [(f"{number}.jpg", FRAMES[number]) for number in range(4)]
    for data in (make_zip(members), make_tar(members, gzip=True), make_tar(members)[: 512 * 2 + len(FRAMES[0]) + 700]):
        assert_rejected(data[: int(len(data) * part)])


def test_other_kinds_are_rejected() -> None:
    assert_rejected(PICTURE, "an archive is expected")


VALID = [
    make_zip([("a.jpg", PICTURE), ("b.jpg", PICTURE)]),
    make_tar([("a.jpg", PICTURE), ("b" * 200, PICTURE)]),
    make_tar([("a.jpg", PICTURE), ("b" * 200, PICTURE)], form=tarfile.GNU_FORMAT),
    make_tar([("a.jpg", PICTURE)], gzip=True),
]
HEADS = [b"PK\3\4", b"PK\5\6", b"\x1f\x8b\x08\0", VALID[1][:512], VALID[1][:1536], gzip.compress(VALID[1])[:60]]


def survives(data: bytes) -> None:
    try:
        frames = read_archive(data, limits=SMALL)
    except SampleError:
        return
    assert 1 <= len(frames) <= SMALL.frames


@settings(max_examples=150)
@given(st.sampled_from(HEADS), st.binary(max_size=1500))
def test_any_bytes_behind_a_magic(head: bytes, tail: bytes) -> None:
    survives(head + tail)


@settings(max_examples=300)
@given(st.data())
def test_any_damage(data: st.DataObject) -> None:
    damaged = bytearray(data.draw(st.sampled_from(VALID)))
    for _ in range(data.draw(st.integers(1, 4))):
        edge = data.draw(st.booleans())  # most of a zip's and a tar's own bytes are near the edges
        place = data.draw(st.integers(-400, 700) if edge else st.integers(0, len(damaged) - 1))
        damaged[min(place, len(damaged) - 1)] = data.draw(st.integers(0, 255))
    end = data.draw(st.none() | st.integers(1, len(damaged)))
    survives(bytes(damaged[:end]))


def test_members_are_skipped_in_small_pieces() -> None:
    reads = []

    class Source(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            reads.append(size)
            return super().read(size)

    member = archive_tar._Member(Source(bytes(10 << 20)), 10 << 20)
    member.skip()
    assert max(reads) <= 1 << 16
