"""A server with the pack open+silent-face, and one whose files of it are missing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from faceVer.services.faces import FaceEngine
from faceVer.services.folders.service import FolderService
from faceVer.settings.loader import load_settings
from tests.http.support_detect import HEALTH, detect, detection
from tests.http.support_folders import post_folder
from tests.support_server import Server
from tests.support_silent_face import published, weights_with


@pytest.fixture(scope="module")
def folder(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return weights_with(published(data_folder), tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def silent_server(folder: Path) -> Iterator[Server]:
    with Server(pack="open+silent-face", weights=str(folder)) as running:
        yield running


@pytest.fixture(scope="module")
def service(folder: Path) -> FolderService:
    settings = load_settings({}, pack="open+silent-face", weights=str(folder))
    return FolderService.load(FaceEngine.load(settings), settings)


def test_it_names_its_models_and_is_well(silent_server: Server) -> None:
    assert silent_server.call("GET", HEALTH).json() == {"status": 0, "message": ""}
    models = {model["name"] for model in silent_server.call("GET", "/version").json()["models"]}
    assert models >= {"minifasnet", "silent-face-v2", "silent-face-v1se"}


@pytest.mark.parametrize(("name", "passed"), [("real-2.jpg", True), ("spoof-2.jpg", False), ("spoof-3.jpg", False)])
def test_photos(silent_server: Server, service: FolderService, data_folder: Path, name: str, passed: bool) -> None:
    data = (data_folder / "liveness-dev" / name).read_bytes()
    found = detection(detect(silent_server, data))
    assert found[0] is passed
    assert found == service.detect_image(data)


@pytest.mark.parametrize(("name", "resolution"), [("real-1.mp4", "SUCCESS"), ("spoof-1.mp4", "DECLINED")])
def test_videos(silent_server: Server, service: FolderService, data_folder: Path, name: str, resolution: str) -> None:
    data = (data_folder / "liveness-dev" / name).read_bytes()
    document = post_folder(silent_server, {"clip": data}, {"analyses": [{"type": "quality"}]}).json()
    (analysis,) = document["analyses"]
    assert analysis["resolution"] == resolution
    score = analysis["results_media"][0]["results_data"]["confidence_spoofing"]
    assert score == service.pad_score(data).score
    assert (score > 0.5) is (resolution == "DECLINED")


def test_without_its_files_the_start_ends_with_the_command_that_brings_them(tmp_path: Path) -> None:
    weights = weights_with([], tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "faceVer", "serve", "--host", "127.0.0.1", "--port", "0"],
        env={"FACEVER_PACK": "open+silent-face", "FACEVER_WEIGHTS": str(weights), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"facever: weights of silent-face-v2 are missing ({weights / 'silent-face-v2.onnx'}); "
        "run `facever weights import silent-face FILE…`"
    )
    assert "Traceback" not in done.stderr
