"""Rows of analyses and of their groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from faceVer.domain.analyses import (
    AnalysisState,
    AnalysisStatus,
    BestShot,
    BiometryOutcome,
    FailureKind,
    Outcome,
    QualityOutcome,
    Resolution,
    StoredImage,
)
from faceVer.domain.folders import Analysis, MediaItem, PlannedAnalysis
from faceVer.storage.files import IMAGE_COLUMNS
from faceVer.storage.outcomes import outcome_from_json, outcome_to_json, thresholds_from_json, thresholds_to_json
from faceVer.storage.tables import analyses, best_shots, files, groups


class Group(NamedTuple):
    """The analyses of one request. finished: Unix seconds, None while one of them runs."""

    group_id: str
    folder_id: str
    created: float
    finished: float | None
    resolution_endpoint: str | None


class AnalysisProgress(NamedTuple):
    """How far an analysis is; see `domain.folders.Analysis`."""

    group_id: str
    status: AnalysisStatus
    created: float
    ended: float | None


class Uses(NamedTuple):
    """Of a folder: its analyses, and the media that each of them uses, summed up."""

    analyses: int
    media: int


def insert_group(
    connection: Connection,
    group: Group,
    planned: Sequence[PlannedAnalysis],
) -> None:
    """Add a group and its analyses, which begin to run."""
    connection.execute(sa.insert(groups).values(**group._asdict()))
    connection.execute(
        sa.insert(analyses),
        [
            {
                "analysis_id": one.analysis_id,
                "folder_id": group.folder_id,
                "group_id": group.group_id,
                "position": position,
                "type": one.thresholds.type.value,
                "thresholds": thresholds_to_json(one.thresholds),
                "sources": list(one.media),
                "planned_failure": one.failure.value if one.failure else None,
                "best_shots": dict(one.best_shots),
                "state": AnalysisState.PROCESSING.value,
                "resolution": Resolution.PROCESSING.value,
                "created": group.created,
                "updated": group.created,
                "meta_data": dict(one.meta_data),
            }
            for position, one in enumerate(planned)
        ],
    )


def group(connection: Connection, group_id: str) -> Group | None:
    columns = [groups.c[name] for name in Group._fields]
    row = connection.execute(sa.select(*columns).where(groups.c.group_id == group_id)).first()
    return None if row is None else Group(*row)


def unfinished_groups(connection: Connection, before: float) -> list[Group]:
    """The groups that began before a time, in Unix seconds, and still run."""
    columns = [groups.c[name] for name in Group._fields]
    found = sa.select(*columns).where(groups.c.finished.is_(None), groups.c.created < before)
    return [Group(*row) for row in connection.execute(found.order_by(groups.c.created))]


def finish_group(connection: Connection, group_id: str, now: float) -> None:
    connection.execute(sa.update(groups).where(groups.c.group_id == group_id).values(finished=now))


def planned(connection: Connection, group_id: str) -> list[PlannedAnalysis]:
    """The analyses of a group that still run, in order."""
    rows = connection.execute(
        sa.select(analyses)
        .where(analyses.c.group_id == group_id, analyses.c.state == AnalysisState.PROCESSING.value)
        .order_by(analyses.c.position)
    )
    return [
        PlannedAnalysis(
            analysis_id=row.analysis_id,
            thresholds=thresholds_from_json(row.thresholds),
            media=tuple(row.sources),
            failure=FailureKind(row.planned_failure) if row.planned_failure else None,
            best_shots=row.best_shots,
            meta_data=row.meta_data,
        )
        for row in rows
    ]


def finish(connection: Connection, analysis_id: str, outcome: Outcome, status: AnalysisStatus, now: float) -> bool:
    """Write the outcome of an analysis. False if it was deleted, or had ended already. Best shots: `insert_shots`."""
    changed = connection.execute(
        sa.update(analyses)
        .where(analyses.c.analysis_id == analysis_id, analyses.c.state == AnalysisState.PROCESSING.value)
        .values(
            outcome=outcome_to_json(outcome),
            state=status.state.value,
            resolution=status.resolution.value,
            updated=now,
            ended=now,
            **_extremes(outcome),
        )
    )
    return changed.rowcount == 1


def insert_shots(connection: Connection, analysis_id: str, shots: Mapping[str, BestShot]) -> None:
    """Add the best shots of an analysis, by the ids of their source media; their files must have rows already."""
    rows = [
        {"media_id": shot.media_id, "analysis_id": analysis_id, "source_media_id": source, "file_key": shot.image.key}
        for source, shot in shots.items()
        if isinstance(shot.image, StoredImage)
    ]
    if rows:
        connection.execute(sa.insert(best_shots), rows)


def folder_of(connection: Connection, analysis_id: str) -> str | None:
    """The id of an analysis' folder."""
    return connection.scalar(sa.select(analyses.c.folder_id).where(analyses.c.analysis_id == analysis_id))


def progress(connection: Connection, folder_id: str) -> list[AnalysisProgress]:
    """How far each analysis of a folder is."""
    columns = [analyses.c[name] for name in ("group_id", "state", "resolution", "created", "ended")]
    rows = connection.execute(sa.select(*columns).where(analyses.c.folder_id == folder_id))
    return [
        AnalysisProgress(group_id, AnalysisStatus(AnalysisState(state), Resolution(resolution)), created, ended)
        for group_id, state, resolution, created, ended in rows
    ]


