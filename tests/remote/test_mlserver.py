"""FaceVer's server before a real MLServer: the same templates; outages, hangs and wrong models end as documented."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from faceVer.domain.errors import SetupError
from faceVer.inference.manifest import load_manifest, weights_folder
from faceVer.inference.opening import open_backend
from faceVer.inference.remote.export import export
from faceVer.services.faces import FaceEngine
from faceVer.services.rules import pack_selection
from faceVer.settings.model import Settings
from faceVer.vision.packs import load_models
from tests.support_faces import astronaut, jpeg, person
from tests.support_processes import children
from tests.support_remote import ModelServer
from tests.support_server import Response, Server

HEALTH = "/v1/face/pattern/health"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    manifest = load_manifest(weights_folder(""))
    export(manifest, manifest.pack("open").models, folder)
    return folder


@pytest.fixture(scope="module")
def models(repository: Path) -> Iterator[ModelServer]:
    with ModelServer(repository) as server:
        yield server


def settled(server: Server, status: int) -> Response:
    """The health once it has that HTTP status; the last one seen after a minute."""
    deadline = time.monotonic() + 60
    while True:
        found = server.call("GET", HEALTH)
        if found.status == status or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


def test_templates_equal_the_local_engines(models: ModelServer) -> None:
    local, remote = (
        FaceEngine.load(Settings()),
        FaceEngine.load(Settings.of(inference_url=models.url, inference_timeout=60.0)),
    )
    for picture in (astronaut(), person(0), person(1)):
        here, there = (engine.embed(jpeg(picture)) for engine in (local, remote))
        assert float(np.dot(here, there)) > 1 - 1e-4
    assert remote.runtime.startswith("remote mlserver ")
    remote.backend.close()


def test_an_outage_is_a_tfss_error_and_ends_by_itself(repository: Path) -> None:
    picture = jpeg(astronaut())
    with (
        ModelServer(repository) as models,
        Server(inference_url=models.url, inference_timeout="10", health_ttl="0") as server,
    ):
        template = server.template(picture)
        assert server.call("GET", "/version").json()["tfss"].startswith("remote mlserver ")
        assert settled(server, 200).json()["status"] == 0
        models.__exit__()
        for _ in range(5):
            failed = server.extract(picture)
            assert (failed.status, failed.code) == (400, "BPE-001002")
            assert models.url.rpartition(":")[2] not in str(failed.body)
        assert settled(server, 503).json()["status"] == 3
        with models:
            assert settled(server, 200).json()["status"] == 0
            assert server.template(picture) == template
            # A server that hangs: the deadline of a call ends it.
            models.signal(signal.SIGSTOP)
            assert server.extract(picture).code == "BPE-001002"
            models.signal(signal.SIGCONT)
            assert settled(server, 200).json()["status"] == 0
            assert server.template(picture) == template


def test_a_worker_that_dies_in_an_outage_is_replaced(repository: Path) -> None:
    picture = jpeg(astronaut())
    with (
        ModelServer(repository) as models,
        Server(inference_url=models.url, workers="2", threads="2", health_ttl="0", fresh=True) as server,
    ):
        template = server.template(picture)
        models.__exit__()
        before = children(server.process.pid)
        os.kill(before[-1], signal.SIGKILL)
        server.logged(r"was sent SIGKILL")
        deadline = time.monotonic() + 30
        while len(set(children(server.process.pid)) - {before[-1]}) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert server.extract(picture).code == "BPE-001002"
        with models:
            assert settled(server, 200).json()["status"] == 0
            deadline = time.monotonic() + 30
            while server.extract(picture).status != 200 and time.monotonic() < deadline:
                time.sleep(0.2)
            assert server.template(picture) == template


@pytest.mark.parametrize(
    ("name", "other", "reason"),
    [
        ("mobilefacenet-0.0.1-87aacdfe5751", "minifasnet-0.0.1-afa783b7e902", "other inputs or outputs"),
        ("mobilefacenet-0.0.1-87aacdfe5751", "", "does not serve"),
        ("mobilefacenet-0.0.1-87aacdfe5751", "permuted", "is not the model of the manifest"),
    ],
)
def test_a_wrong_model_stops_the_start(repository: Path, tmp_path: Path, name: str, other: str, reason: str) -> None:
    folder = Path(shutil.copytree(repository, tmp_path / "models"))
    file = folder / name / "1" / "model.onnx"
    if other == "permuted":
        permute(file)
    elif other:
        shutil.copy(folder / other / "1" / "model.onnx", file)
    else:
        shutil.rmtree(folder / name)
    with ModelServer(folder) as models:
        settings = Settings.of(inference_url=models.url)
        with contextlib.closing(open_backend(settings)) as backend, pytest.raises(SetupError, match=reason):
            load_models(pack_selection(settings), backend)


def permute(file: Path) -> None:
    """Reverse the order of the largest weight's values."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(file)
    largest = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    values = numpy_helper.to_array(largest)
    largest.CopyFrom(numpy_helper.from_array(values.ravel()[::-1].reshape(values.shape).copy(), largest.name))
    onnx.save(model, file)
