"""Fonts of drawn pictures: Pillow's own, and for names in other letters than it has one of the machine's."""

from __future__ import annotations

from functools import cache

from PIL import ImageFont

from faceVer.domain.errors import SetupError

OTHERS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf")
"""Looked for where Linux keeps fonts; Pillow's own knows English letters only."""
_NOWHERE = "\uffff"
"""A character that no font has: its glyph stands for all that are missing."""
Font = ImageFont.FreeTypeFont


@cache
def plain(size: int) -> Font:
    """Pillow's own font. Raises SetupError where Pillow was built without FreeType."""
    font = ImageFont.load_default(size)
    if not isinstance(font, Font):
        raise SetupError("this Pillow has no scalable font to write with")
    return font


def fitting(text: str, size: int, width: int) -> tuple[str, Font]:
    """A file's name as it can be written: the font that has its letters, and the text with its beginning left out
    where it is wider than `width` pixels (of a path the end tells most). Letters no font has become question marks."""
    font = next((font for font in (plain(size), *_others(size)) if not _missing(text, font)), plain(size))
    lacking = _missing(text, font)
    text = "".join("?" if letter in lacking else letter for letter in text)
    if font.getlength(text) <= width:
        return text, font
    while font.getlength("…" + text) > width:
        text = text[1:]
    return "…" + text, font


@cache
def _others(size: int) -> tuple[Font, ...]:
    found = []
    for name in OTHERS:
        try:
            found.append(ImageFont.truetype(name, size))
        except OSError:
            continue
    return tuple(found)


def _missing(text: str, font: Font) -> set[str]:
    none = bytes(font.getmask(_NOWHERE))
    return {letter for letter in set(text) if not letter.isspace() and bytes(font.getmask(letter)) == none}
