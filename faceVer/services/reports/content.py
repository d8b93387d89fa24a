"""What a report says, before it is a PDF or JSON. Its fields in order are those of the JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import UNSET, Struct, UnsetType, to_builtins

from faceVer.domain.accounts import Company
from faceVer.domain.analyses import BiometryOutcome, Failure, JpegImage, QualityOutcome, StoredImage
from faceVer.domain.folders import Analysis, Folder, MediaItem
from faceVer.domain.reports import ReportTemplate, Section
from faceVer.services.stored_folders.store import owner_of

MOST_ANALYSES, MOST_SCORES, MOST_PICTURES = 100, 100, 200
"""Analyses of a report (the newest), scores of one of them, and pictures; more are counted, not shown."""

Load = Callable[[StoredImage], JpegImage | None]
"""A stored picture as a report shows it; None where it is gone or cannot be read."""


class Picture(Struct, frozen=True):
    """width, height: pixels. data: the JPEG, in base64 as JSON."""

    mime: str
    width: int
    height: int
    data: bytes


class MediaEntry(Struct, frozen=True):
    """A media item. type: image, video or shots_set. size: bytes. duration: seconds."""

    media_id: str
    name: str
    type: str
    tags: tuple[str, ...]
    size: int
    md5: str
    width: int
    height: int
    duration: float | None
    time_created: float
    meta_data: Mapping[str, Any] | UnsetType = UNSET
    thumbnail: Picture | UnsetType | None = UNSET


class ScoreEntry(Struct, frozen=True):
    """A PAD score of one media item (1 = attack), or a comparison score of two; 0..1."""

    media_ids: tuple[str, ...]
    score: float
    best_shot: Picture | UnsetType | None = UNSET


class Decision(Struct, frozen=True):
    """What an operator decided of a folder or an analysis; nulls = nothing. author, time: of a folder's only."""

    status: str | None
    comment: str | None
    author: str | None = None
    time: float | None = None


class AnalysisEntry(Struct, frozen=True):
    """An analysis. error: why it failed. scores_omitted: how many scores are not shown."""

    analysis_id: str
    type: str
    state: str
    resolution_status: str
    error: str | None
    thresholds: Mapping[str, Any]
    source_media: tuple[str, ...]
    time_created: float
    time_ended: float | None
    scores: tuple[ScoreEntry, ...]
    scores_omitted: int
    decision: Decision | UnsetType = UNSET


class Content(Struct, frozen=True):
    """A report of a folder as it was at `time_created`; all times are Unix seconds. What is UNSET is switched off."""

    report_id: str
    title: str
    language: str
    footer: str
    time_created: float
    created_by: str
    company_id: str
    company: str
    folder_id: str
    folder_created: float
    folder_updated: float
    resolution_status: str
    system_resolution: str
    is_cleared: bool
    decision: Decision | UnsetType
    meta_data: Mapping[str, Any] | UnsetType
    media: tuple[MediaEntry, ...] | UnsetType
    analyses: tuple[AnalysisEntry, ...] | UnsetType
    analyses_omitted: int


class Composer:
    """Makes the content of one report. load: reads pictures, at most MOST_PICTURES."""

    def __init__(self, sections: Iterable[Section], load: Load) -> None:
        self._sections, self._load, self._left = frozenset(sections), load, MOST_PICTURES

    def compose(
        self,
        template: ReportTemplate,
        folder: Folder,
        company: Company | None,
        report_id: str,
        user_id: str,
        now: float,
    ) -> Content:
        """company: of the folder. user_id: of who asks for the report."""
        owner, has = owner_of(folder), self._sections
        newest = sorted(folder.analyses, key=lambda one: one.created, reverse=True)[:MOST_ANALYSES]
        return Content(
            report_id=report_id,
            title=template.title,
            language=template.language,
            footer=template.footer,
            time_created=now,
            created_by=user_id,
            company_id=owner.company_id,
            company=company.name if company else "",
            folder_id=folder.folder_id,
            folder_created=folder.created,
            folder_updated=folder.updated,
            resolution_status=folder.status.state.value,
            system_resolution=folder.status.resolution.value,
            is_cleared=owner.is_cleared,
            decision=Decision(
                owner.operator_status, owner.operator_comment, owner.resolution_author_id, owner.resolution_time
            )
            if Section.DECISIONS in has
            else UNSET,
            meta_data=folder.meta_data if Section.METADATA in has else UNSET,
            media=tuple(map(self._media, folder.media)) if Section.MEDIA in has else UNSET,
            analyses=tuple(map(self._analysis, newest)) if Section.ANALYSES in has else UNSET,
            analyses_omitted=len(folder.analyses) - len(newest) if Section.ANALYSES in has else 0,
        )

    def _media(self, item: MediaItem) -> MediaEntry:
        return MediaEntry(
            media_id=item.media_id,
            name=item.filename or item.name,
            type=item.kind,
            tags=item.tags,
            size=item.size,
            md5=item.md5,
            width=item.width,
            height=item.height,
            duration=item.duration,
            time_created=item.created,
            meta_data=item.meta_data if Section.METADATA in self._sections else UNSET,
            thumbnail=self._picture(item.thumbnail),
        )

    def _analysis(self, analysis: Analysis) -> AnalysisEntry:
        outcome, thresholds = analysis.outcome, to_builtins(analysis.thresholds)
        scores, total = _scores(outcome)
        decision = Decision(analysis.resolution_operator, analysis.operator_comment)
        return AnalysisEntry(
            analysis_id=analysis.analysis_id,
            type=analysis.thresholds.type.value,
            state=analysis.status.state.value,
            resolution_status=analysis.status.resolution.value,
            error=outcome.kind.value if isinstance(outcome, Failure) else None,
            thresholds={name: value for name, value in thresholds.items() if name.startswith("threshold")},
            source_media=tuple(item.media_id for item in analysis.source),
            time_created=analysis.created,
            time_ended=analysis.ended,
            scores=tuple(ScoreEntry(ids, score, self._picture(shot)) for ids, score, shot in scores),
            scores_omitted=total - len(scores),
            decision=decision if Section.DECISIONS in self._sections else UNSET,
        )

    def _picture(self, image: StoredImage | None) -> Picture | UnsetType | None:
        if Section.THUMBNAILS not in self._sections:
            return UNSET
        if image is None or not self._left:
            return None
        self._left -= 1
        loaded = self._load(image)
        return Picture("image/jpeg", loaded.width, loaded.height, loaded.jpeg) if loaded else None


def _scores(
    outcome: QualityOutcome | BiometryOutcome | Failure | None,
) -> tuple[Sequence[tuple[tuple[str, ...], float, StoredImage | None]], int]:
    """(the first scores, how many there are)"""
    if isinstance(outcome, BiometryOutcome):
        pairs = [((pair.left, pair.right), pair.score, None) for pair in outcome.pairs[:MOST_SCORES]]
        return pairs, len(outcome.pairs)
    if isinstance(outcome, QualityOutcome):
        return list(_pad_scores(outcome)), len(outcome.scores)
    return [], 0


def _pad_scores(outcome: QualityOutcome) -> Iterator[tuple[tuple[str, ...], float, StoredImage | None]]:
    for score in outcome.scores[:MOST_SCORES]:
        shot = score.best_shot.image if score.best_shot else None
        yield (score.media_id,), score.pad_score, shot if isinstance(shot, StoredImage) else None
