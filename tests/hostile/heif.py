"""HEIC and AVIF files whose items cost more than their bytes: shared extents, grids, overlays, chains, false sizes."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial

import pillow_heif

from tests.hostile.made import GRAY, Hostile, box, boxes, encoded, full_box, gray

pillow_heif.register_heif_opener()

FIRST = 100
"""The id of the first item besides the primary one."""
PRIMARY = 1


@dataclass(frozen=True, slots=True)
class Coded:
    """One coded picture, taken from a real file. settings: its decoder's properties, without its size."""

    ftyp: bytes
    handler: bytes
    item: bytes
    settings: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Item:
    """extents: (place in the file's data, bytes). properties: numbers of properties, from 1."""

    number: int
    kind: bytes
    extents: Sequence[tuple[int, int]]
    properties: Sequence[int] = ()
    about: bytes = b""


@dataclass(slots=True)
class Picture:
    """A file under construction. links: (kind, from, to)."""

    coded: Coded
    data: bytes
    properties: list[bytes]
    items: list[Item] = field(default_factory=list)
    links: list[tuple[bytes, int, Sequence[int]]] = field(default_factory=list)

    def file(self) -> bytes:
        place = len(self._head(0)) + 8
        return self._head(place) + box(b"mdat", self.data)

    def _head(self, place: int) -> bytes:
        items = self.items
        names = b"".join(
            full_box(b"infe", struct.pack(">HH", i.number, 0) + i.kind + b"\0" + i.about, 2) for i in items
        )
        places = b"".join(
            struct.pack(">HHH", i.number, 0, len(i.extents))
            + b"".join(struct.pack(">II", place + at, size) for at, size in i.extents)
            for i in items
        )
        owners = b"".join(struct.pack(">HB", i.number, len(i.properties)) + bytes(i.properties) for i in items)
        links = b"".join(
            box(kind, struct.pack(f">HH{len(to)}H", of, len(to), *to)) for kind, of, to in self.links
        )  # fmt: skip
        properties = box(b"ipco", b"".join(self.properties)) + full_box(b"ipma", struct.pack(">I", len(items)) + owners)
        parts = [
            self.coded.handler, full_box(b"pitm", struct.pack(">H", PRIMARY)),
            full_box(b"iloc", struct.pack(">BBH", 0x44, 0, len(items)) + places),
            full_box(b"iinf", struct.pack(">H", len(items)) + names), box(b"iprp", properties),
        ]  # fmt: skip
        return self.coded.ftyp + full_box(b"meta", b"".join([*parts, full_box(b"iref", links)] if links else parts))


@cache
def coded(kind: str, side: int) -> Coded:
    """A gray square by the real encoder."""
    options = {"HEIF": {"quality": 10}, "AVIF": {"quality": 10, "speed": 10, "max_threads": 1}}[kind]
    data = encoded(gray(side, side), kind, **options)
    top = dict(boxes(data))
    meta = dict(boxes(top[b"meta"], 4))
    properties = boxes(dict(boxes(meta[b"iprp"]))[b"ipco"])
    kept = tuple(box(*one) for one in properties if one[0] in (b"hvcC", b"av1C"))[:1]
    return Coded(box(b"ftyp", top[b"ftyp"]), box(b"hdlr", meta[b"hdlr"]), {"HEIF": b"hvc1", "AVIF": b"av01"}[kind],
                 kept, top[b"mdat"])  # fmt: skip


def size(width: int, height: int) -> bytes:
    return full_box(b"ispe", struct.pack(">II", width, height))


def plain(kind: str, side: int, stated: int | None = None) -> Picture:
    """One coded picture, which is the primary item. stated: the side that its header claims."""
    one = coded(kind, side)
    picture = Picture(one, one.data, [*one.settings, size(stated or side, stated or side)])
    picture.items.append(Item(PRIMARY, one.item, [(0, len(one.data))], (1, 2)))
    return picture


def false_size(kind: str, side: int) -> bytes:
    return plain(kind, side, 64).file()


def metadata_extents(kind: str, name: bytes, items: int, extents: int) -> bytes:
    """Metadata items, each of many extents over the same megabyte."""
    picture = plain(kind, 64)
    place, length = len(picture.data), 1_000_000
    picture.data += bytes(4) + b"A" * (length - 4)
    about = b"application/rdf+xml\0" if name == b"mime" else b""
    for number in range(FIRST, FIRST + items):
        picture.items.append(Item(number, name, [(place, length)] * extents, (), about))
        picture.links.append((b"cdsc", number, [PRIMARY]))
    return picture.file()


def picture_extents(kind: str, extents: int) -> bytes:
    """The coded picture itself, of many extents over the same bytes."""
    picture = plain(kind, 512)
    picture.items[0] = Item(PRIMARY, picture.coded.item, [(0, len(picture.data))] * extents, (1, 2))
    return picture.file()


def derived(kind: str, side: int, name: bytes, about: bytes, stated: tuple[int, int], parts: Sequence[int]) -> Picture:
    """A primary item made of others, which all are the same coded bytes. parts: their numbers, any number of times."""
    one = coded(kind, side)
    picture = Picture(one, about + one.data, [*one.settings, size(side, side), size(*stated)])
    picture.items.append(Item(PRIMARY, name, [(0, len(about))], (3,)))
    picture.items += [Item(n, one.item, [(len(about), len(one.data))], (1, 2)) for n in dict.fromkeys(parts)]
    picture.links.append((b"dimg", PRIMARY, parts))
    return picture