def total_uses(connection: Connection, folder_id: str) -> Uses:
    sources = connection.scalars(sa.select(analyses.c.sources).where(analyses.c.folder_id == folder_id)).all()
    return Uses(len(sources), sum(map(len, sources)))


def of_folders(
    connection: Connection, folder_ids: Iterable[str], media: Mapping[str, MediaItem], analysis_id: str | None = None
) -> dict[str, list[Analysis]]:
    """The analyses of folders, oldest first, by folder. media: the folders' media items by id.

    analysis_id: of the only one to read; None = all.
    """
    wanted = list(folder_ids)
    found: dict[str, list[Analysis]] = {folder_id: [] for folder_id in wanted}
    if not wanted:
        return found
    condition: sa.ColumnElement[bool] = analyses.c.folder_id.in_(wanted)
    if analysis_id is not None:
        condition &= analyses.c.analysis_id == analysis_id
    rows = connection.execute(
        sa.select(analyses)
        .where(condition)
        .order_by(analyses.c.folder_id, analyses.c.created, analyses.c.group_id, analyses.c.position)
    ).all()
    shots = _shots(connection, condition)
    for row in rows:
        found[row.folder_id].append(_analysis(row, media, shots.get(row.analysis_id, {})))
    return found


def uses(connection: Connection, folder_id: str, media_id: str) -> list[AnalysisState]:
    """The states of the analyses that use a media item of the folder."""
    rows = connection.execute(sa.select(analyses.c.sources, analyses.c.state).where(analyses.c.folder_id == folder_id))
    return [AnalysisState(row.state) for row in rows if media_id in row.sources]


def update(connection: Connection, analysis_id: str, now: float, **values: Any) -> None:
    """Set columns (`resolution_operator`, `operator_comment`, `meta_data`)."""
    connection.execute(sa.update(analyses).where(analyses.c.analysis_id == analysis_id).values(updated=now, **values))


def delete(connection: Connection, analysis_id: str) -> None:
    """Delete an analysis, and its group if that was its last one. The files of its best shots stay."""
    group_id = connection.scalar(sa.select(analyses.c.group_id).where(analyses.c.analysis_id == analysis_id))
    connection.execute(sa.delete(analyses).where(analyses.c.analysis_id == analysis_id))
    others = sa.select(analyses.c.analysis_id).where(analyses.c.group_id == group_id)
    connection.execute(sa.delete(groups).where(groups.c.group_id == group_id, ~others.exists()))


def shot_keys(connection: Connection, analysis_id: str) -> list[str]:
    """The file keys of an analysis' best shots."""
    return list(connection.scalars(sa.select(best_shots.c.file_key).where(best_shots.c.analysis_id == analysis_id)))


def clear(connection: Connection, folder_id: str) -> None:
    """Erase the personal data of a folder's analyses: metadata and comments. Scores and statuses stay."""
    connection.execute(
        sa.update(analyses).where(analyses.c.folder_id == folder_id).values(meta_data={}, operator_comment=None)
    )


def _shots(connection: Connection, of_analyses: sa.ColumnElement[bool]) -> dict[str, dict[str, BestShot]]:
    """Best shots by analysis, then by source media item. of_analyses: which."""
    joined = best_shots.join(analyses, analyses.c.analysis_id == best_shots.c.analysis_id).join(
        files, files.c.key == best_shots.c.file_key
    )
    rows = connection.execute(
        sa.select(best_shots.c.analysis_id, best_shots.c.source_media_id, best_shots.c.media_id, *IMAGE_COLUMNS)
        .select_from(joined)
        .where(of_analyses)
    )
    shots: dict[str, dict[str, BestShot]] = {}
    for analysis_id, source, media_id, *image in rows:
        shots.setdefault(analysis_id, {})[source] = BestShot(media_id, StoredImage(*image))
    return shots


def _analysis(row: Row[Any], media: Mapping[str, MediaItem], shots: Mapping[str, BestShot]) -> Analysis:
    return Analysis(
        analysis_id=row.analysis_id,
        group_id=row.group_id,
        thresholds=thresholds_from_json(row.thresholds),
        source=tuple(media[media_id] for media_id in row.sources if media_id in media),
        outcome=None if row.outcome is None else outcome_from_json(row.outcome, shots),
        status=AnalysisStatus(AnalysisState(row.state), Resolution(row.resolution)),
        created=row.created,
        updated=row.updated,
        ended=row.ended,
        meta_data=row.meta_data,
        resolution_operator=Resolution(row.resolution_operator) if row.resolution_operator else None,
        operator_comment=row.operator_comment,
    )


def _extremes(outcome: Outcome) -> dict[str, float]:
    """The scores that lists can be filtered by."""
    if isinstance(outcome, BiometryOutcome):
        return {"min_confidence": outcome.min_confidence, "max_confidence": outcome.max_confidence}
    if isinstance(outcome, QualityOutcome):
        scores = [score.pad_score for score in outcome.scores]
        return {"min_spoofing": min(scores), "max_spoofing": max(scores)}
    return {}
