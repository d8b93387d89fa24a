"""The folder document: what multipart detect and instant folders answer, and what a webhook is sent.

Plain dicts, lists, strings, numbers, booleans and None, ready for JSON, with every field of the reference's response
example in its order. Where the reference's example has null for an id that the contract asks for (`analysis_id`,
`group_id`), the id stands.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from faceVer.domain.folders import AnalysisRecord, Folder
from faceVer.services.folders.analysis_document import analysis_document
from faceVer.services.folders.media_document import media_document
from faceVer.services.folders.resolution import analysis_status, folder_status


@dataclass(frozen=True, slots=True)
class Stamps:
    """Where ids and times come from. new_id: a fresh UUID4 as text. now: Unix seconds with fraction."""

    new_id: Callable[[], str] = lambda: str(uuid.uuid4())
    now: Callable[[], float] = time.time


def folder_document(folder: Folder, analyses: Sequence[AnalysisRecord], stamps: Stamps | None = None) -> dict[str, Any]:
    """Build the document. The entries of `source_media` are the very objects of `media`: copy before changing one."""
    stamps = stamps or Stamps()
    media = {medium.key: media_document(medium, folder.folder_id) for medium in folder.media}
    statuses = [analysis_status(record.outcome, record.confs) for record in analyses]
    state, resolution = folder_status(statuses)
    return {
        "company_id": None,
        "time_created": folder.created,
        "folder_id": folder.folder_id,
        "user_id": None,
        "resolution_endpoint": folder.resolution_endpoint,
        "resolution_status": state.value,
        "resolution_comment": "[]",
        "system_resolution": resolution.value,
        "resolution_time": None,
        "resolution_author_id": None,
        "resolution_state_hash": None,
        "operator_comment": None,
        "operator_status": None,
        "is_cleared": None,
        "meta_data": dict(folder.meta_data),
        "technical_meta_data": {},
        "time_updated": max(stamps.now(), folder.created),  # a clock set back must not put the end before the start
        "media": list(media.values()),
        "analyses": [
            analysis_document(record, status, folder, media, stamps.new_id)
            for record, status in zip(analyses, statuses, strict=True)
        ],
    }
