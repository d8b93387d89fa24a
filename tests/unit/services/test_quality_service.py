from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pil

from faceVer.domain.errors import NoFaceError, SeveralFacesError
from faceVer.domain.folders import PROCESSING_ERROR
from faceVer.domain.values import Frame, Image
from faceVer.media.limits import MediaLimits
from faceVer.media.video import read_video
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.quality import LEAST_WEIGHT, QualityService, combine, encode, frame_weight, several_faces
from faceVer.settings.loader import load_settings
from faceVer.vision.detection.frames import Sighting, crowded
from tests import support_liveness as support
from tests.support_media import encode_video

SCORES = st.lists(st.tuples(st.floats(0, 1), st.floats(0.25, 1)), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def service(engine: FaceEngine) -> QualityService:
    return QualityService(engine, support.liveness(), load_settings({}))


def frames(images: list[Image]) -> list[Frame]:
    return [Frame(image, number, number / 10) for number, image in enumerate(images)]


def numbers(found: list[Sighting]) -> list[int]:
    return [item.frame.index for item in found]


@given(SCORES)
def test_the_combined_score_lies_among_the_frames(pairs: list[tuple[float, float]]) -> None:
    attacks, weights = zip(*pairs, strict=True)
    score = combine(attacks, weights)
    assert min(attacks) - 1e-6 <= score <= max(attacks) + 1e-6
    assert 0 <= score <= 1
    assert round(score, 6) == score


def test_one_failing_frame_of_a_real_person_does_not_decide() -> None:
    assert combine([0.02, 0.98, 0.03, 0.05], [1, 0.3, 1, 1]) < 0.15
    assert combine([0.98, 0.02, 0.97, 0.95], [1, 1, 1, 1]) > 0.5


def test_frames_weigh_less_the_more_the_head_is_turned_but_never_nothing() -> None:
    assert frame_weight(0) == 1
    assert 1 > frame_weight(15) > frame_weight(30) > frame_weight(45) == LEAST_WEIGHT
    assert frame_weight(90) == LEAST_WEIGHT > 0


def test_a_photo_has_one_subject(service: QualityService) -> None:
    assert len(service.sight_photo(support.selfie())) == 1
    with pytest.raises(NoFaceError):
        service.sight_photo(support.blank())
    with pytest.raises(SeveralFacesError):
        service.sight_photo(support.pair())


def test_frames_without_a_face_are_passed_over(service: QualityService) -> None:
    found = service.sight_frames(frames([support.blank(), support.selfie(), support.blank(), support.selfie(shift=9)]))
    assert numbers(found) == [1, 3]
    assert service.sight_frames(frames([support.blank()] * 3)) == []


def test_a_passer_by_is_noted_and_a_second_person_throughout_counts(service: QualityService) -> None:
    alone, both = support.selfie(0, width=600, height=300), support.pair()
    found = service.sight_frames(frames([alone, both, alone, alone]))
    assert [item.alone for item in found] == [True, False, True, True]
    assert not crowded(found)
    assert crowded(service.sight_frames(frames([both, alone, both, both])))
    assert not crowded([])


def test_a_video_that_lies_on_its_side_is_turned_upright(service: QualityService) -> None:
    upright = [support.selfie(shift=number) for number in range(4)]
    for turn in (1, 2, 3):
        found = service.sight_frames(frames([np.ascontiguousarray(np.rot90(image, turn)) for image in upright]))
        assert numbers(found) == [0, 1, 2, 3]
        assert all((item.image == image).all() for item, image in zip(found, upright, strict=True))


def test_a_face_that_fills_the_frame_is_found(service: QualityService, engine: FaceEngine) -> None:
    image = support.selfie(2, width=600, height=600)
    left, top, right, bottom = (int(edge) for edge in engine.subject(image).face.box)
    tight = np.ascontiguousarray(image[top:bottom, left:right])
    assert numbers(service.sight_frames(frames([tight, tight]))) == [0, 1]


def test_every_frame_is_told_with_its_part(service: QualityService) -> None:
    found = service.sight_frames(frames([support.selfie(shift=number) for number in range(3)]))
    score = service.spoof(found)
    assert [(frame.index, frame.time) for frame in score.frames] == [(0, 0.0), (1, 0.1), (2, 0.2)]
    assert score.attack == combine([f.attack for f in score.frames], [f.weight for f in score.frames])
    left, top, right, bottom = score.frames[0].box
    assert 0 < left < right < 300
    assert 50 < top < bottom < 400
    assert service.spoof(found) == score, "the same bits every time"


def test_few_frames_are_looked_at_more_often_each(engine: FaceEngine) -> None:
    class Counting:
        looks: list[tuple[int, int | None]]

        def attack(self, image: Image, face: object, *, start: int = 0, count: int | None = None) -> float:
            self.looks.append((start, count))
            return 0.5

    spoof = Counting()
    models = support.liveness()
    service = QualityService(
        engine, type(models)(spoof, models.gauge, models.infos), load_settings({}, spoof_views=12)  # type: ignore[arg-type]
    )  # fmt: skip
    for many, looks in ((1, 12), (5, 3), (12, 1), (16, 1)):
        spoof.looks = []
        service.spoof(service.sight_frames(frames([support.selfie()])) * many)
        assert spoof.looks == [(number * looks, looks) for number in range(many)]


def test_the_best_shot_is_the_sharp_frontal_whole_frame(service: QualityService, engine: FaceEngine) -> None:
    good = support.selfie(width=400, height=400)
    dark = (good * 0.15).astype(np.uint8)
    images = [support.blurred(good, 5), dark, good, support.blurred(good, 3), support.selfie(width=160, height=160)]
    clip = read_video(encode_video([np.asarray(Pil.fromarray(i).resize((400, 400))) for i in images], fps=5),
                      limits=MediaLimits())  # fmt: skip
    ranked = service.ranked(service.sight_frames(clip.frames))
    assert ranked[0][1].frame.index == 2
    assert [item.total for item, _ in ranked] == sorted((item.total for item, _ in ranked), reverse=True)
    shot = service.best_shot(ranked)
    assert shot is not None
    with Pil.open(io.BytesIO(shot.jpeg)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (shot.width, shot.height))
    assert engine.compare(engine.extract(shot.jpeg), engine.extract(encode(good, 400, 95).jpeg)).score > 0.99


def test_a_frame_with_a_second_face_is_the_best_shot_of_none(service: QualityService, engine: FaceEngine) -> None:
    poor = support.blurred(support.selfie(0, width=600, height=300), 1.5)
    ranked = service.ranked(service.sight_frames(frames([support.pair(), poor, poor])))
    assert ranked[0][1].frame.index == 1
    shot = service.best_shot(ranked)
    assert shot is not None
    engine.extract(shot.jpeg)


def test_a_shot_that_extract_refuses_gives_way_to_the_next(service: QualityService) -> None:
    good = support.selfie(width=400, height=400)
    first, second = service.ranked(service.sight_frames(frames([good, support.blurred(good, 1.5)])))
    refused = Sighting(first[1].frame, support.blank(), first[1].face)
    shot = service.best_shot([(first[0], refused), second])
    assert shot is not None
    assert (shot.width, shot.height) == (400, 400)
    lone = service.best_shot([(first[0], refused)])
    assert lone is not None
    assert (lone.width, lone.height) == (300, 400), "where none is accepted, the best all the same"
    assert service.best_shot([]) is None


def test_jpeg_quality_and_side_are_settings() -> None:
    image = support.selfie(width=300, height=400)
    large, small = encode(image, 1280, 95), encode(image, 200, 40)
    assert (large.width, large.height) == (300, 400)
    assert (small.width, small.height) == (150, 200)
    assert len(small.jpeg) < len(large.jpeg)


def test_the_failure_of_several_faces_names_the_medium() -> None:
    failure = several_faces("the-id")
    assert failure.error_code == PROCESSING_ERROR
    assert "the-id" in failure.error_message
