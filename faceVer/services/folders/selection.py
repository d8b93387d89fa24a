"""Which media an analysis uses, by the reference's "Rules of Assigning Analyses" and media tags; pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from faceVer.domain.folders import (
    NO_QUALITY_MEDIA,
    PROCESSING_ERROR,
    TAGS_ERROR,
    TOO_FEW_MEDIA,
    AnalysisType,
    Failure,
    MediaFact,
)

ID_PHOTO_TAGS = frozenset({"photo_id", "photo_id_front", "photo_id_back"})
# The reference: the back of an ID is "ignored for any other analyses like Quality or Biometry".
FACELESS_TAGS = frozenset({"photo_id_back"})
BIOMETRY_MEDIA = 2


class Selection(NamedTuple):
    """The media of one analysis, in the order asked for.

    Where `failure` is set the analysis cannot run, and `media` are all those it was asked for.
    """

    media: tuple[MediaFact, ...]
    failure: Failure | None = None


def select(type_: AnalysisType, media: Sequence[MediaFact], source_media: Sequence[str] = ()) -> Selection:
    """The media an analysis of that type uses: those of `source_media` (keys; none = all), less what its tags exclude.

    Raises KeyError for a key of no medium; the schema has refused it before.
    """
    by_key = {medium.key: medium for medium in media}
    asked = tuple(by_key[key] for key in dict.fromkeys(source_media)) or tuple(media)
    if type_ is AnalysisType.QUALITY:
        used = tuple(medium for medium in asked if not _photo_of(medium, ID_PHOTO_TAGS))
        return Selection(used) if used else Selection(asked, Failure(TAGS_ERROR, NO_QUALITY_MEDIA))
    used = tuple(medium for medium in asked if not _photo_of(medium, FACELESS_TAGS))
    if len(used) < BIOMETRY_MEDIA:
        return Selection(asked, Failure(PROCESSING_ERROR, TOO_FEW_MEDIA))
    return Selection(used)


def has_best_shot(medium: MediaFact) -> bool:
    """Whether a best shot can be taken: of videos and archives, whatever gesture they are tagged with."""
    return medium.kind in ("video", "shots_set")


def _photo_of(medium: MediaFact, tags: frozenset[str]) -> bool:
    return medium.kind == "image" and not tags.isdisjoint(medium.tags)
