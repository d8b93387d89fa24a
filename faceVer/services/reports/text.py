"""Texts of clients as a PDF can show them: one line of letters that the font has, not too long."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

FONTS = Path(__file__).parent / "fonts"
REGULAR, BOLD = FONTS / "DejaVuSans.ttf", FONTS / "DejaVuSans-Bold.ttf"
"""Latin, Cyrillic, Greek, Armenian and Georgian letters; see LICENSE.txt beside them."""
MISSING = "□"
"""In place of letters that the fonts lack; several in a row become one."""
LONGEST = 1000
_MARKS = re.compile(r"([\u0300-\u036f]{2})[\u0300-\u036f]+")
_MISSING_RUN = re.compile(f"{MISSING}+")


def shown(text: str, longest: int = LONGEST) -> str:
    """A text in one line, without control characters and directions of writing, cut after so many characters."""
    text = unicodedata.normalize("NFC", text[: 4 * longest])
    known = letters()
    line = "".join(_letter(letter, known) for letter in text)
    line = " ".join(_MISSING_RUN.sub(MISSING, _MARKS.sub(r"\1", line)).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


@cache
def letters() -> frozenset[int]:
    """The code points that the fonts have."""
    from fontTools.ttLib import TTFont

    with TTFont(REGULAR, lazy=True) as font:
        return frozenset(font.getBestCmap())


def _letter(letter: str, known: frozenset[int]) -> str:
    if letter.isspace():
        return " "
    category = unicodedata.category(letter)
    if category in ("Cc", "Cf", "Cs"):  # half a surrogate pair is no character
        return ""
    return letter if ord(letter) in known else MISSING
