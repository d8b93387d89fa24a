"""The text of a PDF that fpdf2 wrote without compression."""

from __future__ import annotations

import re

_CMAP = re.compile(rb"begincmap(.*?)endcmap", re.DOTALL)
_CHARACTER = re.compile(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>\n")
_SHOWN = re.compile(rb"/F(\d+) [\d.]+ Tf|\(((?:\\.|[^\\()])*)\) Tj", re.DOTALL)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_LETTERS = {b"r": b"\r", b"n": b"\n"}


def text_of(document: bytes) -> str:
    """The texts of all pages, one for each that was written, in lines of their own."""
    fonts = [_letters(found[1]) for found in _CMAP.finditer(document)]
    pages = document[: document.index(b"begincmap")]
    font: dict[int, str] = {}
    lines: list[str] = []
    for found in _SHOWN.finditer(pages):
        if found[1]:
            font = fonts[int(found[1]) - 1]
            continue
        glyphs = _ESCAPE.sub(lambda one: _LETTERS.get(one[1], one[1]), found[2])
        numbers = [int.from_bytes(glyphs[at : at + 2], "big") for at in range(0, len(glyphs), 2)]
        lines.append("".join(font[number] for number in numbers))
    return "\n".join(lines)


def _letters(cmap: bytes) -> dict[int, str]:
    """Glyph -> letter."""
    mapped = cmap.partition(b"endcodespacerange")[2]
    return {
        int(glyph, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for glyph, text in _CHARACTER.findall(mapped)
    }
