"""Fixtures: one engine and one server process for the run, and the development data where it is present."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from faceVer.services.faces import FaceEngine
from faceVer.settings.loader import load_settings
from faceVer.settings.model import Settings
from tests import support_faces as faces
from tests.support_postgres import database, postgres, sqlite_template, store  # noqa: F401 - fixtures
from tests.support_s3 import bucket, proxy, s3  # noqa: F401 - fixtures
from tests.support_server import Server
from tests.support_tls import certificate_of

# In the background of a shell Ctrl-C is ignored, and would be by all programs that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no failure, so nothing is timed; and whether a change lands must not depend on luck, so the same
# examples are tried each time. `pytest --hypothesis-profile=explore` tries others.
untimed = hypothesis_settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.register_profile("explore", untimed)
hypothesis_settings.register_profile("same", untimed, derandomize=True)
hypothesis_settings.load_profile("same")


@pytest.fixture(scope="session")
def settings() -> Settings:
    return load_settings({})


@pytest.fixture(scope="session")
def engine(settings: Settings) -> Iterator[FaceEngine]:
    """The real models; `make weights` has fetched them."""
    engine = FaceEngine.load(settings)
    yield engine
    engine.decoder.close()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server process with default settings."""
    with Server() as running:
        yield running


@pytest.fixture(scope="session")
def astronaut() -> bytes:
    return faces.jpeg(faces.astronaut())


@pytest.fixture(scope="session")
def stranger() -> bytes:
    return faces.jpeg(faces.person(2))


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The development data; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("FACEVER_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("no development data: set FACEVER_DATA or put it at ../shared/data")
    return folder


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(certificate, key) for localhost, as PEM files."""
    now = datetime.now(UTC)
    return certificate_of(tmp_path_factory.mktemp("tls"), now - timedelta(days=1), now + timedelta(days=1))
