"""Which face of a picture a caller means: the parameter `face` (docs/faces.md, Choosing a face)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from faceVer.domain.errors import FaceChoiceError

Rule = Literal["largest", "central", "index", "box"]
_WORDS: Mapping[str, Rule] = {"largest": "largest", "central": "central"}
MOST_LETTERS = 64
"""Of a choice as text; the longest box of a decodable picture has fewer."""
_INDEX, _NUMBER = r"[1-9][0-9]{0,3}", r"[0-9]{1,6}(?:\.[0-9]{1,6})?"
_BOX = ",".join(["-?" + _NUMBER] * 2 + [_NUMBER] * 2)
PATTERN = rf"^(?:{'|'.join(_WORDS)}|{_INDEX}|{_BOX})$"
"""Of a choice as text, besides that a box has a width and a height."""


@dataclass(frozen=True, slots=True)
class FaceChoice:
    """One face of several.

    rule: "largest", "central" (nearest to the picture's centre), "index" or "box". index: from left to right, from 1.
    box: left, top, width, height in pixels of the picture, upright by its EXIF orientation and not reduced.
    """

    rule: Rule
    index: int = 0
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    @classmethod
    def parse(cls, text: str) -> FaceChoice:
        """`largest`, `central`, a number from 1, or `x,y,w,h`; blanks around are ignored. Raises FaceChoiceError."""
        text = text.strip() if len(text) <= MOST_LETTERS else ""
        if text in _WORDS:
            return cls(_WORDS[text])
        if re.fullmatch(_INDEX, text):
            return cls("index", int(text))
        if re.fullmatch(_BOX, text):
            left, top, width, height = map(float, text.split(","))
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
