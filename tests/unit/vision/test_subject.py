"""Which face a picture is about, on real faces and the real detector."""

from __future__ import annotations

import io
from contextlib import nullcontext

import numpy as np
import pytest
from insightface.utils import face_align
from PIL import Image

from faceVer.domain.errors import ExtractionError, NoFaceError, SeveralFacesError
from faceVer.domain.values import Face, Subject
from faceVer.domain.values import Image as Image_
from faceVer.services.faces import FaceEngine
from faceVer.services.rules import detection_rules
from faceVer.settings.model import Settings
from faceVer.vision.alignment import estimate
from faceVer.vision.detection.detector import Detector
from faceVer.vision.detection.multiscale import select_subject
from faceVer.vision.detection.rules import DetectionRules
from faceVer.vision.detection.second_person import is_blurred
from faceVer.vision.detection.subject import detect_faces
from faceVer.vision.quality_gate import coverage
from tests import support_faces as faces
from tests.support_models import load_models


def with_settings(engine: FaceEngine, settings: Settings, **changes: object) -> FaceEngine:
    return FaceEngine(engine._models, settings.changed(**changes))  # type: ignore[arg-type]


def pixels(picture: Image.Image) -> np.ndarray:
    return np.ascontiguousarray(picture.convert("RGB"))


def likeness(engine: FaceEngine, left: Image.Image, right: Image.Image) -> float:
    return engine.match(engine.embed_image(pixels(left)), [engine.embed_image(pixels(right))])[0].score


@pytest.mark.parametrize("ratio", [0.10, 0.16])
def test_a_small_face_in_the_background_is_ignored(engine: FaceEngine, ratio: float) -> None:
    found = engine.subject(pixels(faces.scene(ratio)))
    assert found.face.centre[0] < 600


@pytest.mark.parametrize("ratio", [0.30, 0.5, 1.0])
def test_a_second_face_is_a_second_person(engine: FaceEngine, ratio: float) -> None:
    with pytest.raises(SeveralFacesError):
        engine.subject(pixels(faces.scene(ratio)))


def test_the_second_face_rule_is_a_setting(engine: FaceEngine, settings: Settings) -> None:
    lax = with_settings(engine, settings, second_face_ratio=0.6)
    assert lax.subject(pixels(faces.scene(0.5))).face.centre[0] < 600
    strict = with_settings(engine, settings, second_face_ratio=0.12)
    with pytest.raises(SeveralFacesError):
        strict.subject(pixels(faces.scene(0.16)))


@pytest.mark.parametrize(
    ("ratio", "corner", "blur", "second"),
    [
        (0.4, False, 0.0, True),
        (0.4, True, 0.0, False),
        (0.8, True, 0.0, True),
        (0.4, False, 0.03, False),
        (0.6, False, 0.03, False),
        (0.9, False, 0.03, True),
    ],
)
def test_a_bystander_is_small_for_its_place_or_blurred(
    engine: FaceEngine, settings: Settings, ratio: float, corner: bool, blur: float, second: bool
) -> None:
    photo = pixels(faces.scene(ratio, corner=corner, blur=blur))
    with pytest.raises(SeveralFacesError) if second else nullcontext():
        engine.subject(photo)
    with pytest.raises(SeveralFacesError):
        with_settings(engine, settings, second_face_aside=0, second_face_blurred=0).subject(photo)


def test_sharpness_is_compared_at_the_same_size(engine: FaceEngine) -> None:
    for ratio in (0.3, 0.5, 0.8):
        for blur in (0.0, 0.03):
            found = detect_faces(
                engine.detector, pixels(faces.scene(ratio, blur=blur)), DetectionRules(192, 640, 0.25, 0.5)
            )
            (other,) = (face for face in found.faces if face is not found.subject.face)
            assert is_blurred(other, found.subject) == (blur > 0)


def test_a_face_outside_the_image_is_blurred() -> None:
    image = np.random.default_rng(1).integers(0, 255, (100, 100, 3), dtype=np.uint8)
    subject = Subject(image, face_at(50, 50, 60))
    assert is_blurred(face_at(-80, 50, 60), subject)
    assert not is_blurred(face_at(5, 50, 60), subject)


def face_at(x: float, y: float, side: float) -> Face:
    box = np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2], np.float32)
    return Face(box, np.zeros((5, 2), np.float32), 0.9)


def test_a_group_has_no_subject(engine: FaceEngine) -> None:
    with pytest.raises(SeveralFacesError):
        engine.subject(pixels(faces.group()))


@pytest.mark.parametrize("turn", [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270])
@pytest.mark.parametrize("number", range(6))
def test_a_turned_photo_gives_the_same_template(engine: FaceEngine, turn: Image.Transpose, number: int) -> None:
    assert likeness(engine, faces.person(number), faces.person(number).transpose(turn)) > 0.99


class Watched:
    """A detector that notes the pixels of the copies it is given."""

    aligner = None

    def __init__(self, detector: Detector) -> None:
        self._detector, self.reliable_side = detector, detector.reliable_side
        self.pixels: list[int] = []

    def detect(self, image: Image_, size: int) -> list[Face]:
        height, width = (side * min(1.0, size / max(image.shape[:2])) for side in image.shape[:2])
        self.pixels.append(round(height * width))
        return self._detector.detect(image, size)


