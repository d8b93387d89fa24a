"""The table of archives in docs/media.md, and files of each row."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
from functools import partial

from tests.support_media import make_tar, make_zip
from tests.unit.media.innocents.corpus import Pack, Row
from tests.unit.media.innocents.packs import (
    CYRILLIC,
    LONG,
    LONG_NAMES,
    MEMBERS,
    NAMES,
    Cp866,
    Unmarked,
    from_macos,
    gnu_tar,
    in_gzip_members,
    info_zip,
    pax,
    sized_in_pax,
    streamed_zip,
    zip64,
    zip_after,
    zip_of,
)

ARCHIVES = [
    Row(
        "zip: stored or deflated, streamed (data descriptors), ZIP64",
        "all pictures, in natural order of their names",
        {
            "deflated": Pack(partial(make_zip, MEMBERS[::-1]), NAMES),
            "stored": Pack(partial(make_zip, MEMBERS, zipfile.ZIP_STORED), NAMES),
            "streamed": Pack(streamed_zip, NAMES),
            "streamed, ZIP64": Pack(partial(streamed_zip, is_64=True), NAMES),
            "ZIP64": Pack(zip64, NAMES),
            "Info-ZIP": Pack(info_zip, ["-"]),
            "backslashes": Pack(
                lambda: make_zip([("shots\\", b""), *((f"shots\\{name}", data) for name, data in MEMBERS)]),
                [f"shots\\{name}" for name in NAMES],
            ),
            "split marker": Pack(lambda: zip_after(b"PK00"), NAMES),
        },
    ),
    Row(
        "Names in a zip: UTF-8, marked or not; Cyrillic of Windows (code page 866)",
        "as they were written",
        {
            "marked": Pack(partial(zip_of, zipfile.ZipInfo), CYRILLIC),
            "unmarked": Pack(partial(zip_of, Unmarked), CYRILLIC),
            "code page 866": Pack(partial(zip_of, Cp866), CYRILLIC),
        },
    ),
    Row(
        "What macOS, Windows, Android and Synology put beside pictures (`__MACOSX`, `._*`, `Thumbs.db`, `@eaDir` …)",
        "ignored",
        {
            "zip": Pack(from_macos, [f"shots/{name}" for name in NAMES]),
            "tar": Pack(partial(from_macos, is_tar=True), [f"shots/{name}" for name in NAMES]),
        },
    ),
    Row(
        "tar: v7, ustar, GNU, pax; long names, extended attributes up to 1 MiB, sizes in pax headers",
        "all pictures",
        {
            "ustar": Pack(partial(make_tar, MEMBERS, form=tarfile.USTAR_FORMAT), NAMES),
            "GNU, long names": Pack(partial(make_tar, LONG, form=tarfile.GNU_FORMAT), LONG_NAMES),
            "pax, long names": Pack(partial(make_tar, LONG), LONG_NAMES),
            "attributes": Pack(
                partial(pax, **{"SCHILY.xattr.user.thumbnail": "x" * 60_000, "LIBARCHIVE.creationtime": "1.5"}), NAMES
            ),
            "sizes": Pack(sized_in_pax, NAMES),
            "v7": Pack(partial(gnu_tar, "--format=v7"), NAMES),
            "label": Pack(partial(gnu_tar, "--label=photos"), NAMES),
            "posix": Pack(partial(gnu_tar, "--format=posix", "--pax-option=comment=x"), NAMES),
        },
    ),
    Row(
        "tar.gz: one gzip member or several (pigz, bgzip, concatenated)",
        "all of them",
        {
            "one": Pack(partial(make_tar, MEMBERS, gzip=True), NAMES),
            "several": Pack(lambda: in_gzip_members(make_tar(MEMBERS), 10_000), NAMES),
            "attributes": Pack(lambda: gzip.compress(pax(**{"SCHILY.xattr.user.a": "x" * 60_000})), NAMES),
        },
    ),
]
