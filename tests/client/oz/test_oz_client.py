"""OzClient and AsyncOzClient against a real server with a store."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from faceVer.client import (
    AsyncOzClient,
    BadPayload,
    Biometry,
    Conflict,
    Forbidden,
    NotFound,
    NotRealized,
    OzClient,
    Quality,
    RuleViolated,
    Timeout,
    Unauthorized,
)
from faceVer.client.oz.clients import read_webhook
from faceVer.jobs.webhook_policy import SIGNATURE_HEADER, sign
from tests.client.flavours import Connect
from tests.client.oz.conftest import EMAIL, PASSWORD
from tests.client.test_client_docs import DOCUMENTED_URL, STORED_BLOCKS, TEXT
from tests.support_server import Server


def test_a_folder_from_its_media_to_its_erasure(connect_oz: Connect, astronaut: bytes, stranger: bytes) -> None:
    client = connect_oz()
    marker = f"{connect_oz!r}"
    made = client.create_folder({"selfie": astronaut}, tags={"selfie": ["photo_selfie"]}, meta_data={"marker": marker})
    assert (made.state, [one.tags[0] for one in made.media], made.meta_data) == (
        "INITIAL",
        ["photo_selfie"],
        {"marker": marker},
    )
    (added,) = client.add_media(made.folder_id, {"other": ("other.jpg", stranger)})
    assert added.original_name == "other.jpg"
    begun = client.request_analyses(made.folder_id, [Quality([made.media[0].media_id]), Biometry()])
    assert [(one.type, one.state) for one in begun] == [("QUALITY", "PROCESSING"), ("BIOMETRY", "PROCESSING")]
    assert len({one.group_id for one in begun}) == 1

    done = client.wait(made.folder_id, 60)
    quality, biometry = done.analyses
    assert (done.state, biometry.resolution) == ("FINISHED", "DECLINED")
    assert biometry.max_confidence is not None
    assert client.download(done.media[0].url) == astronaut
    assert quality.results[0].best_shots[0].measures["quality"] > 0.3  # it was stored, too
    assert client.download(quality.results[0].best_shots[0].url).startswith(b"\xff\xd8\xff")
    assert [one.folder_id for one in client.folders({"meta_data": f"marker=={marker}"})] == [made.folder_id]
    assert client.analysis(biometry.analysis_id) == client.analyses(made.folder_id)[1]

    changed = client.change_folder(made.folder_id, {"operator_status": "DECLINED", "operator_comment": "seen"})
    assert changed.raw["operator_comment"] == "seen"
    assert client.set_meta_data("media", added.media_id, {"a": 1}) == {"a": 1}
    assert client.set_meta_data("media", added.media_id, {"b": 2}, merge=True) == {"a": 1, "b": 2}
    assert client.meta_data("media", added.media_id) == {"a": 1, "b": 2}
    assert client.tag_media(added.media_id, ["photo_id"]).tags[0] == "photo_id"
    client.delete_analysis(quality.analysis_id)
    client.delete_media(added.media_id)
    client.erase_folder(made.folder_id)
    erased = client.folder(made.folder_id)
    assert (erased.raw["is_cleared"], erased.meta_data, [one.url for one in erased.media]) == (True, {}, [""])
    with pytest.raises(RuleViolated, match="202"):
        client.request_analyses(made.folder_id, [Quality()])
    client.delete_folder(made.folder_id)
    with pytest.raises(NotFound):
        client.folder(made.folder_id)


def test_a_folder_in_one_request(connect_oz: Connect, astronaut: bytes) -> None:
    folder = connect_oz().create_folder({"a": astronaut}, [Quality()])
    assert folder.state == "FINISHED"
    assert [one.type for one in folder.analyses] == ["QUALITY"]


def test_accounts_and_what_they_may_not_do(connect_oz: Connect, astronaut: bytes) -> None:
    admin = connect_oz()
    name = f"company {id(admin)}"
    company = admin.create_company(name)
    with pytest.raises(Conflict):
        admin.create_company(name)
    assert name in [one.name for one in admin.list_companies().items]
    renamed = admin.change_company(company.company_id, {"name": f"{name} Ltd"})
    assert (renamed.name, admin.company(company.company_id)) == (f"{name} Ltd", renamed)
    email = f"service{id(admin)}@example.org"
    profile = {"user_type": "CLIENT", "company_id": company.company_id, "first_name": "A", "last_name": "B"}
    user = admin.create_user(email, PASSWORD, profile)
    assert admin.user(user.user_id) == user
    client = connect_oz(email)
    folder = client.create_folder({"a": astronaut})
    assert admin.folder(folder.folder_id).raw["user_id"] == user.user_id
    with pytest.raises(Forbidden):
        client.delete_folder(folder.folder_id)
    with pytest.raises(BadPayload) as caught:
        client.request_analyses(folder.folder_id, [{"type": "quality", "params": {"threshold_spoofing": 7}}])
    assert caught.value.error_code == 4
    assert caught.value.key_path.endswith("threshold_spoofing")
    with pytest.raises(NotRealized):
        client.request_analyses(folder.folder_id, [{"type": "documents"}])
    admin.change_user(user.user_id, {"is_active": False})
    with pytest.raises(Unauthorized):
        client.folder(folder.folder_id)
    admin.delete_user(user.user_id)
    account = admin.create_user(f"robot{email}", PASSWORD, {**profile, "user_type": "CLIENT_SERVICE"})
    robot = connect_oz(None, None, token=admin.service_token(account.user_id).access_token)
    assert robot.folder(folder.folder_id).folder_id == folder.folder_id
    admin.delete_company(company.company_id)


def test_a_session_that_has_ended_is_replaced(connect_oz: Connect) -> None:
    client = connect_oz()
    first = client.sign_in()
    client.end_session()
    assert client.list_folders(limit=1).total is not None
    assert client.session.tokens.access_token != first.access_token
    with pytest.raises(Unauthorized):
        connect_oz(None, None, token=first.access_token).list_folders()


def test_the_wrong_password(connect_oz: Connect) -> None:
    with pytest.raises(Unauthorized) as caught:
        connect_oz("nobody@example.org", "wrong password").list_folders()
    assert "wrong password" not in str(caught.value)


def test_a_wait_ends_in_time(astronaut: bytes) -> None:
    """The server never finishes."""
    folder = {"folder_id": "f", "resolution_status": "PROCESSING", "system_resolution": "PROCESSING"}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=folder))
    with OzClient("http://x", token="t", transport=transport) as client, pytest.raises(Timeout):
        client.wait("f", 0.3)


@pytest.mark.parametrize(
    "arguments", [{}, {"email": "a"}, {"password": "b"}, {"email": "a", "password": "b", "token": "c"}]
)
def test_credentials_are_a_pair_or_a_token(arguments: dict[str, str]) -> None:
    for kind in (OzClient, AsyncOzClient):
        with pytest.raises(ValueError, match="either"):
            kind("http://x", **arguments)


def test_ids_lead_nowhere_else(kept: Server) -> None:
    with OzClient(kept.url, EMAIL, PASSWORD) as client:
        for text in ("", "..", "../users"):
            with pytest.raises((ValueError, NotFound)):
                client.folder(text)


def test_a_webhook_is_read_if_its_signature_holds() -> None:
    body = json.dumps(
        {"folder_id": "f", "resolution_status": "FINISHED", "system_resolution": "SUCCESS", "media": [], "analyses": []}
    ).encode()
    signature = sign("secret", int(time.time()), body)
    assert read_webhook({SIGNATURE_HEADER: signature}, body, "secret").passed
    old = sign("secret", int(time.time()) - 1000, body)
    for header, secret, content in [
        (signature, "other", body),
        (signature, "secret", body + b" "),
        (old, "secret", body),
        ("", "secret", body),
    ]:
        with pytest.raises(ValueError, match="signature"):
            read_webhook({SIGNATURE_HEADER: header}, content, secret)


def test_both_clients_have_the_documented_methods() -> None:
    def methods(kind: type[Any]) -> set[str]:
        return {name for name in vars(kind) if re.match(r"[a-z]", name)}

    section = TEXT[TEXT.index("## Stored folders") :]
    table = "".join(re.findall(r"^\| [a-z]+ \| `.*", section[: section.index("\n## ")], re.MULTILINE))
    documented = set(re.findall(r"`(\w+)`", table)) | {"drive", "read_webhook"}
    assert methods(OzClient) == methods(AsyncOzClient) == documented


def test_files_are_sent_from_paths(kept: Server, astronaut: bytes, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(astronaut)
    with OzClient(kept.url, EMAIL, PASSWORD) as client:
        made = client.create_folder({"a": tmp_path / "photo.jpg"})
    assert made.media[0].original_name == "photo.jpg"


def test_the_examples_of_the_page_run(
    kept: Server,
    astronaut: bytes,
    clip: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "selfie.mp4").write_bytes(clip)
    (tmp_path / "id.jpg").write_bytes(astronaut)
    assert STORED_BLOCKS
    for block in STORED_BLOCKS:
        for shown, real in {DOCUMENTED_URL: kept.url, "me@example.org": EMAIL, '"password"': f'"{PASSWORD}"'}.items():
            block = block.replace(shown, real)
        exec(compile(block, "docs/client.md", "exec"), {})
    assert re.search(r"^\w+ \[\('QUALITY', '\w+'\), \('BIOMETRY', '\w+'\)\]$", capsys.readouterr().out, re.MULTILINE)


def test_the_command_makes_shows_lists_and_deletes_folders(kept: Server, astronaut: bytes, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(astronaut)
    where = ["--url", kept.url, "--email", EMAIL]

    def run(*words: str, key: str = PASSWORD) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "FACEVER_CLIENT_KEY": key}
        command = [sys.executable, "-m", "faceVer", "folders", words[0], *where, *words[1:]]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)

    made = run(
        "create", "photo.jpg", "--analysis", "quality", "--tag", "photo_selfie", "--meta-data", '{"from": "cli"}'
    )
    folder_id = made.stdout.split("\t", 1)[0]
    assert (made.returncode, made.stderr) in [(0, ""), (3, "")]
    assert "\tQUALITY\t" in made.stdout
    shown = run("show", folder_id, "--json")
    assert json.loads(shown.stdout)["meta_data"] == {"from": "cli"}
    assert run("wait", folder_id).stdout == made.stdout
    again = run("analyses", folder_id, "--analysis", "quality")
    assert (again.returncode, again.stdout.count("\tQUALITY\t")) == (made.returncode, 2)
    for wrong in (("list", "--filter", "state"), ("create", "--meta-data", "[1]")):
        refused = run(*wrong)
        assert (refused.returncode, "expected" in refused.stderr) == (2, True)
    assert folder_id in run("list", "--filter", "meta_data=from==cli").stdout
    assert run("erase", folder_id).returncode == 0
    assert run("delete", folder_id).returncode == 0
    gone = run("show", folder_id)
    assert (gone.returncode, "not exist" in gone.stderr) == (1, True)
    assert run("list", key="wrong").returncode == 1
