"""Every hostile file through the sandbox: pixels that are right or SampleError, within the plan's memory; and right
after it a good file of each format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from faceVer.domain.errors import SampleError
from faceVer.media.decoder import Decoder
from faceVer.media.limits import MediaLimits
from faceVer.media.medium import Medium, decode_medium
from faceVer.media.sandbox.plan import MIB, SandboxPlan
from faceVer.media.sandbox.pool import Sandbox
from faceVer.services.memory_plan import sandbox_plan
from faceVer.settings.model import Settings
from tests.hostile.corpus import FILES, good
from tests.hostile.made import Hostile
from tests.hostile.vitals import Helpers, Watch, fork_servers, status

LIMITS = MediaLimits()
NEAR = 3
"""Most by which a lossy codec changes the gray of the files."""
CODE = 8 * MIB
"""Address space that a helper may add to the fork server's before it limits itself: the filter's library."""


@pytest.fixture(scope="module")
def plan(settings: Settings) -> SandboxPlan:
    """As the server's, with less time."""
    return replace(sandbox_plan(settings), helpers=1, large_jobs=1, picture_seconds=1, media_seconds=1)


@pytest.fixture(scope="module")
def sandbox(plan: SandboxPlan) -> Iterator[tuple[Decoder, Helpers]]:
    before = fork_servers()
    decoder = Decoder(Sandbox(plan))
    kind, data = good()["GIF"]
    decoder.medium(data, kind, LIMITS)
    (found,) = fork_servers() - before
    yield decoder, Helpers(found)
    decoder.close()


@pytest.fixture(scope="module")
def expected() -> dict[str, Medium]:
    return {name: decode_medium(data, kind, LIMITS) for name, (kind, data) in good().items()}


def check(file: Hostile, medium: Medium) -> None:
    """Whether pixels are what the generator encoded."""
    assert medium.frames
    assert medium.width * medium.height <= LIMITS.max_pixels
    for frame in medium.frames:
        assert frame.image.dtype == np.uint8
        if file.shade is not None:
            assert abs(int(frame.image.min()) - file.shade) <= NEAR
            assert abs(int(frame.image.max()) - file.shade) <= NEAR


def assert_same(found: Medium, medium: Medium) -> None:
    assert (found.width, found.height, found.fps) == (medium.width, medium.height, medium.fps)
    for one, other in zip(found.frames, medium.frames, strict=True):
        assert np.array_equal(one.image, other.image)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_hostile_file_costs_no_more_than_the_plan_permits(
    sandbox: tuple[Decoder, Helpers], plan: SandboxPlan, expected: dict[str, Medium], file: Hostile
) -> None:
    decoder, helpers = sandbox
    with Watch(helpers.look):
        try:
            check(file, decoder.medium(file.make(), file.kind, LIMITS))
        except SampleError as error:
            assert str(error)  # noqa: PT017 - either outcome is right
        for name, (kind, data) in good().items():
            assert_same(decoder.medium(data, kind, LIMITS), expected[name])
        helpers.look()
    code = status(helpers.fork_server, "VmPeak") + CODE
    assert helpers.address
    assert all(limit <= code + plan.large for limit in helpers.limits.values())
    assert all(peak <= helpers.limits[process] for process, peak in helpers.address.items())
