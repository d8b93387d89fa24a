"""docs/style/check_words.py finds rejected words in prose, and only there."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "style"
RULES = """
# a comment
anew => "again"
let go of => "release"
gauges? => "measure"
allow: Prometheus gauge
allow docs/*: gauge of pressure
"""


@pytest.fixture(scope="module")
def check() -> dict[str, Any]:
    return runpy.run_path(str(FOLDER / "check_words.py"))


def found(check: dict[str, Any], path: str, text: str) -> list[tuple[int, str]]:
    rules, allowed = check["load_rules"](RULES)
    return [(line, word) for line, word, _ in check["findings"](Path(path), text, rules, allowed)]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("faceVer/a.py", "x = 1  # begin anew\n"),
        ("faceVer/a.py", '"""Begin anew."""\n'),
        ("faceVer/a.py", 'x: int\n"""Begin anew."""\n'),
        ("faceVer/a.py", 'raise ValueError(f"begin {x} anew")\n'),
        ("tests/test_a.py", 'def f():\n    """Begin anew."""\n'),
        ("docs/a.md", "Begin **anew**.\n"),
        ("a/words.js", 'const x = "begin anew";\n'),
        ("a/words.js", "/* begin\n anew */\n"),
        ("deploy/a.yaml", "# begin anew\n"),
        ("Makefile", "# begin anew\n"),
    ],
)
def test_a_rejected_word_is_found_in_prose(check: dict[str, Any], path: str, text: str) -> None:
    assert [word for _, word in found(check, path, text)] == ["anew"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("faceVer/a.py", "anew = other.anew(anew)\n"),
        ("faceVer/a.py", 'field = "anew"\n'),
        ("faceVer/a.py", '"""Calls `begin anew`, not start_anew."""\n'),
        ("faceVer/a.py", 'raise ValueError(f"begin {anew} again")\n'),
        ("tests/test_a.py", 'data = "begin anew"\n'),
        ("tests/test_a.py", 'data = [\n    "begin anew",\n]\n'),
        ("docs/a.md", "```sh\nbegin anew\n```\n`anew` and [a link](anew.md)\n"),
        ("a/words.js", 'tell("anew", anew)\n'),
        ("a/a.css", '.a { grid: "begin anew" }\n'),
    ],
)
def test_code_is_not_prose(check: dict[str, Any], path: str, text: str) -> None:
    assert found(check, path, text) == []


def test_a_phrase_is_found_across_lines_and_reported_where_it_begins(check: dict[str, Any]) -> None:
    assert found(check, "faceVer/a.py", "\n# what it may let go\n# of\n") == [(2, "let go of")]


def test_allowed_phrases_are_left_out_in_their_files(check: dict[str, Any]) -> None:
    text = "A Prometheus gauge, a gauge of pressure.\n"
    assert found(check, "docs/a.md", text) == []
    assert found(check, "a.md", text) == [(1, "gauge")]


def test_the_list_of_words_is_readable(check: dict[str, Any]) -> None:
    rules, allowed = check["load_rules"]((FOLDER / "rejected_words.txt").read_text(encoding="utf-8"))
    assert len(rules) > 30
    assert allowed
    assert all(rule.advice for rule in rules)
