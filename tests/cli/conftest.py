"""The `facever` command, run in this process on real pictures, with the engine or against a server."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from faceVer import cli
from faceVer.observability.access_log import access_log
from faceVer.services.faces import FaceEngine
from faceVer.vision.liveness.models import load_liveness_models
from tests import support_faces as faces
from tests import support_liveness as live
from tests import support_media as media
from tests.support_server import Server


@dataclass(frozen=True, slots=True)
class Ran:
    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Standard output as JSON Lines; nothing else may be there."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def row(self) -> dict[str, Any]:
        (row,) = self.rows
        return row


Run = Callable[..., Ran]


_engine = cache(FaceEngine.load)
_liveness = cache(load_liveness_models)


@pytest.fixture
def facever(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a command. Models are loaded once for all with the same settings; what it does to logging is undone."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(FaceEngine, "load", _engine)
    monkeypatch.setattr("faceVer.services.folders.service.load_liveness_models", _liveness)

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        try:
            status = cli.main([str(argument) for argument in arguments])
        except SystemExit as error:  # argparse: wrong usage, --help
            status = int(error.code or 0)
        told = capsys.readouterr()
        return Ran(status, told.out, told.err)

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    access_log.configure("text", logging.INFO, None)


@pytest.fixture(params=["engine", "server"])
def where(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Options for the engine in this process, and for a server."""
    if request.param == "engine":
        return ()
    running: Server = request.getfixturevalue("server")
    return ("--url", running.url)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that no test changes: photos of one person and of others, media, and what gives no answer."""
    folder = tmp_path_factory.mktemp("files")
    clip = [live.selfie(width=240, height=320, shift=step) for step in range(0, 24, 6)]
    for name, data in {
        "photo.jpg": faces.jpeg(faces.astronaut()),
        "selfie.png": faces.encoded(faces.astronaut().crop((60, 0, 420, 340)), "PNG"),
        "other.jpg": faces.jpeg(faces.person(2)),
        "turned.jpg": faces.turned_away(faces.astronaut(), 6),
        "crowd.jpg": faces.jpeg(faces.group().resize((640, 443))),
        "empty.jpg": media.jpeg(live.blank()),
        "broken.jpg": b"",
        "broken.fvt": b"FVTP and no more",
        "clip.mp4": media.encode_video(clip),
        "blank.mp4": media.encode_video([live.blank()] * 2),
        "frames.zip": media.make_zip([(f"{number}.jpg", media.jpeg(frame)) for number, frame in enumerate(clip)]),
        "tree/a.jpg": faces.jpeg(faces.person(0)),
        "tree/deep/b.jpeg": faces.jpeg(faces.person(1)),
        "tree/deep/no-ending": faces.jpeg(faces.person(2)),
        "tree/deep/broken.png": b"",
        "tree/notes.txt": b"no picture",
        "tree/.hidden.jpg": faces.jpeg(faces.person(3)),
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture(scope="session")
def template(files: Path, engine: Any) -> Path:
    """The template of photo.jpg."""
    path = files / "photo.fvt"
    path.write_bytes(engine.extract((files / "photo.jpg").read_bytes()))
    return path
