"""Which media an analysis uses, by the Oz API's "Rules of Assigning Analyses" and media tags; pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from faceVer.domain.analyses import AnalysisType, FailureKind
from faceVer.domain.folders import MediaItem

ID_PHOTO_TAGS = frozenset({"photo_id", "photo_id_front", "photo_id_back"})
# The Oz API: the back of an ID is "ignored for any other analyses like Quality or Biometry".
FACELESS_TAGS = frozenset({"photo_id_back"})
BIOMETRY_MEDIA = 2


class Selection(NamedTuple):
    """The media of one analysis, in the order requested.

    Where `failure` is set the analysis cannot be made, and `media` are all those that were requested for it.
    """

    media: tuple[MediaItem, ...]
    failure: FailureKind | None = None


def select(type_: AnalysisType, requested: Sequence[MediaItem]) -> Selection:
    """The media an analysis of that type uses: the requested ones, less what tags exclude."""
    requested = tuple(requested)
    if type_ is AnalysisType.QUALITY:
        used = tuple(item for item in requested if not _is_photo_of(item, ID_PHOTO_TAGS))
        return Selection(used) if used else Selection(requested, FailureKind.NO_QUALITY_MEDIA)
    used = tuple(item for item in requested if not _is_photo_of(item, FACELESS_TAGS))
    return Selection(used) if len(used) >= BIOMETRY_MEDIA else Selection(requested, FailureKind.TOO_FEW_MEDIA)


def has_best_shot(item: MediaItem, *, photos: bool = False) -> bool:
    """Whether a best shot can be taken: of videos and archives, with any gesture tag.

    photos: of stored folders a photo is its own best shot, too.
    """
    return item.kind in ("video", "shots_set") or photos


def _is_photo_of(item: MediaItem, tags: frozenset[str]) -> bool:
    return item.kind == "image" and not tags.isdisjoint(item.tags)
