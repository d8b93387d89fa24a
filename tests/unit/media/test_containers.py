"""What a video file declares, read before FFmpeg opens it."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import av
import pytest

from faceVer.domain.errors import SampleError
from faceVer.media import video
from faceVer.media.containers import declared_sizes
from faceVer.media.limits import MediaLimits
from faceVer.media.video import read_video
from tests.support_media import MUXERS, encode_video, face_frames, with_sound

FRAMES = face_frames(2, 64, 48)
STBL = [b"moov", b"trak", b"mdia", b"minf", b"stbl"]
TITLES = [
    "press any keys to continue",
    "House keys and car keys, 2024",
    "Costco car park",
    "keys",
    "stsz stsc trun elst",
]


def with_metadata(data: bytes, container: str, options: dict[str, str], **metadata: str) -> bytes:
    """The same video with text metadata, as FFmpeg's muxer writes it."""
    target = io.BytesIO()
    with av.open(io.BytesIO(data)) as source, av.open(target, "w", format=MUXERS[container], options=options) as out:
        out.metadata.update(metadata)
        stream: Any = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    return target.getvalue()


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize(
    ("container", "options"),
    [
        ("mp4", {}),
        ("mp4", {"movflags": "use_metadata_tags"}),
        ("mp4", {"movflags": "frag_keyframe+empty_moov"}),
        ("mov", {}),
        ("mov", {"movflags": "use_metadata_tags"}),
    ],
)
def test_metadata_may_hold_the_names_of_tables(container: str, options: dict[str, str], title: str) -> None:
    data = with_metadata(encode_video(FRAMES), container, options, title=title, comment=title * 9, artist=title)
    assert title.encode() in data
    assert len(read_video(data, limits=MediaLimits()).frames) == 2


def test_unused_space_may_hold_the_names_of_tables() -> None:
    for name in (b"free", b"skip", b"uuid"):
        text = b"the keys table " * 9
        assert read_video(encode_video(FRAMES) + box(name, text), limits=MediaLimits()).frames


def box(name: bytes, contents: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(contents), name) + contents


def table(name: bytes, *numbers: int) -> bytes:
    return box(name, struct.pack(f">{len(numbers) + 1}I", 0, *numbers))


def replaced(data: bytes, path: list[bytes], new: bytes) -> bytes:
    """The file with another box at the path; every box of that path is replaced."""
    out, at = b"", 0
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        if name != path[0]:
            out += data[at : at + size]
        elif len(path) == 1:
            out += new
        else:
            out += box(name, replaced(data[at + 8 : at + size], path[1:], new))
        at += size
    return out


MANY_SAMPLES = table(b"trun", 60_000_000)


