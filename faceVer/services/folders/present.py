"""The last step of a folder: from its entities to its wire document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from faceVer.domain.folders import Analysis, Folder, MediaItem
from faceVer.services.folders.analysis_document import BiometryAnalysis, QualityAnalysis
from faceVer.services.folders.document import FolderDocument, analyses_in_order, media_in_order, to_wire
from faceVer.services.folders.media_document import Medium
from faceVer.services.folders.present_analysis import analysis_model
from faceVer.services.folders.present_media import company_of, medium_model
from faceVer.services.folders.presentation import Presentation


def present(folder: Folder, view: Presentation, *, with_analyses: bool = True, **extra: Any) -> dict[str, Any]:
    """The folder document, ready for JSON. extra: its `user` and `company`, where they are wanted."""
    media = {item.media_id: medium_model(item, folder, view) for item in folder.media}
    analyses = [_analysis(analysis, folder, media, view) for analysis in folder.analyses]
    owner = folder.ownership
    operator = owner.operator_status if owner else None
    return to_wire(
        FolderDocument(
            company_id=company_of(folder),
            time_created=folder.created,
            folder_id=folder.folder_id,
            user_id=owner.user_id if owner else None,
            resolution_endpoint=folder.resolution_endpoint,
            resolution_status=folder.status.state,
            resolution_comment="[]",
            system_resolution=folder.status.resolution,
            resolution_time=owner.resolution_time if owner else None,
            resolution_author_id=owner.resolution_author_id if owner else None,
            resolution_state_hash=None,
            operator_comment=owner.operator_comment if owner else None,
            operator_status=operator.value if operator else None,  # type: ignore[arg-type]
            is_cleared=owner.is_cleared if owner else None,
            meta_data=dict(folder.meta_data),
            technical_meta_data={},
            time_updated=folder.updated,
            media=list(media.values()),
            analyses=analyses if with_analyses else UNSET,
            **extra,
        )
    )


def present_media(items: Iterable[MediaItem], folder: Folder, view: Presentation) -> list[dict[str, Any]]:
    """Media items of a folder, each as in its document."""
    return media_in_order([msgspec.to_builtins(medium_model(item, folder, view)) for item in items])


def present_analyses(analyses: Iterable[Analysis], folder: Folder, view: Presentation) -> list[dict[str, Any]]:
    """Analyses of a folder, each as in its document."""
    return analyses_in_order([msgspec.to_builtins(_analysis(one, folder, {}, view)) for one in analyses])


def _analysis(
    analysis: Analysis, folder: Folder, media: Mapping[str, Medium], view: Presentation
) -> QualityAnalysis | BiometryAnalysis:
    """media: the models that are made already; of a media item that was deleted there is none."""
    source = [media.get(item.media_id) or medium_model(item, folder, view) for item in analysis.source]
    return analysis_model(analysis, folder, source, view)
