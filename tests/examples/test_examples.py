"""The programs of docs/examples do in every language the same, against a real server."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from faceVer.http.pipeline.authentication import new_key
from tests.examples.conftest import Outcomes, Runner
from tests.examples.programs import EXAMPLES, PROGRAMS, ROOT, Outcome, Program
from tests.examples.refusing import Refusing
from tests.support_server import Server, free_port, template_part

PAGE = (ROOT / "docs" / "examples.md").read_text(encoding="utf-8")
EVERY = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.file)
SCORE = r"[01]\.\d{6}"
LINES = re.compile(
    rf"""health 0
template photo\.fvt (?P<photo>\d+)
template other\.fvt (?P<other>\d+)
compare (?P<compared>{SCORE}) declined
verify (?P<verified>{SCORE}) selfie\.fvt (?P<selfie>\d+)
search photo\.fvt (?P<near>{SCORE}) approved
search other\.fvt (?P<far>{SCORE}) declined
base64 equal
liveness (?:passed|failed) {SCORE}
folder SUCCESS {SCORE}
best shot best_shot\.jpg (?P<shot>\d+)
"""
)

FINE, FACELESS, REFUSED, ALONE = "fine", "faceless", "refused", "alone"


@dataclass(frozen=True, slots=True)
class Seen:
    """How the programs ended in each run, and how often each one was refused for overload."""

    outcomes: Outcomes
    refusals: dict[tuple[str, str], int]

    def __call__(self, name: str, program: Program) -> Outcome:
        """Skips the test where the program cannot be run."""
        if program.missing():
            pytest.skip(f"{program.missing()} is not on this machine")
        return self.outcomes[name][program.file]


@pytest.fixture(scope="module")
def seen(runner: Runner, server: Server, pictures: dict[str, Path]) -> Seen:
    """All runs at once.

    FINE: with a server that asks for a key. FACELESS: OTHER has no face, and the server refuses for a little less than
    the second it asks to wait; REFUSED: it refuses for good. ALONE: there is no server.
    """
    key, line = new_key("examples")
    with Server(api_keys=line) as locked, ExitStack() as stack:
        doors = {
            (name, program.file): stack.enter_context(Refusing(server, seconds))
            for name, seconds in ((REFUSED, 600), (FACELESS, 0.9))
            for program in PROGRAMS
        }
        outcomes = runner(
            {
                REFUSED: lambda program: {"URL": doors[REFUSED, program.file].url},
                FACELESS: lambda program: {
                    "URL": doors[FACELESS, program.file].url,
                    "OTHER": str(pictures["NO_FACE"]),
                },
                ALONE: lambda _: {"URL": f"http://127.0.0.1:{free_port()}"},
                FINE: lambda _: {"URL": locked.url, "API_KEY": key},
            }
        )
        return Seen(outcomes, {run: door.refused for run, door in doors.items()})


@EVERY
def test_lines_are_equal_in_every_language(seen: Seen, program: Program) -> None:
    outcome = seen(FINE, program)
    assert (outcome.status, outcome.err) == (0, "")
    assert {file: other.out for file, other in seen.outcomes[FINE].items() if other.out != outcome.out} == {}


@EVERY
def test_lines_and_files_match_the_responses(
    seen: Seen, program: Program, server: Server, pictures: dict[str, Path]
) -> None:
    outcome = seen(FINE, program)
    printed = LINES.fullmatch(outcome.out)
    assert printed, outcome.out
    for name in ("photo", "other", "selfie"):
        template = server.template(pictures[name.upper()].read_bytes())
        assert outcome.files[f"{name}.fvt"] == template
        assert int(printed[name]) == len(template)
    selfie = template_part("template_1", outcome.files["selfie.fvt"])
    gallery = [template_part("templates_n", outcome.files[name], name) for name in ("photo.fvt", "other.fvt")]
    scores = [row["score"] for row in server.post("compare_n", [selfie, *gallery]).json()["results"]]
    assert [float(printed["near"]), float(printed["far"])] == scores
    assert float(printed["verified"]) == scores[0] < 1
    shot = outcome.files["best_shot.jpg"]
    assert int(printed["shot"]) == len(shot)
    assert server.extract(shot).status == 200
    assert set(outcome.files) == {"photo.fvt", "other.fvt", "selfie.fvt", "best_shot.jpg"}


@EVERY
def test_an_error_names_code_message_and_request_id(seen: Seen, program: Program, server: Server) -> None:
    outcome = seen(FACELESS, program)
    assert outcome.status == 1
    assert outcome.out == "".join(seen(FINE, program).out.splitlines(keepends=True)[:2])
    message = "error BPE-003002: The biometric sample is missing face"
    found = re.fullmatch(rf"{message} \(HTTP 400, request (\w+)\)\n", outcome.err)
    assert found, outcome.err
    assert server.logged(rf" {found[1]} .*BPE-003002")


@EVERY
def test_a_rejected_request_is_repeated_after_retry_after(seen: Seen, program: Program) -> None:
    assert seen(FACELESS, program).out.startswith("health 0\ntemplate photo.fvt ")
    assert seen.refusals[FACELESS, program.file] == 1


@EVERY
def test_retries_end(seen: Seen, program: Program) -> None:
    outcome = seen(REFUSED, program)
    assert outcome.status == 1
    assert outcome.err == "error BPE-001003: Overloaded, try again (HTTP 503, request refused)\n"
    assert seen.refusals[REFUSED, program.file] == 4


@EVERY
def test_a_missing_server_is_one_error_line(seen: Seen, program: Program) -> None:
    outcome = seen(ALONE, program)
    assert (outcome.status, outcome.out) == (1, "")
    assert re.fullmatch(r"(error|curl:) .*([Cc]onnect|ECONNREFUSED).*\n", outcome.err), outcome.err


def test_the_page_lists_every_program() -> None:
    listed = re.findall(r"^\| \[([\w./]+)\]\(examples/\1\)", PAGE, re.MULTILINE)
    assert listed == [program.file for program in PROGRAMS]


def test_the_page_shows_the_lines_that_programs_print() -> None:
    """The numbers depend on the images; the lines match the pattern of the real ones."""
    shown = re.search(r"```text\n(health .*?)```", PAGE, re.DOTALL)
    assert shown
    assert LINES.fullmatch(shown[1])


def test_every_folder_has_a_program_that_is_tested() -> None:
    """And nothing else but what the language needs."""
    files = {str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*") if path.is_file()}
    assert {file for file in files if "__pycache__" not in file} == {program.file for program in PROGRAMS} | {
        "go/go.mod"
    }
    assert (EXAMPLES / "go" / "go.mod").read_text(encoding="utf-8") == "module example\n\ngo 1.19\n"
