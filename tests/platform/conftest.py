"""Servers with a store, for the tests of what clients see."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import support_media as media
from tests.platform.support import Site, distributed_site, sqlite_site


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.platform)])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server on SQLite and a folder; and one on PostgreSQL and S3 with a worker process."""
    if request.param == "sqlite":
        with sqlite_site(tmp_path_factory.mktemp("store")) as site:
            yield site
    else:
        with distributed_site(request.getfixturevalue("postgres"), request.getfixturevalue("s3")) as site:
            yield site


@pytest.fixture(scope="session")
def video() -> bytes:
    return media.encode_video(media.face_frames(6))


@pytest.fixture(scope="session")
def photo() -> bytes:
    return media.jpeg(media.face_image())


@pytest.fixture(scope="session")
def shots() -> bytes:
    """An archive of one picture."""
    return media.make_zip([("0.jpg", media.jpeg(media.face_image()))])
