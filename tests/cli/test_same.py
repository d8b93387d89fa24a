"""The engine in this process and a server give the same results, the same exit statuses and the same files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ran, Run
from tests.support_server import Server

ONLY_HERE = ("ms", "detail")


def told(ran: Ran) -> tuple[int, list[dict[str, Any]]]:
    return ran.status, [{key: row[key] for key in row if key not in ONLY_HERE} for row in ran.rows]


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("compare photo.jpg selfie.png", 0),
        ("compare photo.fvt other.jpg", 3),
        ("compare photo.fvt empty.jpg", 1),
        ("compare photo.fvt crowd.jpg", 1),
        ("verify selfie.png photo.fvt", 0),
        ("verify other.jpg photo.fvt", 3),
        ("verify selfie.png other.jpg", 1),
        ("verify photo.fvt photo.fvt", 1),
        ("compare crowd.jpg crowd.jpg --face 3 --other-face 3", 0),
        ("compare crowd.jpg tree/a.jpg --face 1", 0),
        ("compare crowd.jpg tree/a.jpg --face 2", 3),
        ("compare crowd.jpg crowd.jpg --face 7", 1),
        ("verify crowd.jpg photo.fvt --face central", 3),
        ("liveness crowd.jpg clip.mp4 frames.zip --face 2", 1),
        ("search selfie.png photo.fvt tree other.jpg blank.mp4", 1),
        ("search photo.fvt tree/a.jpg selfie.png photo.fvt --top 2", 0),
        ("liveness photo.jpg clip.mp4 frames.zip", 0),
        ("liveness other.jpg blank.mp4 empty.jpg crowd.jpg broken.jpg nowhere.jpg", 1),
    ],
)
def test_results(
    command: str,
    status: int,
    facever: Run,
    files: Path,
    template: Path,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(files)
    here = told(facever(*command.split(), "--json"))
    assert here[0] == status
    assert here[1]
    assert told(facever(*command.split(), "--json", "--url", server.url)) == here


@pytest.mark.parametrize(
    "command",
    [
        "extract photo.jpg turned.jpg tree empty.jpg crowd.jpg",
        "extract crowd.jpg photo.jpg empty.jpg --face 1",
        "best-shot clip.mp4 blank.mp4 photo.jpg",
    ],
)
def test_files(
    command: str, facever: Run, files: Path, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").symlink_to(files)
    verb, *names = command.split()
    made = []
    for place in ((), ("--url", server.url)):
        result = facever(verb, *(f"in/{name}" for name in names), "--out-dir", "out", "--json", *place)
        made.append((told(result), {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}))
        Path("out").rename(f"out{len(made)}")
    assert made[0] == made[1]
    assert made[0][0][0] == 1
    assert len(made[0][1]) == sum(row["status"] == "ok" for row in made[0][0][1]) >= 1


def test_a_key(facever: Run, files: Path, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from faceVer.http.pipeline.authentication import new_key

    key, line = new_key("tests")
    (tmp_path / "key").write_text(key + "\n")
    (tmp_path / "nothing").write_text("\n")
    arguments = ("compare", template, template)
    with Server(api_keys=line, threads="1") as closed:
        refused = facever(*arguments, "--url", closed.url)
        assert (refused.status, refused.out) == (1, "")
        assert "--api-key-file or $FACEVER_CLIENT_KEY" in refused.err
        assert facever(*arguments, "--url", closed.url, "--api-key-file", tmp_path / "key").status == 0
        assert "holds no key" in facever(*arguments, "--url", closed.url, "--api-key-file", tmp_path / "nothing").err
        monkeypatch.setenv("FACEVER_CLIENT_KEY", key)
        assert facever(*arguments, "--url", closed.url).status == 0
    # The variable is no setting, and none that stops a start.
    assert facever(*arguments).status == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--url", "http://127.0.0.1:9"), "cannot be reached"),
        (("--url", "ftp://example.org"), "http://"),
        (("--url", "https://127.0.0.1:9", "--ca-file", "/nowhere.pem"), "nowhere.pem"),
        (("--url", "http://127.0.0.1:9", "--api-key-file", "/nowhere"), "No such file"),
    ],
)
def test_no_server(options: tuple[str, ...], words: str, facever: Run, files: Path) -> None:
    done = facever("extract", files / "tree", "--out-dir", files / "never", *options)
    assert (done.status, done.out) == (1, "")
    assert words in done.err
    assert "Traceback" not in done.err
    assert done.err.count("\n") == 1
