from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as Pil

from faceVer.domain.values import FrameDetection
from faceVer.media.jpeg import encode_jpeg
from faceVer.media.limits import MediaLimits
from faceVer.media.video import read_video
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.best_shot import BestShots
from faceVer.services.folders.subjects import SubjectDetector
from faceVer.settings.loader import load_settings
from tests import support_liveness as support
from tests.support_media import encode_video
from tests.unit.services.support import frames


@pytest.fixture(scope="module")
def subjects(engine: FaceEngine) -> SubjectDetector:
    return SubjectDetector(engine, load_settings({}))


@pytest.fixture(scope="module")
def shots(engine: FaceEngine) -> BestShots:
    return BestShots(engine, support.liveness().attributes, load_settings({}))


def test_the_best_shot_is_the_sharp_frontal_complete_frame(
    subjects: SubjectDetector, shots: BestShots, engine: FaceEngine
) -> None:
    good = support.selfie(width=400, height=400)
    dark = (good * 0.15).astype(np.uint8)
    images = [support.blurred(good, 5), dark, good, support.blurred(good, 3), support.selfie(width=160, height=160)]
    clip = read_video(encode_video([np.asarray(Pil.fromarray(i).resize((400, 400))) for i in images], fps=5),
                      limits=MediaLimits())  # fmt: skip
    ranked = shots.ranked(subjects.in_frames(clip.frames))
    assert ranked[0].found.frame.index == 2
    assert [frame.quality.total for frame in ranked] == sorted((frame.quality.total for frame in ranked), reverse=True)
    shot = shots.best(ranked)
    assert shot is not None
    assert shot.measures is ranked[0].measures
    with Pil.open(io.BytesIO(shot.image.jpeg)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (shot.image.width, shot.image.height))
    assert engine.compare(engine.extract(shot.image.jpeg), engine.extract(encode_jpeg(good, 400, 95).jpeg)).score > 0.99


def test_a_frame_with_a_second_face_is_not_the_best_shot(
    subjects: SubjectDetector, shots: BestShots, engine: FaceEngine
) -> None:
    poor = support.blurred(support.selfie(0, width=600, height=300), 1.5)
    ranked = shots.ranked(subjects.in_frames(frames([support.pair(), poor, poor])))
    assert ranked[0].found.frame.index == 1
    shot = shots.best(ranked)
    assert shot is not None
    engine.extract(shot.image.jpeg)


def test_the_best_shot_is_one_that_extract_accepts(subjects: SubjectDetector, shots: BestShots) -> None:
    good = support.selfie(width=400, height=400)
    first, second = shots.ranked(subjects.in_frames(frames([good, support.blurred(good, 1.5)])))
    refused = first._replace(found=FrameDetection(first.found.frame, support.blank(), first.found.face))
    shot = shots.best([refused, second])
    assert shot is not None
    assert (shot.image.width, shot.image.height) == (400, 400)
    lone = shots.best([refused])
    assert lone is not None
    assert (lone.image.width, lone.image.height) == (60, 80), "where none is accepted, the best all the same"
    assert shots.best([]) is None


def test_jpegs_have_the_side_and_the_quality_requested() -> None:
    image = support.selfie(width=300, height=400)
    large, small = encode_jpeg(image, 1280, 95), encode_jpeg(image, 200, 40)
    assert (large.width, large.height) == (300, 400)
    assert (small.width, small.height) == (150, 200)
    assert len(small.jpeg) < len(large.jpeg)
