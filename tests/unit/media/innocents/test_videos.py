from __future__ import annotations

import pytest

from faceVer.media.limits import MediaLimits
from faceVer.media.sniffing import identify
from faceVer.media.video import read_video
from faceVer.services.faces import FaceEngine
from tests.unit.media.innocents.containers import CONTAINERS
from tests.unit.media.innocents.corpus import Clip, check, parameters
from tests.unit.media.innocents.videos import CODECS, COLOURS


@pytest.mark.parametrize("case", parameters([*CODECS, *COLOURS, *CONTAINERS]))
def test_a_video_shows_the_face(engine: FaceEngine, case: Clip) -> None:
    data = case.make()
    assert identify(data)[0] == "video"
    video = read_video(data, limits=MediaLimits())
    assert video.info.frames >= len(case.frames)
    assert [frame.image.shape for frame in video.frames] == [frame.shape for frame in case.frames]
    for frame, wanted in zip(video.frames, case.frames, strict=True):
        assert abs(frame.image.astype(int) - wanted).mean() <= case.near
    check(engine, video.frames[-1].image, case.frames[-1], case.near, case.like)
