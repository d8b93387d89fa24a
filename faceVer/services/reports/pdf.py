"""A report as a PDF."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from fpdf import FPDF
from msgspec import UNSET, UnsetType

from faceVer.domain.analyses import JpegImage
from faceVer.services.reports.content import AnalysisEntry, Content, Decision, MediaEntry, Picture
from faceVer.services.reports.text import BOLD, REGULAR, shown
from faceVer.services.reports.words import WORDS

for _name in ("fontTools", "fpdf"):  # they tell each step of making a font
    logging.getLogger(_name).setLevel(logging.ERROR)

MARGIN, LABEL, LINE, PICTURE, LOGO = 15.0, 42.0, 5.0, 26.0, 14.0
"""Millimetres: of the page, of labels, of lines, of the sides of pictures, of the height of logos."""
NAME, FEW = 120, 8
"""Characters of a name in a list; pictures in one row."""


def render(content: Content, logos: Sequence[JpegImage] = (), *, compress: bool = True) -> bytes:
    """The PDF. logos: for the top of the first page."""
    document = _Document(content, compress)
    document.add_page()
    document.top(logos)
    document.folder()
    if not isinstance(content.media, UnsetType):
        document.heading("media")
        for item in content.media:
            document.media(item)
    if not isinstance(content.analyses, UnsetType):
        document.heading("analyses")
        for analysis in content.analyses:
            document.analysis(analysis)
        document.omitted(content.analyses_omitted)
    return bytes(document.output())


class _Document(FPDF):
    def __init__(self, content: Content, compress: bool) -> None:
        super().__init__("portrait", "mm", "A4")
        self._content, self._words = content, WORDS[content.language]
        self._names = {item.media_id: item.name for item in content.media or ()}
        self.set_compression(compress)
        self.set_margin(MARGIN)
        self.set_auto_page_break(True, MARGIN + LINE)
        self.add_font("sans", "", REGULAR)
        self.add_font("sans", "B", BOLD)
        self.set_font("sans", size=9)
        title = shown(content.title, NAME) or self._words["title"]
        self.set_title(f"{title} {content.folder_id}")
        self.set_lang(content.language)
        self.set_creator("FaceVer")
        self.set_creation_date(datetime.fromtimestamp(content.time_created, UTC))

    def footer(self) -> None:
        self.set_y(-MARGIN)
        self.set_font("sans", size=7)
        width = self.epw - 40
        text = shown(self._content.footer, NAME)
        while text and self.get_string_width(text) > width:
            text = text[:-2] + "…"
        self.cell(width, LINE, text)
        self.cell(40, LINE, f"{self._words['page']} {self.page_no()} / {{nb}}", align="R")

    def top(self, logos: Iterable[JpegImage]) -> None:
        x = self.l_margin
        for logo in logos:
            width = logo.width / logo.height * LOGO
            if x + width <= self.w - self.r_margin:
                self.image(io.BytesIO(logo.jpeg), x, self.t_margin, h=LOGO)
                x += width + 4
        if x > self.l_margin:
            self.set_y(self.t_margin + LOGO + 4)
        self.set_font("sans", "B", 15)
        self._paragraph(shown(self._content.title, 2 * NAME) or self._words["title"], 7)
        self.set_font("sans", size=8)
        when = _time(self._content.time_created)
        self._paragraph(self._words["made"].format(when, self._content.created_by), LINE)

    def heading(self, word: str) -> None:
        self._fit(20)
        self.ln(3)
        self.set_font("sans", "B", 12)
        self._paragraph(self._words[word], 7)

    def folder(self) -> None:
        content = self._content
        self.heading("folder")
        self.line_of("folder", content.folder_id)
        self.line_of("company", shown(content.company, NAME) or content.company_id)
        self.line_of("created", _time(content.folder_created))
        self.line_of("updated", _time(content.folder_updated))
        self.line_of("state", content.resolution_status)
        self.line_of("result", content.system_resolution, strong=True)
        if content.is_cleared:
            self.line_of("cleared", self._words["erased"])
        self._decision(content.decision)
        self._metadata(content.meta_data)

    def media(self, item: MediaEntry) -> None:
        self._fit(PICTURE + 4)
        top = self.get_y()
        indent = 0.0
        if item.thumbnail is not UNSET:
            indent = PICTURE + 3
            self._picture(item.thumbnail, self.l_margin, top)
        self.set_left_margin(MARGIN + indent)
        self.line_of("name", shown(item.name, NAME), strong=True)
        self.line_of("type", f"{item.type}, {item.width} × {item.height}, {item.size} {self._words['bytes']}")
        if item.duration is not None:
            self.line_of("duration", f"{item.duration:.2f} {self._words['seconds']}")
        if item.tags:
            self.line_of("tags", shown(", ".join(item.tags), 2 * NAME))
        self.line_of("created", _time(item.time_created))
        self._metadata(item.meta_data)
        self.set_left_margin(MARGIN)
        self._below(top + PICTURE + 3 if indent else self.get_y() + 2, top)

    def analysis(self, entry: AnalysisEntry) -> None:
        self._fit(30)
        self.set_font("sans", "B", 9)
        self._paragraph(f"{entry.type} {entry.analysis_id}", LINE + 1)
        self.line_of("result", entry.resolution_status, strong=True)
        self.line_of("state", entry.state)
        if entry.error:
            self.line_of("error", entry.error)
        self.line_of("created", _time(entry.time_created))
        self.line_of("ended", self._words["nothing"] if entry.time_ended is None else _time(entry.time_ended))
        self.line_of("thresholds", ", ".join(f"{name} {value:g}" for name, value in entry.thresholds.items()))
        self._decision(entry.decision)
        for score in entry.scores:
            names = " + ".join(shown(self._names.get(media_id, media_id), NAME // 3) for media_id in score.media_ids)
            self.line_of("score", f"{score.score:.6f} {names}")
        self.omitted(entry.scores_omitted)
        shots = [score.best_shot for score in entry.scores if isinstance(score.best_shot, Picture)]
        for start in range(0, len(shots), FEW - 2):
            self._fit(PICTURE + 2)
            top = self.get_y()
            for place, shot in enumerate(shots[start : start + FEW - 2]):
                self._picture(shot, self.l_margin + place * (PICTURE + 3), top)
            self.set_y(top + PICTURE + 2)
        self.ln(3)

    def omitted(self, number: int) -> None:
        if number:
            self._paragraph(self._words["omitted"].format(number), LINE)

    def line_of(self, word: str, text: str, *, strong: bool = False) -> None:
        """A label and its value, which may take several lines and pages."""
        self._fit(LINE)
        self.set_font("sans", size=8)
        self.set_text_color(110)
        self.cell(LABEL, LINE, self._words[word])
        self.set_text_color(0)
        self.set_font("sans", "B" if strong else "", 9)
        self._paragraph(text, LINE)

    def _decision(self, decision: Decision | UnsetType) -> None:
        if isinstance(decision, UnsetType):
            return
        self.line_of("decision", decision.status or self._words["nothing"], strong=True)
        if decision.comment:
            self.line_of("comment", shown(decision.comment))
        if decision.author:
            self.line_of("author", decision.author)
        if decision.time is not None:
            self.line_of("decided", _time(decision.time))

    def _metadata(self, data: object) -> None:
        if data and not isinstance(data, UnsetType):
            self.line_of("metadata", shown(json.dumps(data, ensure_ascii=False)))

    def _paragraph(self, text: str, height: float) -> None:
        self.multi_cell(0, height, text or self._words["nothing"], align="L", new_x="LMARGIN", new_y="NEXT")

    def _picture(self, picture: Picture | UnsetType | None, x: float, y: float) -> None:
        """Within a square; an empty one where there is no picture."""
        if isinstance(picture, Picture):
            side = PICTURE / max(picture.width, picture.height)
            width, height = picture.width * side, picture.height * side
            left, top = x + (PICTURE - width) / 2, y + (PICTURE - height) / 2
            self.image(io.BytesIO(picture.data), left, top, width, height)
            return
        self.set_draw_color(200)
        self.rect(x, y, PICTURE, PICTURE)
        self.set_font("sans", size=7)
        self.set_xy(x, y + PICTURE / 2 - 2)
        self.cell(PICTURE, 4, self._words["no_picture"], align="C")
        self.set_xy(x, y)

    def _fit(self, height: float) -> None:
        if self.will_page_break(height):
            self.add_page()

    def _below(self, y: float, top: float) -> None:
        """Continue below a picture whose top is there, unless its text has gone further or to a new page."""
        if top <= self.get_y() < y:
            self.set_y(y)
        self.set_x(self.l_margin)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
