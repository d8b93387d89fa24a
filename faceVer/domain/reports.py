"""Reports of folders, and the templates they are made from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from faceVer.domain.analyses import StoredImage

LANGUAGES = ("en", "ru")


class Section(StrEnum):
    """Parts of a report that a template switches on or off. The folder and its statuses are in every report.

    MEDIA: names, sizes and times of media. THUMBNAILS: pictures of media and best shots. ANALYSES: statuses, scores,
    thresholds. DECISIONS: what operators decided and wrote. METADATA: what clients attached to folder and media.
    """

    MEDIA, THUMBNAILS, ANALYSES = "media", "thumbnails", "analyses"
    DECISIONS, METADATA = "decisions", "metadata"


class ReportFormat(StrEnum):
    PDF, JSON = "pdf", "json"


@dataclass(frozen=True, slots=True)
class ReportTemplate:
    """A company's template. title: of the document, "" = the language's own. footer: at the end of each page.

    name: unique in the company. language: of `LANGUAGES`. created, updated: Unix seconds.
    """

    template_id: str
    company_id: str
    name: str
    created: float
    updated: float
    title: str = ""
    footer: str = ""
    language: str = LANGUAGES[0]
    sections: frozenset[Section] = frozenset(Section) - {Section.METADATA}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture of a template, shown at the top of its PDFs. created: Unix seconds."""

    attachment_id: str
    template_id: str
    name: str
    image: StoredImage
    created: float


@dataclass(frozen=True, slots=True)
class Report:
    """A report that was made.

    template_id: None = of no template. key, size (bytes): of its file. created: Unix seconds.
    """

    report_id: str
    folder_id: str
    template_id: str | None
    user_id: str
    format: ReportFormat
    key: str
    size: int
    created: float

    @property
    def filename(self) -> str:
        return f"report_{self.folder_id}.{self.format}"