def grid(kind: str, side: int, across: int, *, whole: bool = False, shared: bool = False) -> bytes:
    """whole: with its real size stated, else 64x64. shared: all tiles are one item, else items that share bytes."""
    stated = side * across if whole else 64
    tiles = [FIRST if shared else FIRST + n for n in range(across**2)]
    about = struct.pack(">BBBBII", 0, 1, across - 1, across - 1, stated, stated)
    return derived(kind, side, b"grid", about, (stated, stated), tiles).file()


def overlay_about(canvas: int, count: int) -> bytes:
    return struct.pack(">BB4HII", 0, 1, *[0x8080] * 3, 0xFFFF, canvas, canvas) + bytes(8 * count)


def overlay(kind: str, canvas: int, count: int) -> bytes:
    """One picture laid many times over a canvas."""
    return derived(kind, 64, b"iovl", overlay_about(canvas, count), (canvas, canvas), [FIRST] * count).file()


def overlay_tree(kind: str, depth: int, width: int) -> bytes:
    """Overlays of overlays: the picture is decoded `width ** depth` times."""
    about = overlay_about(512, width)
    picture = derived(kind, 64, b"iovl", about, (512, 512), [FIRST] * width)
    for number in range(FIRST + 1, FIRST + depth):
        picture.items.insert(1, Item(number, b"iovl", [(0, len(about))], (3,)))
        picture.links.insert(0, (b"dimg", number, [number - 1] * width))
    picture.links[-1] = (b"dimg", PRIMARY, [FIRST + depth - 1] * width)
    return picture.file()


def chain(kind: str, length: int, *, looping: bool = False) -> bytes:
    """Identity items, each of the next one."""
    picture = derived(kind, 64, b"iden", b"", (64, 64), [FIRST])
    picture.links = [(b"dimg", PRIMARY, [FIRST + length])]
    for number in range(FIRST + 1, FIRST + length + 1):
        picture.items.append(Item(number, b"iden", [(0, 0)], (3,)))
        picture.links.append((b"dimg", number, [number - 1]))
    if looping:
        picture.links[1] = (b"dimg", FIRST + 1, [FIRST + length])
    return picture.file()


def many_properties(kind: str) -> bytes:
    """The picture is turned by 90 degrees again and again."""
    picture = plain(kind, 1024)
    picture.properties.append(box(b"irot", b"\1"))
    picture.items[0] = Item(PRIMARY, picture.coded.item, picture.items[0].extents, (1, 2, *[3] * 253))
    return picture.file()


def linked(kind: str, link: bytes, count: int, side: int) -> bytes:
    """Further pictures of the primary one, over the same bytes: thumbnails, or planes of alpha."""
    picture = plain(kind, side)
    one = picture.coded
    picture.properties.append(full_box(b"auxC", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"))
    for number in range(FIRST, FIRST + count):
        picture.items.append(Item(number, one.item, picture.items[0].extents, (1, 2, 3)))
        picture.links.append((link, number, [PRIMARY]))
    return picture.file()


def false_count(kind: str, name: bytes, count: bytes) -> bytes:
    """A table in `meta` that states more entries than it has."""
    data = plain(kind, 64).file()
    at = data.index(name) + {b"iinf": 8, b"iloc": 10, b"ipma": 8}[name]
    return data[:at] + count + data[at + len(count) :]


def nested(kind: str, depth: int) -> bytes:
    """Boxes within boxes where properties are listed."""
    picture = plain(kind, 64)
    inner = b""
    for _ in range(depth):
        inner = box(b"ipco", inner)
    picture.properties.append(inner)
    return picture.file()


def _both(kind: str) -> Iterator[Hostile]:
    for name, make, shade in (
        ("metadata of many extents", partial(metadata_extents, kind, b"mime", 40, 30), GRAY),
        ("EXIF of many extents", partial(metadata_extents, kind, b"Exif", 40, 30), GRAY),
        ("a picture of many extents", partial(picture_extents, kind, 30_000), GRAY),
        ("a grid of tiles that share bytes", partial(grid, kind, 1024, 31), GRAY),
        ("a grid of one tile", partial(grid, kind, 256, 20, whole=True, shared=True), GRAY),
        ("a grid of 62,500 tiles", partial(grid, kind, 64, 250, whole=True), GRAY),
        ("an overlay of a large canvas", partial(overlay, kind, 65_535, 1), GRAY),
        ("an overlay of many pictures", partial(overlay, kind, 4096, 20_000), GRAY),
        ("overlays of overlays", partial(overlay_tree, kind, 12, 10), GRAY),
        ("a chain of identity items", partial(chain, kind, 20_000), GRAY),
        ("identity items in a circle", partial(chain, kind, 10, looping=True), GRAY),
        ("a size smaller than the coded one", partial(false_size, kind, 4096 if kind == "AVIF" else 2048), GRAY),
        ("a picture turned 253 times", partial(many_properties, kind), GRAY),
        ("many thumbnails", partial(linked, kind, b"thmb", 5000, 1024), GRAY),
        ("many planes of alpha", partial(linked, kind, b"auxl", 5000, 1024), None),
        ("a false number of items", partial(false_count, kind, b"iinf", b"\xff\xff"), GRAY),
        ("a false number of places", partial(false_count, kind, b"iloc", b"\xff\xff"), GRAY),
        ("a false number of owners", partial(false_count, kind, b"ipma", b"\xff\xff\xff\xff"), GRAY),
        ("boxes within boxes", partial(nested, kind, 10_000), GRAY),
    ):
        yield Hostile(f"{'HEIC' if kind == 'HEIF' else kind}: {name}", "image", make, shade)


FILES = (*_both("HEIF"), *_both("AVIF"))
