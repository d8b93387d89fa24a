"""An archive of images (zip, tar, tar.gz) to frames, in natural order of their names, from memory only.

All entries are listed and checked first (names, kinds, claimed sizes, first bytes); then only the members that are
taken are expanded, one at a time.
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
from faceVer.media.archive_entry import Entry, max_entries
from faceVer.media.archive_tar import tar_entries
from faceVer.media.archive_zip import zip_entries
from faceVer.media.image import decode
from faceVer.media.limits import MediaLimits
from faceVer.media.sampling import choose
from faceVer.media.sniffing import identify
from faceVer.observability.shortage import check_memory
from faceVer.observability.timings import checkpoint

_SNIFFED = 4096  # bytes of a member that identify it
# What systems put beside pictures: macOS, Windows, Android, Picasa, Synology.
_CLUTTER = (".ds_store", "icon\r", "thumbs.db", "ehthumbs.db", "desktop.ini", ".nomedia", ".picasa.ini")
_CLUTTER_FOLDERS = {"__MACOSX", "@eaDir"}
# What zipfile and zlib raise on damaged bytes.
_FAILURES = (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, NotImplementedError,
             RuntimeError, LookupError)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Member:
    """One image. position: among all entries of the archive."""

    position: int
    name: str


def read_archive(data: bytes, *, limits: MediaLimits) -> list[Frame]:
    """At most `limits.frames` images of a zip, tar or tar.gz, evenly spaced in natural order of their names.

    Frames are upright RGB, no side above `limits.side`; `index` is the image's position in that order. Raises
    SampleError: another kind of file, a member that is not a readable image, a limit exceeded, a hostile name.
    """
    kind, mime = identify(data)
    if kind != "archive":
        raise SampleError(f"an archive is expected, not {kind}")
    entries = zip_entries if mime == "application/zip" else tar_entries
    try:
        members = sorted(_images(entries(data, limits), limits), key=lambda member: natural_key(member.name))
        if not members:
            raise SampleError("the archive holds no picture")
        taken = choose(range(len(members)), range(len(members)), limits.frames)
        index_at = {members[index].position: index for index in taken}
        frames = []
        for position, entry in enumerate(entries(data, limits)):
            if position in index_at:
                checkpoint()
                index = index_at[position]
                frames.append(Frame(_decode(entry, limits), index, name=members[index].name))
                if len(frames) == len(taken):
                    break
    except _FAILURES as error:
        check_memory()
        raise SampleError(f"the archive cannot be read: {type(error).__name__}") from error
    return sorted(frames, key=lambda frame: frame.index)


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """A sorting key by which frame2 comes before frame10."""
    parts = (part for part in re.split(r"([0-9]+)", name.casefold()) if part)
    # Digits compare by their count, then as text: a number of a thousand digits is never made.
    key = [(0, len(part.lstrip("0")), part.lstrip("0")) if part[0] in "0123456789" else (1, 0, part) for part in parts]
    return key, name


def _images(entries: Iterable[Entry], limits: MediaLimits) -> list[_Member]:
    """The members that are images. Raises SampleError on any other entry but folders and clutter."""
    members: list[_Member] = []
    expanded = 0
    for position, entry in enumerate(entries):
        if position >= max_entries(limits):
            raise SampleError("the archive has too many entries")
        path = _path(entry.name)
        expanded += entry.size
        if expanded > limits.max_expanded_bytes:
            raise SampleError("the archive expands to more bytes than allowed")
        if entry.is_folder or _is_clutter(path):
            continue
        if entry.size > limits.max_member_bytes:
            raise SampleError("a member of the archive is larger than allowed")
        if len(members) >= limits.max_members:
            raise SampleError(f"the archive has more than {limits.max_members} members")
        if not _is_image(entry.read(_SNIFFED)):
            raise SampleError("a member of the archive is not an image")
        members.append(_Member(position, entry.name))
    return members


def _path(name: str) -> PurePosixPath:
    path = PurePosixPath(name.replace("\\", "/"))
    if not name or path.is_absolute() or ".." in path.parts or "\0" in name or re.match(r"[A-Za-z]:", name):
        raise SampleError("a member's name leads out of the archive")
    return path


def _is_clutter(path: PurePosixPath) -> bool:
    return not _CLUTTER_FOLDERS.isdisjoint(path.parts) or path.name.startswith("._") or path.name.lower() in _CLUTTER


def _is_image(start: bytes) -> bool:
    try:
        return identify(start)[0] == "image"
    except SampleError:
        return False


def _decode(entry: Entry, limits: MediaLimits) -> Image:
    data = entry.read(limits.max_member_bytes + 1)
    if len(data) > limits.max_member_bytes:
        raise SampleError("a member of the archive is larger than allowed")
    image = decode(data, max_pixels=limits.max_pixels, budget=limits.budget, memory=limits.memory)
    height, width = image.shape[:2]
    scale = limits.side / max(width, height)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.ascontiguousarray(cast(Image, cv2.resize(image, size, interpolation=cv2.INTER_AREA)))
