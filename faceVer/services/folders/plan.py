"""The first step of a folder: from media files and a payload to a plan. Nothing is decoded yet."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

from faceVer.domain.analyses import QualityThresholds
from faceVer.domain.clock import Clock, IdFactory
from faceVer.domain.errors import SampleError, TooLargeError
from faceVer.domain.folders import MediaItem, MediaKind, PlannedAnalysis
from faceVer.domain.values import Upload
from faceVer.media.sniffing import Kind, identify
from faceVer.services.folders.gestures import demanded_gestures
from faceVer.services.folders.planned import Extraction, Plan, PlannedMedium
from faceVer.services.folders.request import FolderRequest, RequestedAnalysis, parse_payload
from faceVer.services.folders.selection import has_best_shot, select
from faceVer.services.folders.strict_json import name_of
from faceVer.settings.model import Settings

KINDS: Mapping[Kind, MediaKind] = {"image": "image", "video": "video", "archive": "shots_set"}


def plan_folder(
    uploads: Sequence[Upload],
    payload: bytes | None,
    settings: Settings,
    clock: Clock,
    new_id: IdFactory,
    *,
    previews: bool = False,
) -> Plan:
    """Plan the folder of a request. payload: the part's bytes, None = not sent.

    Raises SampleError (no media, a name used twice, an unsupported file type), TooLargeError, PayloadError.
    """
    created = clock()
    files = _identified(uploads, settings)
    request = parse_payload(payload, [upload.name for upload in uploads])
    items = [_item(upload, *file, request, new_id(), created) for upload, file in zip(uploads, files, strict=True)]
    analyses = tuple(
        plan_analysis(requested, requested_media(items, requested.source_media), settings, new_id)
        for requested in request.analyses
    )
    return Plan(
        folder_id=new_id(),
        group_id=new_id(),
        created=created,
        begun=clock(),
        media=tuple(PlannedMedium(item, extraction_for(item, analyses, previews=previews)) for item in items),
        analyses=analyses,
        meta_data=request.meta_data,
        resolution_endpoint=request.resolution_endpoint,
    )


def _identified(uploads: Sequence[Upload], settings: Settings) -> list[tuple[Kind, str]]:
    """(kind, MIME type) of each file, after the checks that need no decoding. Raises TooLargeError, SampleError."""
    limits = settings.limits
    if not uploads:
        raise SampleError("the request has no media", exposed="media")
    if len(uploads) > limits.max_media:
        raise TooLargeError(f"{len(uploads)} media files; at most {limits.max_media} are allowed")
    files = []
    for upload in uploads:
        if len(upload.data) > limits.max_file_bytes:
            raise TooLargeError(f"a media file of {len(upload.data)} bytes; {limits.max_file_bytes} are allowed")
        files.append(identify(upload.data))
    names = [upload.name for upload in uploads]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SampleError(f"two media files have the name {twice!r}", exposed=name_of(twice))
    return files


def _item(upload: Upload, kind: Kind, mime: str, request: FolderRequest, media_id: str, created: float) -> MediaItem:
    return MediaItem(
        media_id=media_id,
        kind=KINDS[kind],
        name=upload.name,
        filename=upload.filename,
        md5=hashlib.md5(upload.data, usedforsecurity=False).hexdigest(),
        size=len(upload.data),
        mime=mime,
        created=created,
        updated=created,
        tags=request.media_tags.get(upload.name, ()),
        meta_data=request.media_meta_data.get(upload.name, {}),
    )


def plan_analysis(
    requested: RequestedAnalysis,
    source: Sequence[MediaItem],
    settings: Settings,
    new_id: IdFactory,
    gives_best_shot: Callable[[MediaItem], bool] = has_best_shot,
) -> PlannedAnalysis:
    """Plan an analysis. source: the media requested for it. gives_best_shot: of which of them it takes best shots."""
    comparison = settings.comparison
    thresholds = requested.thresholds(
        settings.liveness.spoofing_threshold,
        comparison.approve_threshold,
        comparison.operator_threshold,
        check_gesture=settings.liveness.check_gesture,
    )
    selection = select(requested.type, source)
    takes_shots = isinstance(thresholds, QualityThresholds) and thresholds.extract_best_shot and not selection.failure
    return PlannedAnalysis(
        analysis_id=new_id(),
        thresholds=thresholds,
        media=tuple(item.media_id for item in selection.media),
        failure=selection.failure,
        best_shots={item.media_id: new_id() for item in selection.media if takes_shots and gives_best_shot(item)},
        meta_data=requested.meta_data,
    )


def requested_media(items: Sequence[MediaItem], names: Sequence[str]) -> tuple[MediaItem, ...]:
    """The media of these names; none means all.

    Raises KeyError for a name without a media item; the payload's checks reject such names before.
    """
    by_name = {item.name: item for item in items}
    return tuple(by_name[name] for name in dict.fromkeys(names)) or tuple(items)


def extraction_for(item: MediaItem, analyses: Sequence[PlannedAnalysis], *, previews: bool = False) -> Extraction:
    """What to extract from a media item for the analyses that use it."""
    uses = [analysis for analysis in analyses if not analysis.failure and item.media_id in analysis.media]
    quality = [analysis for analysis in uses if isinstance(analysis.thresholds, QualityThresholds)]
    checks = any(isinstance(one.thresholds, QualityThresholds) and one.thresholds.check_gesture for one in uses)
    return Extraction(
        pad_score=bool(quality),
        best_shot=any(item.media_id in analysis.best_shots for analysis in quality),
        vector=len(quality) < len(uses),
        gestures=demanded_gestures(item) if checks else (),
        previews=previews,
    )