FINE = 640 * 480
"""Pixels of a photo's second scale."""


def test_a_picture_without_a_face_costs_no_more_than_two_further_looks(engine: FaceEngine, settings: Settings) -> None:
    watched = Watched(engine.detector)
    with pytest.raises(NoFaceError):
        detect_faces(watched, np.full((960, 1280, 3), 255, np.uint8), detection_rules(settings))
    upright, search = watched.pixels[:2], watched.pixels[2:]
    assert upright[1] == FINE
    assert 0 < sum(search) <= 2 * FINE


@pytest.mark.parametrize("turn", [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270])
def test_to_find_the_orientation_costs_less_than_a_look_at_both_scales(
    engine: FaceEngine, settings: Settings, turn: Image.Transpose
) -> None:
    photo = faces.astronaut().resize((900, 900)).crop((0, 0, 900, 675))
    rules, upright, turned = detection_rules(settings), Watched(engine.detector), Watched(engine.detector)
    detect_faces(upright, pixels(photo), rules)
    found = detect_faces(turned, pixels(photo.transpose(turn)), rules)
    assert found.subject.turned
    looks = turned.pixels[len(turned.pixels) - len(upright.pixels) :]
    assert looks == pytest.approx(upright.pixels, rel=0.01), "in the end the same as for the upright photo"
    assert sum(turned.pixels) - 2 * sum(looks) < FINE


def test_a_face_that_fills_the_frame_is_found(engine: FaceEngine) -> None:
    left, top, right, bottom = 182, 58, 270, 178
    close = faces.astronaut().crop((left - 4, top - 4, right + 4, bottom + 4)).resize((1100, 1464))
    assert likeness(engine, faces.astronaut(), close) > 0.99


def test_a_large_and_a_small_copy_of_a_photo_agree(engine: FaceEngine) -> None:
    photo = faces.astronaut()
    assert likeness(engine, photo, photo.resize((3000, 3000))) > 0.99
    assert likeness(engine, photo, photo.resize((256, 256))) > 0.99


def test_no_face(engine: FaceEngine) -> None:
    for picture in (
        faces.no_face((640, 480)),
        Image.new("RGB", (1, 1)),
        Image.new("RGB", (3000, 2)),
        Image.new("RGB", (2, 3000), "white"),
    ):
        with pytest.raises(NoFaceError):
            engine.subject(pixels(picture))


class TestNoTemplate:
    """A face is there, but not one to make a template of: 003001."""

    def test_too_small(self, engine: FaceEngine) -> None:
        scene = Image.new("RGB", (300, 300), (90, 110, 130))
        scene.paste(faces.person(1).resize((30, 30)), (130, 130))
        with pytest.raises(ExtractionError, match="pixels large"):
            engine.embed_image(pixels(scene))

    def test_blurred(self, engine: FaceEngine) -> None:
        small = faces.astronaut().resize((48, 48), Image.Resampling.BOX).resize((512, 512), Image.Resampling.BICUBIC)
        with pytest.raises(ExtractionError, match="blurred"):
            engine.embed_image(pixels(small))

    def test_cut(self, engine: FaceEngine, settings: Settings) -> None:
        for box in ((235, 0, 512, 512), (0, 130, 512, 512), (0, 0, 512, 120)):
            with pytest.raises(ExtractionError, match="cut"):
                engine.embed_image(pixels(faces.astronaut().crop(box)))
        strict = with_settings(engine, settings, min_inside=0.95)
        with pytest.raises(ExtractionError, match="cut"):
            strict.embed_image(pixels(faces.astronaut().crop((190, 0, 512, 512))))


def face(left: float, top: float, right: float, bottom: float) -> Face:
    return Face(np.array([left, top, right, bottom], np.float32), np.zeros((5, 2), np.float32), 0.9)


def test_the_subject_is_large_and_central() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    central, corner, small = face(30, 30, 70, 70), face(60, 60, 102, 102), face(48, 48, 52, 52)
    assert select_subject([corner, central, small], image) is central
    assert select_subject([small, face(0, 0, 90, 90)], image).width == 90


def test_share_of_the_crop_inside_the_picture() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    template = np.asarray(face_align.arcface_dst, np.float32)
    assert coverage(np.zeros((112, 112, 3), np.uint8), estimate(template)) == pytest.approx(1, abs=1e-3)
    assert coverage(np.zeros((112, 56, 3), np.uint8), estimate(template)) == pytest.approx(0.5, abs=1e-3)
    assert coverage(image, estimate(template + 1000)) == 0


def test_loading_twice_gives_the_same_bits(settings: Settings, engine: FaceEngine) -> None:
    again = FaceEngine(load_models(settings), settings)
    stream = io.BytesIO(faces.jpeg(faces.astronaut()))
    assert again.extract(stream.getvalue()) == engine.extract(stream.getvalue())
