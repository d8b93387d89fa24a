"""Which face of a picture a caller means: the parameter `face` (docs/faces.md, Choosing a face)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from faceVer.domain.errors import FaceChoiceError

LARGEST, CENTRAL = "largest", "central"
MOST_LETTERS = 64
"""Of a choice as text; the longest box of a decodable picture has fewer."""
_INDEX = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)
_NUMBER = r"[0-9]{1,6}(?:\.[0-9]{1,6})?"
_BOX = re.compile(rf"({_NUMBER}),({_NUMBER}),({_NUMBER}),({_NUMBER})", re.ASCII)


@dataclass(frozen=True, slots=True)
class FaceChoice:
    """One face of several.

    rule: "largest", "central" (nearest to the picture's centre), "index" or "box". index: from left to right, from 1.
    box: left, top, width, height in pixels of the picture, upright by its EXIF orientation and not reduced.
    """

    rule: Literal["largest", "central", "index", "box"]
    index: int = 0
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    @classmethod
    def parse(cls, text: str) -> FaceChoice:
        """`largest`, `central`, a number from 1, or `x,y,w,h`; blanks around are ignored. Raises FaceChoiceError."""
        text = text.strip() if len(text) <= MOST_LETTERS else ""
        if text in (LARGEST, CENTRAL):
            return cls("largest" if text == LARGEST else "central")
        if _INDEX.fullmatch(text):
            return cls("index", int(text))
        if found := _BOX.fullmatch(text):
            left, top, width, height = map(float, found.groups())
            if width > 0 and height > 0:
                return cls("box", box=(left, top, width, height))
        raise FaceChoiceError("the face is none of largest, central, a number from 1, x,y,w,h")

    def __str__(self) -> str:
        """The text that `parse` reads."""
        if self.rule == "index":
            return str(self.index)
        return (
            ",".join(f"{value:.6f}".rstrip("0").rstrip(".") for value in self.box) if self.rule == "box" else self.rule
        )
