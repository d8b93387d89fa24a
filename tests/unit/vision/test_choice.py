"""The face that a caller chose, on a photo of six people, composed scenes and boxes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from faceVer.domain.errors import NoFaceError, SeveralFacesError
from faceVer.domain.face_choice import FaceChoice
from faceVer.domain.values import Face, Subject
from faceVer.services.faces import FaceEngine
from faceVer.settings.model import Settings
from faceVer.vision.detection.choice import upright_box
from faceVer.vision.detection.subject import rotate
from tests import support_faces as faces
from tests.support_models import load_models

BOXES = sorted(faces.BOXES)


@pytest.fixture(scope="module", params=["open", "open-2", "quick"])
def either(request: pytest.FixtureRequest, engine: FaceEngine, settings: Settings) -> FaceEngine:
    """The engine of each pack, and with quick detection."""
    if request.param == "quick":
        return FaceEngine(engine._models, settings.changed(detection="quick"))
    changed = settings.changed(pack=request.param)
    return FaceEngine(load_models(changed), changed)


def similarity(engine: FaceEngine, photo: bytes, choice: str, person: int) -> float:
    """Cosine of the chosen face with a person alone, whose number is that in `BOXES` from the left."""
    left, top, right, bottom = BOXES[person]
    wide, high = (right - left) // 2, (bottom - top) // 2
    alone = faces.group().crop((left - wide, max(0, top - high), right + wide, bottom + high)).resize((300, 300))
    return float(engine.embed(photo, choice=FaceChoice.parse(choice)) @ engine.embed(faces.jpeg(alone)))


@pytest.mark.parametrize("person", range(6))
def test_each_of_six_people_by_number_and_by_box(either: FaceEngine, person: int) -> None:
    photo = faces.jpeg(faces.group())
    left, top, right, bottom = BOXES[person]
    for choice in (str(person + 1), f"{left},{top},{right - left},{bottom - top}", f"{left - 20},{top - 60},140,260"):
        assert similarity(either, photo, choice, person) > 0.75
        assert similarity(either, photo, choice, (person + 1) % 6) < 0.4


def test_without_a_choice_six_people_are_too_many(either: FaceEngine) -> None:
    with pytest.raises(SeveralFacesError):
        either.embed(faces.jpeg(faces.group()))


@pytest.mark.parametrize("choice", ["7", "600,400,100,100", "2000,2000,10,10"])
def test_a_face_that_is_not_there(either: FaceEngine, choice: str) -> None:
    with pytest.raises(NoFaceError):
        either.embed(faces.jpeg(faces.group()), choice=FaceChoice.parse(choice))
    with pytest.raises(NoFaceError):
        either.embed(faces.jpeg(faces.no_face()), choice=FaceChoice("largest"))


def test_the_largest_and_the_most_central(engine: FaceEngine) -> None:
    """A picture in whose middle another person is smaller."""
    picture = Image.new("RGB", (1400, 700), (90, 110, 130))
    picture.paste(faces.astronaut().crop((90, 0, 390, 300)).resize((700, 700)), (0, 0))
    picture.paste(faces.person(0).resize((300, 300)), (720, 200))
    photo = faces.jpeg(picture)
    astronaut, other = (engine.embed(faces.jpeg(one)) for one in (faces.astronaut(), faces.person(0)))
    largest, central = (engine.embed(photo, choice=FaceChoice.parse(one)) for one in ("largest", "central"))
    assert float(largest @ astronaut) > 0.9
    assert float(central @ other) > 0.9


def test_faces_in_the_background_have_no_number(engine: FaceEngine) -> None:
    photo = faces.jpeg(faces.scene(0.16))
    with pytest.raises(NoFaceError, match="there are 1"):
        engine.embed(photo, choice=FaceChoice("index", 2))


def test_choosing_the_only_face_changes_nothing(either: FaceEngine) -> None:
    photo = faces.jpeg(faces.astronaut())
    for choice in ("largest", "central", "1", "180,60,90,120"):
        assert either.extract(photo, FaceChoice.parse(choice)) == either.extract(photo)


@pytest.mark.parametrize("turn", [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270])
def test_boxes_are_of_the_picture_as_sent(engine: FaceEngine, turn: Image.Transpose) -> None:
    """Also where the server turns the picture to find a face."""
    marks = Image.new("L", faces.group().size)
    left, top, right, bottom = BOXES[1]
    marks.paste(255, (left, top, right, bottom))
    x, y, end, low = marks.transpose(turn).getbbox() or (0, 0, 0, 0)
    photo = faces.jpeg(faces.group().transpose(turn))
    assert similarity(engine, photo, f"{x},{y},{end - x},{low - y}", 1) > 0.8


def test_an_exif_orientation_is_applied_before_a_box(engine: FaceEngine) -> None:
    left, top, right, bottom = BOXES[2]
    photo = faces.turned_away(faces.group(), 6)
    assert similarity(engine, photo, f"{left},{top},{right - left},{bottom - top}", 2) > 0.8


def test_a_box_is_in_pixels_of_a_picture_that_is_decoded_smaller(engine: FaceEngine) -> None:
    left, top, right, bottom = (4 * edge for edge in BOXES[3])
    photo = faces.jpeg(faces.group().resize((5120, 3544)), quality=60)
    assert similarity(engine, photo, f"{left},{top},{right - left},{bottom - top}", 3) > 0.8


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_box_is_turned_back(turned: int) -> None:
    image = np.zeros((60, 100, 3), np.uint8)
    image[10:30, 50:90] = 255
    rotated = rotate(image, turned)
    rows, columns = np.nonzero(rotated[:, :, 0])
    box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float32)
    face = Face(box, np.zeros((5, 2), np.float32), 0.9)
    assert upright_box(face, Subject(rotated, face, turned)).tolist() == [50, 10, 90, 30]
