"""The picture of a comparison: both faces with what was found in them, the score, and where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image as Pil
from PIL import ImageDraw

from faceVer.cli.fonts import fitting, plain
from faceVer.cli.operating_points import percent, rate_at
from faceVer.domain.values import Decision, Face, Image
from faceVer.inference.specs import OperatingPoint

WIDTH, MARGIN, GAP = 1120, 40, 24
PANEL = ((WIDTH - 2 * MARGIN - GAP) // 2, 460)
"""Pixels that a picture is fitted into."""
TOP_CAPTION, TOP_VERDICT, TOP_BAR, HEIGHT = 516, 590, 704, 800
BAR = 22
INK, FAINT, LINE, GROUND, SHADE = (31, 35, 40), (99, 108, 118), (208, 215, 222), (255, 255, 255), (246, 248, 250)
BOX, MARK = (0, 200, 83), (255, 214, 0)
COLOURS: dict[Decision, tuple[int, int, int]] = {
    "approved": (26, 127, 55),
    "operator_required": (154, 103, 0),
    "declined": (207, 34, 46),
}
_TINTS: dict[Decision, tuple[int, int, int]] = {
    "approved": (172, 238, 187),
    "operator_required": (250, 225, 125),
    "declined": (255, 206, 203),
}


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One side. image: None = a template, of which there is nothing to draw. face: in the image's pixels."""

    name: str
    note: str
    image: Image | None = None
    face: Face | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """thresholds: (approved from, operator_required from) where they are known. points: none = the FMR is not known."""

    score: float
    decision: Decision
    thresholds: tuple[float, float] | None
    points: Sequence[OperatingPoint]


def draw(left: Panel, right: Panel, verdict: Verdict) -> Pil.Image:
    """The whole picture, `WIDTH` x `HEIGHT` RGB."""
    canvas = Pil.new("RGB", (WIDTH, HEIGHT), GROUND)
    pen = ImageDraw.Draw(canvas)
    for panel, x in ((left, MARGIN), (right, WIDTH - MARGIN - PANEL[0])):
        _panel(canvas, pen, panel, x)
    _words(pen, verdict)
    _scale(pen, verdict)
    return canvas


def _panel(canvas: Pil.Image, pen: ImageDraw.ImageDraw, panel: Panel, x: int) -> None:
    width, height = PANEL
    pen.rectangle((x, MARGIN, x + width - 1, MARGIN + height - 1), fill=SHADE, outline=LINE)
    if panel.image is None:
        centre = x + width // 2, MARGIN + height // 2
        pen.text(centre, "template", INK, plain(34), anchor="ms")
        pen.text((centre[0], centre[1] + 14), "there is no picture in it", FAINT, plain(18), anchor="mt")
    else:
        picture = Pil.fromarray(panel.image)
        scale = min(width / picture.width, height / picture.height)
        size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        corner = x + (width - size[0]) // 2, MARGIN + (height - size[1]) // 2
        canvas.paste(picture.resize(size, Pil.Resampling.LANCZOS), corner)
        if panel.face is not None:
            _face(canvas, panel.face, scale, corner, size)
    for text, points, down, colour in ((panel.name, 20, 0, INK), (panel.note, 16, 28, FAINT)):
        shown, font = fitting(text, points, width)
        pen.text((x, TOP_CAPTION + down), shown, colour, font)


def _face(canvas: Pil.Image, face: Face, scale: float, corner: tuple[int, int], size: tuple[int, int]) -> None:
    """Drawn on the picture alone: a box may reach past its edge."""
    window = canvas.crop((*corner, corner[0] + size[0], corner[1] + size[1]))
    pen = ImageDraw.Draw(window)
    pen.rectangle([round(float(edge) * scale) for edge in face.box], outline=BOX, width=3)
    for x, y in face.landmarks * scale:
        pen.ellipse((x - 3, y - 3, x + 3, y + 3), fill=MARK, outline=INK)
    canvas.paste(window, corner)


def _words(pen: ImageDraw.ImageDraw, verdict: Verdict) -> None:
    colour = COLOURS[verdict.decision]
    number, decision = f"{verdict.score:.6f}", verdict.decision.replace("_", " ")
    pen.text((MARGIN, TOP_VERDICT + 28), number, INK, plain(52), anchor="lm")
    x = MARGIN + pen.textlength(number, plain(52)) + 28
    width = pen.textlength(decision, plain(28))
    pen.rounded_rectangle((x, TOP_VERDICT + 4, x + width + 36, TOP_VERDICT + 52), 24, fill=colour)
    pen.text((x + 18, TOP_VERDICT + 28), decision, GROUND, plain(28), anchor="lm")
    rate = rate_at(verdict.score, verdict.points) or "not known for this model"
    right = WIDTH - MARGIN
    pen.text((right, TOP_VERDICT + 4), f"false match rate at this score: {rate}", INK, plain(18), anchor="ra")
    pen.text((right, TOP_VERDICT + 32), _thresholds(verdict), FAINT, plain(18), anchor="ra")


def _thresholds(verdict: Verdict) -> str:
    if verdict.thresholds is None:
        return "thresholds: the server's"
    approve, operator = verdict.thresholds
    band = f", operator required from {operator:g}" if operator < approve else ""
    return f"approved from {approve:g}{band}"


def _scale(pen: ImageDraw.ImageDraw, verdict: Verdict) -> None:
    """The scores from 0 to 1: the decisions' ranges, the false match rates, and where this score lies."""
    span = WIDTH - 2 * MARGIN

    def place(score: float) -> int:
        return MARGIN + round(score * (span - 1))

    approve, operator = verdict.thresholds or (None, None)
    edges: list[tuple[float, Decision]] = [(0.0, "declined")]
    if approve is not None and operator is not None:
        edges += [(operator, "operator_required"), (approve, "approved")]
    for (start, decision), (end, _) in zip(edges, [*edges[1:], (1.0, "approved")], strict=True):
        if end > start or start == 0:
            tint = _TINTS[decision] if verdict.thresholds else LINE
            pen.rectangle((place(start), TOP_BAR, place(end), TOP_BAR + BAR), fill=tint)
    pen.text((MARGIN, TOP_BAR + BAR + 34), "false match rate of a threshold there", FAINT, plain(15))
    for point in verdict.points:
        x = place(point.score)
        pen.line((x, TOP_BAR, x, TOP_BAR + BAR + 6), fill=FAINT)
        pen.text((max(x, MARGIN + 16), TOP_BAR + BAR + 10), percent(point.fmr), FAINT, plain(15), anchor="ma")
    x = place(verdict.score)
    pen.polygon((x, TOP_BAR + 4, x - 11, TOP_BAR - 16, x + 11, TOP_BAR - 16), fill=COLOURS[verdict.decision])
    pen.line((x, TOP_BAR, x, TOP_BAR + BAR), fill=COLOURS[verdict.decision], width=3)
