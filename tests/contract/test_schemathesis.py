"""Schemathesis against a real server: requests made from the OpenAPI document, and their responses.

Checks that are off, and why:

- unsupported_method: the contract answers 400 with code 002002 to a wrong verb, not 405, but for instant folders.
- positive_data_acceptance: a schema cannot state whether bytes are a picture with one usable face.
- negative_data_rejection: parts of unknown names, unknown fields of the payload, and odd ids are ignored on purpose.
- use_after_free, ensure_resource_availability, object_level_authorization: nothing is stored; with a store, the tests
  of permissions and of the documented responses do that.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import schemathesis
from schemathesis import checks
from schemathesis.core.failures import FailureGroup

from faceVer.http.pipeline.authentication import new_key
from tests import support_faces as faces
from tests.http.accounts.support import EMAIL, HEADER, PASSWORD, signed_in
from tests.http.support_calls import FACTS, WORK, Material
from tests.support_liveness import selfie
from tests.support_media import jpeg, make_tar, png
from tests.support_server import Server
from tests.support_wire import metric

ROOT = Path(__file__).parents[2]
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "allow_header_conformance",
    "missing_required_header",
)
EXAMPLES = os.environ.get("CONTRACT_EXAMPLES", "100")
LIMITS = {"max_samples": "8", "max_parts": "20"}
SECONDS = 1200
"""After which a run counts as hung."""


@pytest.fixture(scope="module")
def small() -> Iterator[Server]:
    """A server that takes few files at a time, so that requests at its limits and past them are small, too."""
    with Server(**LIMITS) as running:
        yield running


@pytest.fixture(scope="module")
def files(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good and bad files by kind."""
    have, folder = Material(server), tmp_path_factory.mktemp("files")
    kinds = {
        "picture": (
            have.face,
            faces.jpeg(faces.person(2)),
            png(selfie(1)),
            have.empty,
            have.two,
            have.cut,
            have.face[:900],
        ),
        "template": (have.template, have.stranger, have.template[:-1], bytes(1118)),
        "medium": (
            have.video,
            have.archive,
            have.face,
            jpeg(selfie(2)),
            have.empty,
            make_tar([("a", b"b")]),
            have.video[:900],
        ),
    }
    for kind, contents in kinds.items():
        (folder / kind).mkdir()
        for number, data in enumerate(contents):
            (folder / kind / str(number)).write_bytes(data)
    return folder


def run(server: Server, files: Path, chosen: Sequence[str], *options: str) -> str:
    """What schemathesis says; fails where it found anything."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"{server.url}/openapi.json",
        f"--checks={','.join(chosen)}",
        "--phases=examples,coverage,fuzzing",
        "--seed=1",
        "--request-timeout=60",
        "--continue-on-failure",
        *options,
    ]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.contract.hooks", "CONTRACT_FILES": str(files)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    assert server.call("GET", "/livez").status == 200
    assert not [line for line in server.log if " ERROR " in line]
    return done.stdout


def generated(output: str) -> int:
    found = re.search(r"([\d,]+) generated", output)
    assert found is not None, output
    return int(found[1].replace(",", ""))


def successes(server: Server) -> dict[str, float]:
    """Answers of 200 so far, by path."""
    return {path: metric(server, f'facever_requests_total{{code="",route="{path}",status="200"}}') for path in WORK}


@pytest.mark.slow
def test_responses_are_as_documented(small: Server, files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = successes(small)
    output = run(small, files, CHECKS, f"--max-examples={EXAMPLES}")
    after = successes(small)
    with capsys.disabled():
        print(output)
    assert generated(output) > 10 * int(EXAMPLES)
    assert [path for path in WORK if after[path] == before[path]] == [], "never answered with 200"


@pytest.mark.slow
def test_keys_are_required(files: Path) -> None:
    key, line = new_key("contract")
    with Server(api_keys=line, console="on", metrics_key="true", **LIMITS) as guarded:
        output = run(
            guarded, files, (*CHECKS, "ignored_auth"), "--max-examples=5", f"--header=Authorization: Bearer {key}"
        )
    assert generated(output) > 100


@pytest.mark.slow
def test_stored_responses_are_as_documented(files: Path, tmp_path: Path) -> None:
    settings = {"store": str(tmp_path / "store"), "admin_email": EMAIL, "admin_password": PASSWORD}
    with Server(**settings, **LIMITS) as stored:
        token = signed_in(stored)["access_token"]
        output = run(
            stored,
            files,
            CHECKS,
            f"--max-examples={max(1, int(EXAMPLES) // 5)}",
            f"--header={HEADER}: {token}",
            "--include-path-regex=^/(api|static)/",
            # Signing out would end the run's own session.
            "--exclude-path-regex=^/api/(instant|authorize|sessions/.)",
        )
        for path, status in (("folders", 200), ("folders", 201), ("users", 200), ("sessions", 200)):
            assert metric(stored, f'facever_requests_total{{code="",route="/api/{path}/",status="{status}"}}') > 5, path
        assert stored.call("GET", "/api/config/", None, {HEADER: token}).status == 200, "the session has ended"
    assert generated(output) > 1000


@pytest.mark.slow
def test_instant_folders_reject_methods_with_405(server: Server, files: Path) -> None:
    run(server, files, ("unsupported_method",), "--max-examples=5", "--include-path=/api/instant/folders/")


def test_schemathesis_accepts_the_operations_and_notices_a_wrong_type(server: Server) -> None:
    document = server.call("GET", "/openapi.json").json()
    checks.load_all_checks()
    chosen = [checks.CHECKS.get_one(name) for name in CHECKS]
    schema = schemathesis.openapi.from_dict(document)
    for path in FACTS:
        schema[path]["GET"].Case().call_and_validate(base_url=server.url, checks=chosen)
    document["components"]["schemas"]["Version"]["properties"]["core"] = {"type": "integer"}
    case = schemathesis.openapi.from_dict(document)["/version"]["GET"].Case()
    with pytest.raises(FailureGroup):
        case.call_and_validate(base_url=server.url, checks=chosen)
