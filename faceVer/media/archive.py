"""An archive of pictures to frames, in the order a person would number them, from memory only.

Everything is listed and checked first (names, kinds, claimed sizes, first bytes); then only the members that are taken
are expanded, one at a time. Whatever is wrong inside an archive, bombs included, is a SampleError.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import cast

import cv2
import numpy as np

from faceVer.domain.errors import SampleError
from faceVer.domain.values import Frame, Image
from faceVer.media.archive_reader import Entry, most_entries, tar_entries, zip_entries
from faceVer.media.image import decode
from faceVer.media.limits import MediaLimits
from faceVer.media.sampling import choose
from faceVer.media.sniffing import identify
from faceVer.observability.timings import checkpoint

_HEAD = 4096  # bytes of a member that tell its kind
_CLUTTER = (".ds_store", "thumbs.db", "desktop.ini")
# What zipfile, gzip and zlib raise on broken bytes.
_FAILURES = (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, NotImplementedError,
             RuntimeError, LookupError)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Member:
    """One picture: its place among all entries of the archive, and its name."""

    place: int
    name: str


def read_archive(data: bytes, *, limits: MediaLimits) -> list[Frame]:
    """At most `limits.frames` pictures of a zip, tar or tar.gz, evenly spaced in natural order of their names.

    Frames are upright RGB, no side above `limits.side`; `index` is the picture's place in that order. Raises
    SampleError: not such an archive, a member that is no picture or cannot be read, a cap is passed, a hostile name.
    """
    kind, mime = identify(data)
    if kind != "archive":
        raise SampleError(f"an archive is expected, not {kind}")
    entries = zip_entries if mime == "application/zip" else tar_entries
    try:
        members = sorted(_list(entries(data, limits), limits), key=lambda member: natural(member.name))
        if not members:
            raise SampleError("the archive holds no picture")
        taken = choose(range(len(members)), range(len(members)), limits.frames)
        ranks = {members[rank].place: rank for rank in taken}
        frames = []
        for place, entry in enumerate(entries(data, limits)):
            if place in ranks:
                checkpoint()
                rank = ranks[place]
                frames.append(Frame(_picture(entry, limits), rank, name=members[rank].name))
                if len(frames) == len(ranks):
                    break
    except _FAILURES as error:
        raise SampleError(f"the archive cannot be read: {type(error).__name__}") from error
    return sorted(frames, key=lambda frame: frame.index)


def natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """A sorting key by which frame2 comes before frame10."""
    parts = (part for part in re.split(r"([0-9]+)", name.casefold()) if part)
    # Digits compare by their count, then as text: a number of a thousand digits is never made.
    key = [(0, len(part.lstrip("0")), part.lstrip("0")) if part[0] in "0123456789" else (1, 0, part) for part in parts]
    return key, name


def _list(entries: Iterable[Entry], limits: MediaLimits) -> list[_Member]:
    members: list[_Member] = []
    total = 0
    for place, entry in enumerate(entries):
        if place >= most_entries(limits):
            raise SampleError("the archive has too many entries")
        path = _path(entry.name)
        if entry.kind not in ("file", "folder"):
            raise SampleError(f"the archive holds {entry.kind}")
        total += entry.size
        if total > limits.max_expanded_bytes:
            raise SampleError("the archive expands to more bytes than allowed")
        if entry.kind == "folder" or _is_clutter(path):
            continue
        if entry.size > limits.max_member_bytes:
            raise SampleError("a member of the archive is larger than allowed")
        if len(members) >= limits.max_members:
            raise SampleError(f"the archive has more than {limits.max_members} members")
        if _kind(entry.read(_HEAD)) != "image":
            raise SampleError("a member of the archive is no image")
        members.append(_Member(place, entry.name))
    return members


def _path(name: str) -> PurePosixPath:
    path = PurePosixPath(name.replace("\\", "/"))
    if not name or path.is_absolute() or ".." in path.parts or "\0" in name or re.match(r"[A-Za-z]:", name):
        raise SampleError("a member's name leads out of the archive")
    return path


def _is_clutter(path: PurePosixPath) -> bool:
    return "__MACOSX" in path.parts or path.name.startswith("._") or path.name.lower() in _CLUTTER


def _kind(head: bytes) -> str:
    try:
        return identify(head)[0]
    except SampleError:
        return "unknown"


def _picture(entry: Entry, limits: MediaLimits) -> Image:
    data = entry.read(limits.max_member_bytes + 1)
    if len(data) > limits.max_member_bytes:
        raise SampleError("a member of the archive is larger than allowed")
    image = decode(data, max_pixels=limits.max_pixels, budget=limits.budget)
    height, width = image.shape[:2]
    scale = limits.side / max(width, height)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.ascontiguousarray(cast(Image, cv2.resize(image, size, interpolation=cv2.INTER_AREA)))
