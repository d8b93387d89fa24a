"""The programs built once, and the pictures they are run on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import support_faces as faces
from tests import support_media as media
from tests.examples.programs import PROGRAMS, Outcome, Program, build, run

Outcomes = dict[str, dict[str, Outcome]]
"""By name of the run, then by file of the program."""
Runner = Callable[[Mapping[str, Callable[[Program], Mapping[str, str]]]], Outcomes]
"""Takes the variables that a program has in each run."""


@pytest.fixture(scope="package")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What the programs' variables PHOTO, SELFIE, OTHER and VIDEO name, and a photo without a face. The selfie is so
    small and coarse that its score is below 1."""
    folder = tmp_path_factory.mktemp("pictures")
    selfie = faces.astronaut().crop((60, 0, 460, 400)).resize((120, 120))
    content = {
        "PHOTO": ("photo.jpg", faces.jpeg(faces.astronaut())),
        "SELFIE": ("selfie.jpg", faces.jpeg(selfie, quality=60)),
        "OTHER": ("other person.jpg", faces.jpeg(faces.person(2))),
        "VIDEO": ("video.mp4", media.encode_video(media.face_frames(4, 320, 320))),
        "NO_FACE": ("wall.jpg", faces.jpeg(faces.no_face())),
    }
    for name, data in content.values():
        (folder / name).write_bytes(data)
    return {key: folder / name for key, (name, _) in content.items()}


@pytest.fixture(scope="package")
def runner(tmp_path_factory: pytest.TempPathFactory, pictures: dict[str, Path]) -> Runner:
    """Runs every program whose tools are on this machine, many at a time, each time in a folder of its own."""
    here = [program for program in PROGRAMS if not program.missing()]
    out = {program.file: tmp_path_factory.mktemp("built") for program in here}
    usual = {name: str(path) for name, path in pictures.items() if name != "NO_FACE"}

    def run_all(runs: Mapping[str, Callable[[Program], Mapping[str, str]]]) -> Outcomes:
        root = tmp_path_factory.mktemp("runs")

        def one(name: str, program: Program) -> Outcome:
            folder = root / name / program.file.replace("/", "-")
            return run(program, out[program.file], folder, {**usual, **runs[name](program)})

        with ThreadPoolExecutor(12) as pool:  # some of them sleep
            tasks = {name: {program.file: pool.submit(one, name, program) for program in here} for name in runs}
            return {name: {file: task.result() for file, task in row.items()} for name, row in tasks.items()}

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda program: build(program, out[program.file]), here))
    return run_all
