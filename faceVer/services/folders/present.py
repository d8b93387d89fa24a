"""The last step of a folder: from its entities to its wire document."""

from __future__ import annotations

from typing import Any

from faceVer.domain.folders import Folder
from faceVer.services.folders.document import FolderDocument, to_wire
from faceVer.services.folders.present_analysis import analysis_model
from faceVer.services.folders.present_media import medium_model


def present(folder: Folder, *, source_ids: bool) -> dict[str, Any]:
    """The folder document, ready for JSON.

    source_ids: whether each result also has the id of its media item by type (`source_video_id`). Clients of the Oz API
    match results by that field; API Lite's document does not have it.
    """
    media = {item.media_id: medium_model(item, folder.folder_id) for item in folder.media}
    analyses = [
        analysis_model(analysis, folder.folder_id, [media[item.media_id] for item in analysis.source], source_ids)
        for analysis in folder.analyses
    ]
    return to_wire(
        FolderDocument(
            company_id=None,
            time_created=folder.created,
            folder_id=folder.folder_id,
            user_id=None,
            resolution_endpoint=folder.resolution_endpoint,
            resolution_status=folder.status.state,
            resolution_comment="[]",
            system_resolution=folder.status.resolution,
            resolution_time=None,
            resolution_author_id=None,
            resolution_state_hash=None,
            operator_comment=None,
            operator_status=None,
            is_cleared=None,
            meta_data=dict(folder.meta_data),
            technical_meta_data={},
            time_updated=folder.updated,
            media=list(media.values()),
            analyses=analyses,
        )
    )