@pytest.mark.parametrize(
    ("path", "new", "reason"),
    [
        ([*STBL, b"stsz"], table(b"stsz", 1, 60_000_000), "samples"),
        ([*STBL, b"stsz"], table(b"stz2", 8, 60_000_000), "samples"),
        ([*STBL, b"stsz"], MANY_SAMPLES, "samples"),
        ([*STBL, b"stsc"], table(b"stsc", 1, 1, 2_000_000_000, 1), "chunks"),
        ([b"moov", b"udta"], table(b"keys", 200_000_000), "keys table"),
        ([b"moov", b"udta"], table(b"cmov"), "compressed"),
        ([b"moov", b"trak", b"edts"], table(b"elst", 500_000, *[0] * 9), "elst table"),
        # Where FFmpeg looks for boxes besides the usual places:
        ([b"moov", b"udta"], box(b"udta", box(b"meta", bytes(4) + box(b"hdlr", bytes(25)) + MANY_SAMPLES)), "samples"),
        ([b"moov", b"udta"], box(b"meta", box(b"hdlr", bytes(25)) + box(b"ilst", MANY_SAMPLES)), "samples"),
        ([b"moov", b"udta"], box(b"iref", bytes(4) + MANY_SAMPLES), "samples"),
        ([b"moov", b"udta"], box(b"iprp", box(b"ipco", MANY_SAMPLES)), "samples"),
        ([b"moov", b"udta"], box(b"wave", bytes(8) + MANY_SAMPLES), "samples"),
        ([b"moov", b"udta"], box(b"hoov", box(b"mvhd", bytes(100)) + MANY_SAMPLES), "samples"),
        ([b"moov", b"udta"], struct.pack(">I4s", 0, b"tref") + MANY_SAMPLES, "samples"),
        ([b"moov", b"udta"], struct.pack(">I4sQ", 1, b"tref", 16 + len(MANY_SAMPLES)) + MANY_SAMPLES, "samples"),
        ([b"moov", b"udta"], struct.pack(">I4sQ", 1, b"tref", 8) + MANY_SAMPLES, "samples"),
        ([b"moov", b"udta"], struct.pack(">I4s", 1 << 31, b"tref") + MANY_SAMPLES, "samples"),
    ],
)
def test_declared_counts_that_would_cost_gigabytes_are_rejected(
    path: list[bytes], new: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = replaced(encode_video(FRAMES), path, new)
    assert new in data
    monkeypatch.setattr(video, "_open", lambda *_: pytest.fail("FFmpeg was reached"))
    with pytest.raises(SampleError, match=reason):
        read_video(data, limits=MediaLimits())


def sound_with(samples: int, **changes: bytes) -> bytes:
    """A video with PCM sound that declares so many samples. changes: other bytes in place of the track's boxes."""
    data = bytearray(with_sound(3))
    at = data.index(b"soun")
    for name in (b"stts", b"stsz"):
        place = data.index(name, at) + 12
        data[place : place + 4] = struct.pack(">I", samples)
    for name, new in changes.items():
        place = data.index(name.encode(), at - 4)
        data[place : place + len(new)] = new
    return bytes(data)


def test_samples_that_are_listed_in_chunks_do_not_count() -> None:
    assert declared_sizes(sound_with(500_000_000), "mov")


@pytest.mark.parametrize(
    "changes",
    [
        {"soun": b"vide"},
        {"soun": b"text"},
        {"stts": b"stts" + struct.pack(">4I", 0, 1, 500_000_000, 2)},  # another duration
        {"stts": b"stts" + struct.pack(">2I", 0, 2)},  # several durations
        {"stts": b"stsz"},  # two tables of sizes
        {"stsz": b"stsz" + struct.pack(">2I", 0, 0)},  # a size for each sample
        {"stsd": b"trak"},  # another track within the track
        {"stsd": b"hdlr" + b"\0\0\0\0mhlrvide"},  # another kind of track
        {"stsc": b"stsc" + struct.pack(">5I", 0, 1, 1, 2_000_000_000, 1)},
    ],
)
def test_samples_that_are_listed_one_by_one_count(changes: dict[str, bytes]) -> None:
    with pytest.raises(SampleError, match="samples"):
        declared_sizes(sound_with(500_000_000, **changes), "mov")


def test_a_table_among_a_codecs_own_boxes_counts() -> None:
    data = encode_video(FRAMES)
    entry = data.index(b"avcC") - 4
    stsd = data.index(b"stsd") - 4
    (size,) = struct.unpack_from(">I", data, stsd)
    changed = data[stsd:entry] + MANY_SAMPLES + data[entry : stsd + size]
    with pytest.raises(SampleError, match="samples"):
        declared_sizes(replaced(data, [*STBL, b"stsd"], changed), "mov")


@pytest.mark.parametrize("one", [table(b"stsc", 600_000), box(b"sidx", bytes(22) + b"\xff\xff")])
def test_tables_that_share_bytes_are_rejected(one: bytes) -> None:
    """Each would be read up to the end of the file."""
    with pytest.raises(SampleError, match="longer than the file"):
        declared_sizes(encode_video(FRAMES) + one * 1000 + bytes(12 * 600_000), "mov")


FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}


