"""The budget of pixels of a request."""

from __future__ import annotations

import threading

import pytest

from faceVer.domain.errors import TooLargeError
from faceVer.media.image import decode
from faceVer.media.limits import PixelBudget
from tests import support_faces as faces


def test_threads_spend_a_budget_together() -> None:
    threads, pictures = 8, 500
    budget, refused = PixelBudget(threads * pictures - 10), list[TooLargeError]()
    begin = threading.Barrier(threads)

    def spend() -> None:
        begin.wait(30)
        for _ in range(pictures):
            try:
                budget.spend(1)
            except TooLargeError as error:
                refused.append(error)

    running = [threading.Thread(target=spend) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert len(refused) == 10


@pytest.mark.parametrize(("kind", "counted"), [("JPEG", 2000 * 1500), ("PNG", 4000 * 3000)])
def test_a_large_jpeg_counts_at_its_reduced_size(kind: str, counted: int) -> None:
    picture = faces.encoded(faces.astronaut().resize((4000, 3000)), kind)
    decode(picture, max_pixels=1 << 30, budget=PixelBudget(counted))
    with pytest.raises(TooLargeError):
        decode(picture, max_pixels=1 << 30, budget=PixelBudget(counted - 1))
