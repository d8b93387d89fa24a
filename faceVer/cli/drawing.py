"""The picture of a comparison: both faces with box and landmarks, the score, and its place on the scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image as Pil
from PIL import ImageDraw

from faceVer.cli.fonts import default_font, fit
from faceVer.cli.operating_points import percent, rate_at
from faceVer.domain.values import Decision, Face, Image
from faceVer.inference.specs import OperatingPoint

Colour = tuple[int, int, int]
WIDTH, MARGIN, GAP = 1120, 40, 24
PANEL = ((WIDTH - 2 * MARGIN - GAP) // 2, 460)
"""Width and height, in pixels, that an image is scaled to fit into."""
TOP_CAPTION, TOP_VERDICT, TOP_BAR, HEIGHT = 516, 590, 704, 800
BAR = 22
INK, FAINT, LINE, GROUND, SHADE = (31, 35, 40), (99, 108, 118), (208, 215, 222), (255, 255, 255), (246, 248, 250)
BOX, LANDMARK = (0, 200, 83), (255, 214, 0)
COLOURS: dict[Decision, Colour] = {
    "approved": (26, 127, 55),
    "operator_required": (154, 103, 0),
    "declined": (207, 34, 46),
}


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One side. image: None for a template. face: in the image's pixels."""

    name: str
    note: str
    image: Image | None = None
    face: Face | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """thresholds: (approved from, operator_required from), None = unknown. points: empty = the FMR is unknown."""

    score: float
    decision: Decision
    thresholds: tuple[float, float] | None
    points: Sequence[OperatingPoint]


def draw(left: Panel, right: Panel, verdict: Verdict) -> Pil.Image:
    """The picture, `WIDTH` x `HEIGHT` pixels, RGB."""
    canvas = Pil.new("RGB", (WIDTH, HEIGHT), GROUND)
    pen = ImageDraw.Draw(canvas)
    for panel, x in ((left, MARGIN), (right, WIDTH - MARGIN - PANEL[0])):
        _draw_panel(canvas, pen, panel, x)
    _draw_verdict(pen, verdict)
    _draw_scale(pen, verdict)
    return canvas


def _draw_panel(canvas: Pil.Image, pen: ImageDraw.ImageDraw, panel: Panel, x: int) -> None:
    width, height = PANEL
    pen.rectangle((x, MARGIN, x + width - 1, MARGIN + height - 1), fill=SHADE, outline=LINE)
    if panel.image is None:
        centre = x + width // 2, MARGIN + height // 2
        pen.text(centre, "template", INK, default_font(34), anchor="ms")
        pen.text((centre[0], centre[1] + 14), "it contains no image", FAINT, default_font(18), anchor="mt")
    else:
        picture = Pil.fromarray(panel.image)
        scale = min(width / picture.width, height / picture.height)
        size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        picture = picture.resize(size, Pil.Resampling.LANCZOS)
        if panel.face is not None:
            _draw_face(ImageDraw.Draw(picture), panel.face, scale)
        canvas.paste(picture, (x + (width - size[0]) // 2, MARGIN + (height - size[1]) // 2))
    for text, points, offset, colour in ((panel.name, 20, 0, INK), (panel.note, 16, 28, FAINT)):
        shown, font = fit(text, points, width)
        pen.text((x, TOP_CAPTION + offset), shown, colour, font)


def _draw_face(pen: ImageDraw.ImageDraw, face: Face, scale: float) -> None:
    pen.rectangle([round(float(edge) * scale) for edge in face.box], outline=BOX, width=3)
    for x, y in face.landmarks * scale:
        pen.ellipse((x - 3, y - 3, x + 3, y + 3), fill=LANDMARK, outline=INK)


def _draw_verdict(pen: ImageDraw.ImageDraw, verdict: Verdict) -> None:
    number, decision = f"{verdict.score:.6f}", verdict.decision.replace("_", " ")
    pen.text((MARGIN, TOP_VERDICT + 28), number, INK, default_font(52), anchor="lm")
    x = MARGIN + pen.textlength(number, default_font(52)) + 28
    width = pen.textlength(decision, default_font(28))
    box = (x, TOP_VERDICT + 4, x + width + 36, TOP_VERDICT + 52)
    pen.rounded_rectangle(box, 24, fill=COLOURS[verdict.decision])
    pen.text((x + 18, TOP_VERDICT + 28), decision, GROUND, default_font(28), anchor="lm")
    rate = f"false match rate at this score: {rate_at(verdict.score, verdict.points) or 'not known for this model'}"
    pen.text((WIDTH - MARGIN, TOP_VERDICT + 4), rate, INK, default_font(18), anchor="ra")
    pen.text((WIDTH - MARGIN, TOP_VERDICT + 32), _thresholds(verdict), FAINT, default_font(18), anchor="ra")


def _thresholds(verdict: Verdict) -> str:
    if verdict.thresholds is None:
        return "thresholds: the server's"
    approve, operator = verdict.thresholds
    band = f", operator required from {operator:g}" if operator < approve else ""
    return f"approved from {approve:g}{band}"


def _draw_scale(pen: ImageDraw.ImageDraw, verdict: Verdict) -> None:
    """The scores from 0 to 1: the ranges of decisions, the false match rates, and the score."""

    def place(score: float) -> int:
        return MARGIN + round(score * (WIDTH - 2 * MARGIN - 1))

    approve, operator = verdict.thresholds or (1.0, 1.0)
    ranges: tuple[tuple[float, float, Decision], ...] = (
        (0.0, operator, "declined"),
        (operator, approve, "operator_required"),
        (approve, 1.0, "approved"),
    )
    for start, end, decision in ranges:
        if end > start:
            colour = _tint(COLOURS[decision]) if verdict.thresholds else LINE
            pen.rectangle((place(start), TOP_BAR, place(end), TOP_BAR + BAR), fill=colour)
    pen.text((MARGIN, TOP_BAR + BAR + 34), "false match rate of a threshold there", FAINT, default_font(15))
    for point in verdict.points:
        x = place(point.score)
        pen.line((x, TOP_BAR, x, TOP_BAR + BAR + 6), fill=FAINT)
        label = max(x, MARGIN + 16), TOP_BAR + BAR + 10
        pen.text(label, percent(point.fmr), FAINT, default_font(15), anchor="ma")
    x, colour = place(verdict.score), COLOURS[verdict.decision]
    pen.polygon((x, TOP_BAR + 4, x - 11, TOP_BAR - 16, x + 11, TOP_BAR - 16), fill=colour)
    pen.line((x, TOP_BAR, x, TOP_BAR + BAR), fill=colour, width=3)


def _tint(colour: Colour) -> Colour:
    """A light version of a colour."""
    red, green, blue = (255 - (255 - value) * 3 // 10 for value in colour)
    return red, green, blue
