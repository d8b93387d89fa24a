"""Taking in media files: what they are, whether they can be read, their thumbnails; then their storage.

A file is in the storage before its row is in the database. Where the request fails in between, the files are deleted
again; where the process dies, the collector of orphans deletes them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Protocol

from faceVer.domain.analyses import JpegImage, StoredImage
from faceVer.domain.errors import DatabaseUnavailableError, FilesUnavailableError, SampleError, TooLargeError
from faceVer.domain.files import FileKind, FileRecord
from faceVer.domain.folders import MediaItem
from faceVer.media.decoder import Decoder
from faceVer.media.limits import MediaLimits
from faceVer.media.sniffing import identify
from faceVer.services.folders.plan import KINDS
from faceVer.services.folders.strict_json import name_of
from faceVer.services.folders.thumbnails import examine_file
from faceVer.services.stored_folders.payload import MediaRequest
from faceVer.settings.model import Settings
from faceVer.storage.blobs.files import FileStorage
from faceVer.storage.blobs.names import new_key


class ReceivedFile(Protocol):
    """A media file of a request, on disk or in memory. md5: hex. head: its first 4096 bytes."""

    @property
    def name(self) -> str: ...

    @property
    def filename(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def md5(self) -> str: ...

    @property
    def head(self) -> bytes: ...

    def open(self) -> AbstractContextManager[BinaryIO]:
        """The file's bytes, from its beginning."""


@dataclass(frozen=True, slots=True)
class ExaminedFile:
    """A media file that can be read. item: not stored yet. thumbnail: None where none is made."""

    file: ReceivedFile
    item: MediaItem
    thumbnail: JpegImage | None


def check_files(files: Sequence[ReceivedFile], settings: Settings) -> None:
    """The checks that need no decoding. Raises SampleError (no media, a name twice, unknown content), TooLargeError."""
    if not files:
        raise SampleError("the request has no media", exposed="media")
    if len(files) > settings.limits.max_media:
        raise TooLargeError(f"{len(files)} media files; at most {settings.limits.max_media} are allowed")
    names = [file.name for file in files]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SampleError(f"two media files have the name {twice!r}", exposed=name_of(twice))
    for file in files:
        identify(file.head)


def examine(
    decoder: Decoder,
    file: ReceivedFile,
    request: MediaRequest,
    media_id: str,
    now: float,
    limits: MediaLimits,
    settings: Settings,
) -> ExaminedFile:
    """Decode a file once, for its size and its thumbnail. For an inference thread. Raises SampleError.

    limits: of the request; its files share the budget.
    """
    kind, mime = identify(file.head)
    with file.open() as stream:
        data = stream.read()
    seen = examine_file(decoder, data, KINDS[kind], limits, settings.store.thumb_side)
    item = MediaItem(
        media_id=media_id,
        kind=KINDS[kind],
        name=file.name,
        filename=file.filename,
        md5=file.md5,
        size=file.size,
        mime=mime,
        created=now,
        updated=now,
        width=seen.width,
        height=seen.height,
        duration=seen.duration,
        fps=seen.fps,
        tags=request.tags.get(file.name, ()),
        meta_data=request.meta_data.get(file.name, {}),
    )
    return ExaminedFile(file, item, seen.thumbnail)


@dataclass(frozen=True, slots=True)
class StoredMedia:
    """Media items whose files are in the storage, and the rows of these files."""

    items: tuple[MediaItem, ...]
    records: tuple[FileRecord, ...]


@contextlib.contextmanager
def stored(
    storage: FileStorage, examined: Sequence[ExaminedFile], company_id: str, folder_id: str, now: float
) -> Iterator[StoredMedia]:
    """`with stored(...) as media:` the files are in the storage; an exception in the block deletes them again.

    Not if the database was lost: it may have committed without saying so. What it did not commit, the collector of
    orphans deletes. Raises FilesUnavailableError.
    """
    with stored_keys(storage) as keys:
        yield _store(storage, examined, {"company_id": company_id, "folder_id": folder_id, "created": now}, keys)


@contextlib.contextmanager
def stored_keys(storage: FileStorage) -> Iterator[list[str]]:
    """The block adds keys before it stores their files; see `stored` for what an exception does."""
    keys: list[str] = []
    try:
        yield keys
    except DatabaseUnavailableError:
        raise
    except BaseException:
        with contextlib.suppress(FilesUnavailableError):  # the collector of orphans deletes what stays
            storage.delete(keys)
        raise


def _store(
    storage: FileStorage, examined: Sequence[ExaminedFile], common: Mapping[str, Any], keys: list[str]
) -> StoredMedia:
    items: list[MediaItem] = []
    records: list[FileRecord] = []
    for one in examined:
        item = one.item
        key = new_key(extension(item.mime))
        keys.append(key)
        with one.file.open() as stream:
            written = storage.put(key, stream)
        records.append(
            FileRecord(
                key=key,
                kind=FileKind.ORIGINAL,
                mime=item.mime,
                md5=item.md5,
                sha256=written.sha256,
                size=item.size,
                width=item.width,
                height=item.height,
                **common,
            )
        )
        thumbnail = None
        if one.thumbnail:
            record = put_picture(storage, one.thumbnail, FileKind.THUMBNAIL, common, keys)
            records.append(record)
            thumbnail = stored_image(record)
        items.append(replace(item, key=key, thumbnail=thumbnail))
    return StoredMedia(tuple(items), tuple(records))


def put_picture(
    storage: FileStorage, picture: JpegImage, kind: FileKind, common: Mapping[str, Any], keys: list[str]
) -> FileRecord:
    """Write a JPEG to the storage. common: `company_id`, `folder_id`, `created`. keys: gets the key before that."""
    key = new_key("jpg")
    keys.append(key)
    written = storage.put(key, [picture.jpeg])
    return FileRecord(
        key=key,
        kind=kind,
        mime="image/jpeg",
        md5=written.md5,
        sha256=written.sha256,
        size=written.size,
        width=picture.width,
        height=picture.height,
        **common,
    )


def stored_image(record: FileRecord) -> StoredImage:
    """The picture of a record."""
    return StoredImage(record.key, record.md5, record.size, record.width, record.height, record.mime)


_EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/tiff": "tif",
    "video/quicktime": "mov",
    "video/x-matroska": "mkv",
    "video/x-msvideo": "avi",
    "video/3gpp": "3gp",
    "application/gzip": "tgz",
    "application/x-tar": "tar",
}


def extension(mime: str) -> str:
    """The end of a file's name, without its dot, by the MIME type."""
    return _EXTENSIONS.get(mime) or mime.partition("/")[2]
