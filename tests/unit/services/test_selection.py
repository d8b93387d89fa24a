"""Which media an analysis uses."""

from __future__ import annotations

import pytest

from faceVer.domain.analyses import AnalysisType, FailureKind
from faceVer.services.folders.plan import requested_media
from faceVer.services.folders.selection import has_best_shot, select
from tests.unit.services.support import medium

Q, B = AnalysisType.QUALITY, AnalysisType.BIOMETRY
NO_TAGS = FailureKind.NO_QUALITY_MEDIA
TOO_FEW = FailureKind.TOO_FEW_MEDIA
selfie = medium("selfie", tags=("photo_selfie",))
front = medium("front", tags=("photo_id", "photo_id_front"))
back = medium("back", tags=("photo_id", "photo_id_back"))
clip = medium("clip", "video", tags=("video_selfie", "video_selfie_blank"))
shots = medium("shots", "shots_set")


def test_all_media_without_source_media() -> None:
    assert select(Q, [clip, selfie, shots]) == ((clip, selfie, shots), None)
    assert select(B, [clip, selfie]) == ((clip, selfie), None)


def test_source_media_in_its_order_and_once() -> None:
    assert select(Q, requested_media([clip, selfie, shots], ["shots", "clip", "shots"])) == ((shots, clip), None)


@pytest.mark.parametrize("tag", ["photo_id", "photo_id_front", "photo_id_back"])
def test_quality_leaves_id_photos_out(tag: str) -> None:
    photo = medium("p", tags=(tag,))
    assert select(Q, [photo, clip]) == ((clip,), None)
    assert select(Q, [photo]) == ((photo,), NO_TAGS)
    assert select(Q, requested_media([photo, clip], ["p"])) == ((photo,), NO_TAGS)


def test_only_photos_are_left_out() -> None:
    odd = medium("v", "video", tags=("photo_id",))
    archive = medium("z", "shots_set", tags=("photo_id_front",))
    assert select(Q, [odd, archive]) == ((odd, archive), None)


def test_biometry_needs_two_media() -> None:
    assert select(B, [selfie]) == ((selfie,), TOO_FEW)
    assert select(B, requested_media([selfie, clip], ["clip", "clip"])) == ((clip,), TOO_FEW)
    assert select(B, requested_media([selfie, clip], [])) == ((selfie, clip), None)


def test_biometry_uses_the_front_of_an_id_and_ignores_its_back() -> None:
    assert select(B, [selfie, front, back]) == ((selfie, front), None)
    assert select(B, [selfie, back]) == ((selfie, back), TOO_FEW)


def test_a_name_of_no_medium_is_a_defect() -> None:
    with pytest.raises(KeyError):
        requested_media([selfie], ["nobody"])


GESTURES = ["left", "right", "down", "high", "smile", "eyes", "scan", "oneshot", "blank"]


@pytest.mark.parametrize("gesture", GESTURES)
def test_best_shot_of_videos_and_archives_for_every_gesture(gesture: str) -> None:
    tags = ("video_selfie", f"video_selfie_{gesture}")
    assert has_best_shot(medium("v", "video", tags=tags))
    assert has_best_shot(medium("z", "shots_set", tags=tags))
    assert not has_best_shot(medium("p", "image", tags=tags))
