"""Fonts of drawn pictures: Pillow's own, and for letters that it lacks one of the machine's."""

from __future__ import annotations

from functools import cache

from PIL import ImageFont

from faceVer.domain.errors import SetupError

SYSTEM_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf")
"""Searched for where Linux keeps fonts; Pillow's own font has Latin letters only."""
_UNASSIGNED = "\uffff"
"""A character that no font has: its glyph is that of missing characters."""
Font = ImageFont.FreeTypeFont


@cache
def default_font(size: int) -> Font:
    """Pillow's own font. Raises SetupError where Pillow was built without FreeType."""
    font = ImageFont.load_default(size)
    if not isinstance(font, Font):
        raise SetupError("this Pillow has no scalable font to write with")
    return font


def fit(text: str, size: int, width: int) -> tuple[str, Font]:
    """(text, font) to write a file name in at most `width` pixels.

    The font is the first that has all letters; letters that none has become question marks. A longer text loses its
    beginning, since a path's end says most.
    """
    fonts = (default_font(size), *_system_fonts(size))
    font = next((font for font in fonts if not _missing(text, font)), fonts[0])
    missing = _missing(text, font)
    text = shown = "".join("?" if letter in missing else letter for letter in text)
    while font.getlength(shown) > width:
        text = text[1:]
        shown = "…" + text
    return shown, font


@cache
def _system_fonts(size: int) -> tuple[Font, ...]:
    found = []
    for name in SYSTEM_FONTS:
        try:
            found.append(ImageFont.truetype(name, size))
        except OSError:
            continue
    return tuple(found)


def _missing(text: str, font: Font) -> set[str]:
    placeholder = bytes(font.getmask(_UNASSIGNED))
    return {letter for letter in set(text) if not letter.isspace() and bytes(font.getmask(letter)) == placeholder}
