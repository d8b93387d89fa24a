"""docs/cli.md and the command line tell of each other: every command, option, field and exit status."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from faceVer.cli import exit_codes as exits
from faceVer.cli import options
from faceVer.cli.parser import build
from tests.cli.conftest import Run

TEXT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def commands(parser: argparse.ArgumentParser, name: str = "facever") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command that can be run, with its parser."""
    inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not inner:
        yield name, parser
    for action in inner:
        for word, own in action.choices.items():
            yield from commands(own, f"{name} {word}")


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    return {text for action in parser._actions for text in action.option_strings if text.startswith("--")} - {"--help"}


COMMANDS = dict(commands(build()))
SECTIONS = {match[1]: match[2] for match in re.finditer(r"^## (.*)\n((?:(?!## ).*\n)*)", TEXT, re.MULTILINE)}
COMMON = options_of(options.parent())


def test_every_command_has_a_section_and_the_other_way_round() -> None:
    assert {name for name in SECTIONS if name.startswith("facever ")} == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_in_its_section_and_the_other_way_round(command: str) -> None:
    own = options_of(COMMANDS[command])
    told = set(OPTION.findall(SECTIONS[command]))
    assert own - COMMON <= told | ({"--json", "--url"} & own & told), "an option is not documented"
    assert told <= own, "what is documented does not exist"
    if command.split()[1] in ("doctor", "health"):
        assert told == own


def test_common_options() -> None:
    section = SECTIONS["Options that several commands have"]
    assert set(OPTION.findall(section)) == COMMON
    having = {
        name.removeprefix("facever ") for name, parser in COMMANDS.items() if "--api-key-file" in options_of(parser)
    }
    assert set(re.findall(r"`([a-z-]+)`", section.partition("\n|")[0])) == having
    without = {"compare", "verify"}
    for name in having:
        assert options_of(COMMANDS[f"facever {name}"]) >= COMMON - ({"--jobs"} if name in without else set())
    assert f"({options.CLIENT_TIMEOUT:g})" in section


def test_exit_statuses() -> None:
    listed = {int(number) for number in re.findall(r"^\| (\d+) \|", SECTIONS["Exit statuses"], re.MULTILINE)}
    assert listed == set(exits.MEANINGS)
    assert all(f"\n  {status:<4} {meaning}" in build().format_help() for status, meaning in exits.MEANINGS.items())


def documented(command: str) -> list[dict[str, object]]:
    """The JSON lines of a command's section."""
    return [json.loads(line) for line in SECTIONS[f"facever {command}"].splitlines() if line.startswith("{")]


@pytest.mark.parametrize(
    "command",
    [
        "extract photo.jpg -o OUT",
        "compare photo.fvt other.jpg",
        "verify photo.jpg photo.fvt -o OUT",
        "search photo.jpg photo.fvt",
        "liveness photo.jpg --frames",
        "best-shot clip.mp4 -o OUT",
    ],
)
def test_fields(
    command: str, facever: Run, files: Path, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The examples' fields are those of real lines, in their order."""
    monkeypatch.chdir(files)
    verb, *words = (str(tmp_path / "out") if word == "OUT" else word for word in command.split())
    row = facever(verb, *words, "--json").row
    (example,) = documented(verb)
    assert list(example) == list(row)
    assert [type(value) for value in example.values()] == [type(value) for value in row.values()]
    if "frames" in row:
        assert list(example["frames"][0]) == list(row["frames"][0])  # type: ignore[index]


def test_fields_of_failures(facever: Run, files: Path) -> None:
    row = facever("liveness", files / "empty.jpg", "--json").row
    table = re.findall(r"^\| `(\w+)` \|", SECTIONS["JSON Lines"], re.MULTILINE)
    assert {*table, "status"} == set(row)
