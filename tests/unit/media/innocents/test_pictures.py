from __future__ import annotations

import pytest

from faceVer.media.image import decode
from faceVer.media.sniffing import identify
from faceVer.services.faces import FaceEngine
from tests.unit.media.innocents.colours import COLOURS
from tests.unit.media.innocents.corpus import Still, check, parameters, pixels_of
from tests.unit.media.innocents.formats import OTHERS
from tests.unit.media.innocents.pictures import HEIFS, JPEGS


@pytest.mark.parametrize("case", parameters([*JPEGS, *HEIFS, *OTHERS, *COLOURS]))
def test_a_picture_shows_the_face(engine: FaceEngine, case: Still) -> None:
    data = case.make()
    assert identify(data)[0] == "image"
    check(engine, decode(data, max_pixels=50_000_000), pixels_of(case.face), case.near, case.like)
