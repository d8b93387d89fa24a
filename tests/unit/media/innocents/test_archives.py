from __future__ import annotations

import pytest

from faceVer.media.archive import read_archive
from faceVer.media.limits import MediaLimits
from faceVer.media.sniffing import identify
from faceVer.services.faces import FaceEngine
from tests.unit.media.innocents.archives import ARCHIVES
from tests.unit.media.innocents.corpus import FACE, Pack, check, parameters, pixels_of


@pytest.mark.parametrize("case", parameters(ARCHIVES))
def test_an_archive_gives_its_pictures(engine: FaceEngine, case: Pack) -> None:
    data = case.make()
    assert identify(data)[0] == "archive"
    frames = read_archive(data, limits=MediaLimits())
    assert [frame.name for frame in frames] == list(case.names)
    check(engine, frames[0].image, pixels_of(FACE), 4, 0.95)
