"""Stages, log lines, and `facever doctor`."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import threading
from pathlib import Path

import pytest

from faceVer import cli
from faceVer.domain.errors import DeadlineError, SampleError, SettingsError
from faceVer.http.server.sockets import cannot_listen
from faceVer.observability import logs
from faceVer.observability.timings import STAGES, Trace, checkpoint, current, saw_faces, stage
from faceVer.settings.loader import effective, load_settings
from faceVer.settings.model import Settings
from faceVer.tools import doctor


class TestStages:
    def test_without_a_trace_they_do_nothing(self) -> None:
        with stage("decode"):
            checkpoint()
            saw_faces(3)
        assert isinstance(stage("decode"), contextlib.nullcontext)

    def test_they_add_up(self) -> None:
        trace = Trace()
        token = current.set(trace)
        try:
            for _ in range(3):
                with stage("decode"):
                    pass
            with contextlib.suppress(SampleError), stage("detect"):
                raise SampleError("x")
            saw_faces(1)
            saw_faces(2)
        finally:
            current.reset(token)
        assert list(trace.totals()) == ["decode", "detect"]
        assert all(seconds >= 0 for seconds in trace.totals().values())
        assert sum(trace.faces) == 3

    def test_one_that_is_over_begins_nothing(self) -> None:
        trace = Trace()
        trace.over = True
        token = current.set(trace)
        try:
            with pytest.raises(DeadlineError), stage("decode"):
                raise AssertionError("begun")
            with pytest.raises(DeadlineError):
                checkpoint()
        finally:
            current.reset(token)

    def test_threads_lose_nothing(self) -> None:
        trace = Trace()

        def work() -> None:
            current.set(trace)
            for _ in range(1000):
                with stage("embed"):
                    saw_faces(1)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(trace.spent) == sum(trace.faces) == 8000

    def test_every_stage_in_the_code_is_in_the_table(self) -> None:
        import re

        text = "".join(path.read_text() for path in Path(logs.__file__).parent.rglob("*.py"))
        used = set(re.findall(r"stage\(\"(\w+)\"\)", text)) | set(re.findall(r"append\(\(\"(\w+)\", perf", text))
        assert used <= set(STAGES)


class TestReasons:
    @pytest.mark.parametrize(
        ("words", "told"),
        [
            ("part 'secret' is missing", "part '…' is missing"),
            ("""type "it's secret" and b'se\\'cret'""", "type '…' and '…'"),
            ("it's half a quote", "it's half a quote"),
            ("x" * 500, "x" * 200),
        ],
    )
    def test_what_is_quoted_is_left_out(self, words: str, told: str) -> None:
        assert logs.reason(SampleError(words)) == told

    @pytest.mark.parametrize("value", ["plain", "it's", 'quo"te', "both'\"", "back\\slash", "'", '"', "\\'", "\n'\r"])
    def test_whatever_repr_makes_of_it(self, value: str) -> None:
        assert logs.reason(SampleError(f"part {value!r} is odd")) == "part '…' is odd"

    def test_a_traceback_without_words(self) -> None:
        try:
            raise KeyError("secret")
        except KeyError as error:
            told = logs.where(error)
        assert told.startswith("KeyError\n")
        assert "test_a_traceback_without_words" in told
        assert told.count("secret") == 1  # the source line that raises, not what was raised


class TestAccessLog:
    def line(self, shape: str, **changed: object) -> str:
        lines: list[str] = []
        log = logs.AccessLog()
        log.configure(shape, logging.INFO, lines.append)
        given: dict[str, object] = {
            "received": 7,
            "code": "BPE-1",
            "detail": 'a "b"',
            "key": "k",
            "spent": {"decode": 0.0015},
        }
        log.line(logging.INFO, "POST", "/x", 400, 0.0123, **{**given, **changed})  # type: ignore[arg-type]
        (line,) = lines
        assert line.endswith("\n")
        return line[:-1]

    def test_text(self) -> None:
        stamp, level, _, ident, name, rest = self.line("text").split(" ", 5)
        assert stamp[10] == "T"
        assert (len(stamp), stamp[-1]) == (24, "Z")
        assert (level, ident, name) == ("INFO", "-", "faceVer.access:")
        assert rest == "POST /x 400 12.3 ms BPE-1 'a \"b\"' bytes=7 decode=1.50 key=k"

    def test_json(self) -> None:
        line = json.loads(self.line("json"))
        assert (line["ms"], line["stages"], line["detail"], line["key"]) == (12.3, {"decode": 1.5}, 'a "b"', "k")
        assert "key" not in json.loads(self.line("json", key="", detail=""))

    def test_levels(self) -> None:
        lines: list[str] = []
        log = logs.AccessLog()
        log.configure("text", logging.ERROR, lines.append)
        log.line(logging.INFO, "GET", "/x", 200, 0.1)
        assert not lines


def test_effective_settings_hide_secrets() -> None:
    settings = load_settings({"FACEVER_API_KEYS": "a:" + "0" * 64, "FACEVER_PORT": "1", "FACEVER_RETRY_AFTER": "1"})
    assert effective(settings) == {"port": 1, "api_keys": "***"}
    assert "api_keys" not in repr(settings)
    assert effective(Settings()) == {}


def test_a_port_in_use_has_a_hint() -> None:
    settings = Settings.of(host="127.0.0.1", port=80)
    taken, refused = (
        str(cannot_listen(settings, OSError(number, "Why"))) for number in (errno.EADDRINUSE, errno.EACCES)
    )
    assert refused == "cannot listen on 127.0.0.1:80: Why"
    assert taken == f"{refused}; choose another with --port (PORT= for make serve)"


class TestDoctor:
    def test_all_is_well_here(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FACEVER_PORT", "0")
        assert cli.main(["doctor", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["well"] is True
        topics = {finding["topic"] for finding in found["findings"]}
        assert topics == {"cpu", "versions", "settings", "threads", "memory", "files", "weights", "inference", "port"}
        assert cli.main(["doctor"]) == 0
        assert "a synthetic picture takes" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("variable", "value", "told"),
        [
            ("FACEVER_PROT", "80", "unknown setting"),
            ("FACEVER_API_KEYS", "x", "entry 1"),
            ("FACEVER_WEIGHTS", "/nowhere", "cannot read the manifest"),
            ("FACEVER_PROVIDERS", "Magic", "Magic"),
            ("FACEVER_HOST", "192.0.2.1", "assign"),
        ],
    )
    def test_what_is_wrong_is_told(
        self, variable: str, value: str, told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(variable, value)
        assert cli.main(["doctor"]) == 1
        bad = [line for line in capsys.readouterr().out.splitlines() if line.startswith("bad")]
        assert any(told in line for line in bad), bad

    def test_notes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(doctor, "memory_limit", lambda: 400 * 2**20)
        (memory,) = doctor._memory(Settings())
        assert (memory.state, memory.text[:7]) == ("note", "400 MiB")
        (threads,) = doctor._threads(Settings.of(threads=512))
        assert threads.state == "note"
        assert any("ends before" in found.text for found in doctor._settings(Settings.of(request_timeout=1)))

    def test_settings_that_contradict_each_other(self) -> None:
        with pytest.raises(SettingsError, match="set together"):
            Settings.of(tls_cert="x")
