"""The `facever` command as a whole, in processes of its own: mistakes, pipes, interruptions, its start."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from faceVer import __version__
from faceVer.settings.field import PREFIX
from faceVer.settings.model import AREA_OF
from tests import support_faces as faces
from tests.cli.conftest import Run
from tests.support_server import Server

COMMAND = (sys.executable, "-m", "faceVer")
HEAVY = {"aiohttp", "av", "cv2", "httpx", "insightface", "numpy", "onnxruntime", "PIL"}


def environment(**settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return kept | {PREFIX + name.upper(): value for name, value in settings.items()}


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], env=environment(**settings), capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["extract", "/nowhere.jpg", "-o", "/tmp/x"], "No such file"),
        (["extract", __file__, "-o", "/tmp/x"], "BPE-002003"),
        (["compare", __file__, __file__], "BPE-002003"),
        (["calibrate"], "FACEVER_DATA"),
        (["calibrate", "/nowhere"], "no <person>/<image> files"),
        (["weights", "fetch", "--from", "/nowhere"], "not a folder"),
        (
            ["health", "--url", "http://127.0.0.1:9"],
            "the server at http://127.0.0.1:9 cannot be reached: connection refused",
        ),
        (["health", "--url", "http://127.0.0.1:x"], "nonnumeric port"),
        (["health", "--url", "http://[::1"], "Invalid IPv6 URL"),
        (["health", "--ca-file", __file__], "no certificates can be read"),
        (["health", "--url", "file:///etc/passwd"], "http"),
    ],
)
def test_what_goes_wrong_is_told(
    arguments: list[str], told: str, facever: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FACEVER_DATA", raising=False)
    done = facever(*arguments)
    assert (done.status, done.out) == (1, "")
    assert told in done.err
    assert "Traceback" not in done.err


def test_a_defect_is_not_hidden(facever: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: Any) -> Any:
        raise RuntimeError("a defect")

    monkeypatch.setattr("faceVer.settings.loader.describe", broken)
    with pytest.raises(RuntimeError, match="a defect"):
        facever("settings")


def test_wrong_usage(facever: Run) -> None:
    assert facever("frobnicate").status == 2
    nothing = facever()
    assert (nothing.status, nothing.out) == (2, "")
    assert "usage: facever" in nothing.err
    assert "reextract" in nothing.err


def test_an_unknown_setting_stops_it() -> None:
    done = run("settings", prot="80")
    assert done.returncode == 0
    done = run("weights", "list", prot="80")
    assert (done.returncode, done.stdout) == (1, "")
    assert "unknown setting FACEVER_PROT" in done.stderr


def test_weights_list_and_verify(facever: Run) -> None:
    listed = facever("weights", "list")
    assert listed.status == 0
    assert "centerface" in listed.out
    assert "MIT" in listed.out
    verified = facever("weights", "verify")
    assert (verified.status, verified.err) == (0, "")
    assert "ready" in verified.out


def test_verify_fails_where_nothing_is_there(facever: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "manifest.toml").write_bytes((Path(__file__).parents[2] / "weights" / "manifest.toml").read_bytes())
    monkeypatch.setenv("FACEVER_WEIGHTS", str(tmp_path))
    done = facever("weights", "verify")
    assert done.status == 1
    assert "missing" in done.out
    assert "facever weights fetch" in done.err


def test_settings_and_version(facever: Run) -> None:
    printed = facever("settings").out.splitlines()
    assert f"{PREFIX}PORT=8080" in printed
    assert len(AREA_OF) == sum(line.startswith(PREFIX) for line in printed)
    assert [line for line in printed[1:] if line.startswith("#")] == [
        f"# {area}" for area in dict.fromkeys(AREA_OF.values())
    ]
    assert facever("--version").out == f"facever {__version__}\n"


def test_calibrating_on_too_little(facever: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "calibration.toml"
    monkeypatch.setattr("faceVer.tools.calibrate.calibration_target", lambda _: (target, ()))
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        for angle in (0, 3):
            photo = faces.jpeg(faces.person(number).rotate(angle))
            (tmp_path / str(number) / f"{angle}.jpg").write_bytes(photo)
    warning = "facever: warning: 12 impostor pairs are too few: an FMR of 1e-01 needs 100 (about 20 photos"
    shown = facever("calibrate", tmp_path, "--dry-run")
    assert shown.status == 0
    assert "| 1e-04 | – | – | – | – | – |" in shown.out
    assert warning in shown.err
    refused = facever("calibrate", tmp_path)
    assert refused.status == 1
    assert warning in refused.err
    assert "nothing written" in refused.err
    assert not target.exists()
    forced = facever("calibrate", tmp_path, "--force")
    assert forced.status == 0
    assert f"written to {target}" in forced.out
    assert tomllib.loads(target.read_text())["calibration"]["points"] == []


def test_openapi(facever: Run, server: Server) -> None:
    document = json.loads(facever("openapi").out)
    assert document["openapi"].startswith("3.1")
    assert document == server.call("GET", "/openapi.json").json()


class TestStart:
    @pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["extract", "--help"], ["extract"]])
    def test_nothing_heavy_is_imported(self, arguments: list[str]) -> None:
        script = (
            "import sys; from faceVer.cli import main\n"
            "try: main(sys.argv[1:])\n"
            "except SystemExit: pass\n"
            "print('imported', *{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
        imported = set(done.stderr.splitlines()[-1].split())
        assert "faceVer" in imported
        assert not imported & HEAVY

    def test_the_engine_is_not_loaded_for_a_server(self, server: Server, template: Path) -> None:
        script = "import sys; from faceVer.cli import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
        command = ["compare", str(template), str(template), "--url", server.url]
        done = subprocess.run([sys.executable, "-c", script, *command], capture_output=True, text=True, check=True)
        assert done.stdout.startswith("1.000000  approved")
        assert not set(done.stderr.split()) & {"onnxruntime", "cv2", "aiohttp", "insightface"}


class TestEnds:
    def test_nobody_reads_any_more(self, files: Path, tmp_path: Path) -> None:
        """All at the end, and row by row while threads are at work."""
        for command in (["settings"], ["extract", str(files / "tree"), "--out-dir", str(tmp_path), "--quiet"]):
            self._unread([*COMMAND, *command])

    def _unread(self, command: list[str]) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        process = subprocess.Popen(command, stdout=writer, stderr=subprocess.PIPE, text=True, env=environment())
        os.close(writer)
        _, told = process.communicate(timeout=30)
        assert (process.returncode, told) == (141, "")

    @pytest.mark.parametrize(
        ("closed", "names"), [(">&-", ["other"]), ("2>&-", ["other"]), ("<&- >&- 2>&-", ["photo", "other", "broken"])]
    )
    def test_streams_that_are_closed(self, closed: str, names: list[str], files: Path, template: Path) -> None:
        """The exit status is the same."""
        for name in names:
            status = {"photo": 0, "other": 3, "broken": 1}[name]
            words = shlex.join([*COMMAND, "compare", str(template), str(files / f"{name}.jpg")])
            done = subprocess.run(["sh", "-c", f"{words} {closed}"], capture_output=True, text=True, check=False)
            assert done.returncode == status
            assert "Traceback" not in done.stderr
            assert bool(done.stdout) == (closed == "2>&-" and status != 1)

    def test_interrupted_while_a_library_is_imported(self) -> None:
        """One that takes it for something that is missing."""
        script = (
            "import sys, faceVer.settings.loader\n"
            "def describe():\n"
            "    try: raise KeyboardInterrupt\n"
            "    except BaseException: raise ImportError('something is missing')\n"
            "faceVer.settings.loader.describe = describe\n"
            "from faceVer.cli import main; sys.exit(main(['settings']))"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (130, "facever: interrupted\n")

    def test_interrupted_while_a_server_does_not_answer(self, files: Path) -> None:
        """At once, though a request is under way."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            command = [*COMMAND, "extract", str(files / "tree"), "--out-dir", str(files / "never"), "--url", url]
            process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment())
            silent.settimeout(30)
            connection, _ = silent.accept()
            with connection:
                connection.recv(100)
                process.send_signal(signal.SIGINT)
                _, told = process.communicate(timeout=20)
        assert (process.returncode, told) == (130, "facever: interrupted\n")


def test_a_bar_on_a_terminal_only(facever: Run, files: Path, tmp_path: Path) -> None:
    command = [*COMMAND, "extract", *[str(files / "photo.jpg"), str(files / "other.jpg")], "--out-dir"]
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        [*command, str(tmp_path / "a")], stdout=subprocess.PIPE, stderr=theirs, env=environment(), text=True
    )
    os.close(theirs)
    out = process.communicate(timeout=30)[0]
    told = b""
    while True:
        try:
            block = os.read(mine, 4096)
        except OSError:  # the terminal has gone with the process
            break
        if not block:
            break
        told += block
    os.close(mine)
    assert process.returncode == 0
    assert b"2 of 2 files" in told
    assert b"2 templates made" in told
    assert "of 2 files" not in out
    elsewhere = facever(*command[3:], tmp_path / "b")
    assert "2 templates made" in elsewhere.err
    assert "of 2 files" not in elsewhere.err
