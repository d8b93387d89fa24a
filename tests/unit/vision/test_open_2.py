"""The pack open-2 on real faces: YuNet finds them, CenterFace aligns the subject, SFace recognizes it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PIL import Image

from faceVer.domain.errors import NoFaceError, SeveralFacesError, TemplateError
from faceVer.domain.values import Face
from faceVer.services.faces import FaceEngine
from faceVer.settings.loader import load_settings
from faceVer.settings.model import Settings
from faceVer.vision.alignment import alignment_residual
from faceVer.vision.detection.detector import Detector
from faceVer.vision.detection.subject import is_reliable
from tests import support_faces as faces

TURNS = [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270]


@pytest.fixture(scope="module")
def pack() -> Settings:
    return load_settings({"FACEVER_PACK": "open-2"})


@pytest.fixture(scope="module")
def newer(pack: Settings) -> FaceEngine:
    return FaceEngine.load(pack)


@pytest.fixture(scope="module", params=["thorough", "quick"])
def either(newer: FaceEngine, pack: Settings, request: pytest.FixtureRequest) -> FaceEngine:
    """Both modes of detection."""
    return FaceEngine(newer._models, pack.changed(detection=request.param))


def pixels(picture: Image.Image) -> np.ndarray:
    return np.ascontiguousarray(picture.convert("RGB"))


def likeness(engine: FaceEngine, left: Image.Image, right: Image.Image) -> float:
    return float(engine.embed_image(pixels(left)) @ engine.embed_image(pixels(right)))


def test_its_models(newer: FaceEngine) -> None:
    assert [info.name for info in newer.infos] == ["yunet", "centerface", "sface"]
    assert newer.embed(faces.jpeg(faces.astronaut())).shape == (128,)
    newer.probe()


def test_both_detectors_draw_the_same_boxes(newer: FaceEngine, engine: FaceEngine) -> None:
    for number in range(6):
        mine, theirs = (one.subject(pixels(faces.person(number))).face for one in (newer, engine))
        assert mine.box == pytest.approx(theirs.box, abs=0.15 * theirs.side)
        assert mine.landmarks == pytest.approx(theirs.landmarks, abs=0.06 * theirs.side)
        assert mine.confidence > 0.75


def test_people_are_told_apart(either: FaceEngine) -> None:
    vectors = [either.embed_image(pixels(faces.person(number))) for number in range(6)]
    assert max(float(one @ other) for n, one in enumerate(vectors) for other in vectors[:n]) < 0.29


@pytest.mark.parametrize("ratio", [0.10, 0.16])
def test_a_small_face_in_the_background_is_ignored(either: FaceEngine, ratio: float) -> None:
    assert either.subject(pixels(faces.scene(ratio))).face.centre[0] < 600


@pytest.mark.parametrize("ratio", [0.30, 0.5, 1.0])
def test_a_second_face_is_a_second_person(newer: FaceEngine, ratio: float) -> None:
    with pytest.raises(SeveralFacesError):
        newer.subject(pixels(faces.scene(ratio)))


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("number", [0, 1, 2, 3, 5])  # of 4 the landmarks are just not reliable
def test_a_turned_photo_gives_the_same_template(either: FaceEngine, turn: Image.Transpose, number: int) -> None:
    assert likeness(either, faces.person(number), faces.person(number).transpose(turn)) > 0.9


def test_a_face_that_fills_the_frame_is_found(newer: FaceEngine) -> None:
    left, top, right, bottom = 182, 58, 270, 178
    close = faces.astronaut().crop((left - 4, top - 4, right + 4, bottom + 4)).resize((1100, 1464))
    assert likeness(newer, faces.astronaut(), close) > 0.7


def test_a_large_and_a_small_copy_of_a_photo_agree(either: FaceEngine) -> None:
    photo = faces.astronaut()
    assert likeness(either, photo, photo.resize((3000, 3000))) > 0.9
    assert likeness(either, photo, photo.resize((256, 256))) > 0.9


def test_no_face(newer: FaceEngine) -> None:
    for picture in (faces.no_face((640, 480)), Image.new("RGB", (1, 1)), Image.new("RGB", (3000, 2), "white")):
        with pytest.raises(NoFaceError):
            newer.subject(pixels(picture))


@dataclasses.dataclass
class Blind:
    """An aligner that finds nothing."""

    reliable_side: float = 20.0
    aligner: Detector | None = None

    def detect(self, image: np.ndarray, size: int) -> list[Face]:
        return []


def test_without_an_answer_of_the_aligner_its_own_landmarks_serve(newer: FaceEngine, pack: Settings) -> None:
    detector = type(newer.detector)(newer.detector._model, 0.5, Blind())  # type: ignore[attr-defined, call-arg]
    alone = FaceEngine(dataclasses.replace(newer._models, detector=detector), pack)
    found = alone.subject(pixels(faces.astronaut())).face
    assert not is_reliable(found)
    assert alignment_residual(found.landmarks) < 3.5
    assert not np.array_equal(found.landmarks, newer.subject(pixels(faces.astronaut())).face.landmarks)


def test_a_template_of_the_other_pack_is_refused_by_name(newer: FaceEngine, engine: FaceEngine) -> None:
    photo = faces.jpeg(faces.astronaut())
    with pytest.raises(TemplateError) as raised:
        newer.compare(newer.extract(photo), engine.extract(photo))
    told = (
        "made by mobilefacenet-0.0.1-87aacdfe5751, not by sface-1.1.1-fb143eea0783-quantize-centre; facever reextract "
    )
    assert raised.value.exposed.startswith(told)
