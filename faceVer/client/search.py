"""1:N over galleries of any length: read lazily, compared in batches."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from itertools import islice

from faceVer.client.call import Call, Options
from faceVer.client.calls import Calls
from faceVer.client.content_types import is_template
from faceVer.client.files import File, NamedFile, load
from faceVer.client.results import Match

Gallery = Iterable[NamedFile]
AnyGallery = Gallery | AsyncIterable[NamedFile]


class Search:
    """One running search. size: files of a batch. The client extracts an image once and stores its `template`."""

    template: bytes | None

    def __init__(self, calls: Calls, probe: File, batch: int, options: Options) -> None:
        """Raises ValueError, TypeError, OSError."""
        if batch < 1:
            raise ValueError("batch must be 1 at least")
        self.size = min(batch, calls.max_parts - 1)
        self._calls, self._options, self._offset = calls, options, 0
        self._probe = b"".join(load(probe).blocks())
        self.template = self._probe if is_template(self._probe) else None

    def extraction(self) -> Call[bytes]:
        """The call that makes the probe's template."""
        return self._calls.extract(self._probe, **self._options)

    def comparison(self, template: bytes, batch: list[NamedFile]) -> Call[list[Match]]:
        """The next batch; its indexes continue those of the last."""
        call = self._calls.compare_batch(template, batch, self._offset, self._options)
        self._offset += len(batch)
        return call


def batches(gallery: Gallery, size: int) -> Iterator[list[NamedFile]]:
    """The gallery in lists of at most `size`, each read when it is needed."""
    items = iter(gallery)
    while batch := list(islice(items, size)):
        yield batch


async def async_batches(gallery: AnyGallery, size: int) -> AsyncIterator[list[NamedFile]]:
    """As `batches`; the gallery may be asynchronous."""
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
