"""1:N over galleries of any length: read lazily, compared in batches."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from itertools import islice

from faceVer.client.calls import Call, Calls
from faceVer.client.files import File, NamedFile, blocks_of, load
from faceVer.client.kinds import HEAD, is_template
from faceVer.client.results import Match

Gallery = Iterable[NamedFile]
AnyGallery = Gallery | AsyncIterable[NamedFile]


class Search:
    """One search under way. size: files of a batch."""

    def __init__(self, calls: Calls, probe: File, batch: int) -> None:
        """Raises ValueError, TypeError, OSError."""
        if batch < 1:
            raise ValueError("batch must be 1 at least")
        self.size = min(batch, calls.max_parts - 1)
        self._calls, self._offset = calls, 0
        data = b"".join(blocks_of(load(probe)))
        self._probe, self._prepared = data, is_template(data[:HEAD])

    def extraction(self) -> Call[bytes] | None:
        """What is to be called first, and told to `extracted`: an image's template is made once, not once per batch."""
        return None if self._prepared else self._calls.extract(self._probe)

    def extracted(self, template: bytes) -> None:
        self._probe, self._prepared = template, True

    def comparison(self, batch: list[NamedFile]) -> Call[list[Match]]:
        """The next batch's; its indexes go on where the last ended."""
        call = self._calls.compare_n(self._probe, batch, self._offset)
        self._offset += len(batch)
        return call


def batches(gallery: Gallery, size: int) -> Iterator[list[NamedFile]]:
    """The gallery in lists of at most that many, each read when it is asked for."""
    items = iter(gallery)
    while batch := list(islice(items, size)):
        yield batch


async def async_batches(gallery: AnyGallery, size: int) -> AsyncIterator[list[NamedFile]]:
    """The same of what may be read asynchronously."""
    if not isinstance(gallery, AsyncIterable):
        for batch in batches(gallery, size):
            yield batch
        return
    batch = []
    async for item in gallery:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
