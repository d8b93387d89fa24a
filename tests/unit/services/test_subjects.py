from __future__ import annotations

import numpy as np
import pytest

from faceVer.domain.errors import NoFaceError, SeveralFacesError
from faceVer.domain.values import FrameDetection
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.subjects import SubjectDetector
from faceVer.settings.loader import load_settings
from faceVer.vision.detection.second_person import shows_second_person
from tests import support_liveness as support
from tests.unit.services.support import frames


@pytest.fixture(scope="module")
def subjects(engine: FaceEngine) -> SubjectDetector:
    return SubjectDetector(engine, load_settings({}))


def numbers(found: list[FrameDetection]) -> list[int]:
    return [item.frame.index for item in found]


def test_a_photo_has_one_subject(subjects: SubjectDetector) -> None:
    assert len(subjects.in_photo(support.selfie())) == 1
    with pytest.raises(NoFaceError):
        subjects.in_photo(support.blank())
    with pytest.raises(SeveralFacesError):
        subjects.in_photo(support.pair())


def test_frames_without_a_face_are_left_out(subjects: SubjectDetector) -> None:
    found = subjects.in_frames(frames([support.blank(), support.selfie(), support.blank(), support.selfie(shift=9)]))
    assert numbers(found) == [1, 3]
    assert subjects.in_frames(frames([support.blank()] * 3)) == []


def test_a_second_person_counts_only_in_most_of_the_frames(subjects: SubjectDetector) -> None:
    alone, both = support.selfie(0, width=600, height=300), support.pair()
    found = subjects.in_frames(frames([alone, both, alone, alone]))
    assert [item.alone for item in found] == [True, False, True, True]
    assert not shows_second_person(found)
    assert shows_second_person(subjects.in_frames(frames([both, alone, both, both])))
    assert not shows_second_person([])


def test_a_rotated_video_is_turned_upright(subjects: SubjectDetector) -> None:
    upright = [support.selfie(shift=number) for number in range(4)]
    for turn in (1, 2, 3):
        found = subjects.in_frames(frames([np.ascontiguousarray(np.rot90(image, turn)) for image in upright]))
        assert numbers(found) == [0, 1, 2, 3]
        assert all((item.image == image).all() for item, image in zip(found, upright, strict=True))


def test_a_face_that_fills_the_frame_is_found(subjects: SubjectDetector, engine: FaceEngine) -> None:
    image = support.selfie(2, width=600, height=600)
    left, top, right, bottom = (int(edge) for edge in engine.subject(image).face.box)
    tight = np.ascontiguousarray(image[top:bottom, left:right])
    assert numbers(subjects.in_frames(frames([tight, tight]))) == [0, 1]
