"""Log lines: the access log's formats, and what of an error may be logged."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from faceVer.domain.errors import SampleError
from faceVer.observability.access_log import AccessLog
from faceVer.observability.logs import redacted_message, traceback_text
from faceVer.observability.standard_error import StandardErrorHandler


@pytest.mark.parametrize(
    ("message", "logged"),
    [
        ("part 'secret' is missing", "part '…' is missing"),
        ("""type "it's secret" and b'se\\'cret'""", "type '…' and '…'"),
        ("it's half a quote", "it's half a quote"),
        ("x" * 500, "x" * 200),
    ],
)
def test_quoted_text_is_left_out(message: str, logged: str) -> None:
    assert redacted_message(SampleError(message)) == logged


@pytest.mark.parametrize("value", ["plain", "it's", 'quo"te', "both'\"", "back\\slash", "'", '"', "\\'", "\n'\r"])
def test_a_value_is_left_out_however_repr_quotes_it(value: str) -> None:
    assert redacted_message(SampleError(f"part {value!r} is odd")) == "part '…' is odd"


def test_a_traceback_is_logged_without_the_message() -> None:
    try:
        raise KeyError("secret")
    except KeyError as error:
        text = traceback_text(error)
    assert text.startswith("KeyError\n")
    assert "test_a_traceback_is_logged_without_the_message" in text
    assert text.count("secret") == 1  # the source line that raises, not what was raised


class TestAccessLog:
    def line(self, shape: str, **changed: object) -> str:
        lines: list[str] = []
        log = AccessLog()
        log.configure(shape, logging.INFO, lines.append)
        given: dict[str, object] = {
            "received": 7,
            "code": "BPE-1",
            "detail": 'a "b"',
            "key": "k",
            "timings": {"decode": 0.0015},
        }
        log.line(logging.INFO, "POST", "/x", 400, 0.0123, **{**given, **changed})  # type: ignore[arg-type]
        (line,) = lines
        assert line.endswith("\n")
        return line[:-1]

    def test_text_format(self) -> None:
        stamp, level, _, ident, name, rest = self.line("text").split(" ", 5)
        assert stamp[10] == "T"
        assert (len(stamp), stamp[-1]) == (24, "Z")
        assert (level, ident, name) == ("INFO", "-", "faceVer.access:")
        assert rest == "POST /x 400 12.3 ms BPE-1 'a \"b\"' bytes=7 decode=1.50 key=k"

    def test_json_format(self) -> None:
        line = json.loads(self.line("json"))
        assert (line["ms"], line["stages"], line["detail"], line["key"]) == (12.3, {"decode": 1.5}, 'a "b"', "k")
        assert "key" not in json.loads(self.line("json", key="", detail=""))

    def test_lines_below_the_level_are_not_written(self) -> None:
        lines: list[str] = []
        log = AccessLog()
        log.configure("text", logging.ERROR, lines.append)
        log.line(logging.INFO, "GET", "/x", 200, 0.1)
        assert not lines


def test_threads_write_lines_at_the_same_time(capfd: pytest.CaptureFixture[str]) -> None:
    handler = StandardErrorHandler()
    with ThreadPoolExecutor(4) as threads:
        written = [threads.submit(handler.write, f"line {number}\n") for number in range(2000)]
    for one in written:
        one.result()
    assert sorted(capfd.readouterr().err.splitlines()) == sorted(f"line {number}" for number in range(2000))