def with_index(first: bytes, fragments: list[bytes]) -> bytes:
    """The boxes before the fragments, an index (`sidx`) of the fragments, and the fragments."""
    listed = b"".join(struct.pack(">III", len(fragment), 1000, 9 << 28) for fragment in fragments)
    head = struct.pack(">IIIIIHH", 0, 1, 1000, 0, 0, 0, len(fragments))
    return first + box(b"sidx", head + listed) + b"".join(fragments)


def root_boxes(data: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append(data[at : at + size])
        at += size
    return found


def test_fragments_are_read_by_their_index() -> None:
    frames = face_frames(4, 64, 48)
    ftyp, moov, *rest = root_boxes(encode_video(frames, gop=1, options=FRAGMENTED))
    fragments = [rest[number] + rest[number + 1] for number in range(0, 8, 2)]
    for data in (
        with_index(ftyp + moov, fragments),
        encode_video(frames, gop=1, options={"movflags": FRAGMENTED["movflags"] + "+dash"}),
    ):
        assert b"sidx" in data
        assert read_video(data, limits=MediaLimits()).info.frames == 4


def test_an_index_that_leads_into_other_data_is_rejected() -> None:
    """FFmpeg would read the fragment hidden in the `skip` box, and allocate by the count of its `trun`."""
    ftyp, moov, moof, mdat, second, *_ = root_boxes(encode_video(FRAMES, gop=1, options=FRAGMENTED))
    hidden = replaced(moof, [b"moof", b"traf", b"trun"], table(b"trun", 30_000_000))
    parts = [moof + mdat, second + struct.pack(">I4s", 8 + len(hidden), b"skip"), hidden]
    with pytest.raises(SampleError, match="leads to other data"):
        declared_sizes(with_index(ftyp + moov, parts), "mov")


@pytest.mark.parametrize(
    ("make", "demuxer"),
    [
        (lambda: b"RIFF\0\0\0\0AVI " + b"vidsstrf" * 1_900_000, "avi"),
        (lambda: b"\0\0\0\x08free" * 1_900_000, "mov"),
        (lambda: box(b"stsd", b"stsz" * 3_900_000), "mov"),
        (lambda: b"\xec\x80" * 7_000_000, "matroska"),
    ],
)
def test_files_that_repeat_a_header_a_million_times_are_rejected(make: Callable[[], bytes], demuxer: str) -> None:
    """At 15 MB a search from each header to the end of the file would take hours."""
    with pytest.raises(SampleError, match="too many"):
        declared_sizes(make(), demuxer)


def test_a_search_for_stream_headers_is_linear() -> None:
    assert declared_sizes(b"RIFF\0\0\0\0AVI " + b"vids" * 3_900_000, "avi") == []


def test_lists_besides_the_frames_of_a_matroska_file_are_limited() -> None:
    head = bytes.fromhex("1A45DFA3 87 4282 84") + b"webm"
    tags = b"\x73\x73\x80" * 400_000
    segment = bytes.fromhex("18538067 01FFFFFFFFFFFFFF")  # of unknown size
    tag_list = bytes.fromhex("1254C367 01") + len(tags).to_bytes(7, "big") + tags
    for overhead in (tag_list, b"\0" * 2_000_000):
        with pytest.raises(SampleError, match="beside its frames"):
            declared_sizes(head + segment + overhead, "matroska")
    blocks = bytes.fromhex("1F43B675 01FFFFFFFFFFFFFF") + bytes.fromhex("A3 10 1E8480") + bytes(2_000_000)
    assert declared_sizes(head + segment + blocks * 3, "matroska") == []


@pytest.mark.parametrize(
    ("codec", "container", "demuxer"),
    [("libx264", "mp4", "mov"), ("mpeg4", "mov", "mov"), ("libvpx", "webm", "matroska"), ("mpeg4", "avi", "avi")],
)
def test_sizes_of_real_files(codec: str, container: str, demuxer: str) -> None:
    assert set(declared_sizes(encode_video(FRAMES, codec, container, audio=True), demuxer)) - {(0, 0)} == {(64, 48)}
