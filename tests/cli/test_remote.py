"""A server that is not what it should be: a proxy's pages, odd answers, proxies that cannot be used."""

from __future__ import annotations

import re
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from faceVer.cli.remote import MAX_FOREIGN
from faceVer.client import tls
from tests.cli.conftest import Run
from tests.client.faulty import BUSY_UNTOLD, PROXY, Faulty, Seen, answer

TEMPLATE = b"FVTP" + bytes(100)
MADE = answer(TEMPLATE, Content_Type="application/octet-stream")
TOO_LARGE = answer(b"<h1>413 Request Entity Too Large</h1>", 413, Content_Type="text/html")
FORBIDDEN = answer(b"<h1>403 Forbidden</h1>", 403, Content_Type="text/html")


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ten files, which no engine looks at."""
    monkeypatch.chdir(tmp_path)
    for number in range(10):
        (tmp_path / f"{number}.jpg").write_bytes(b"\xff\xd8\xff")
    return tmp_path


def extract(facever: Run, server: Faulty, *options: str) -> Any:
    return facever("extract", ".", "--out-dir", "out", "--json", "--jobs", "1", "--url", server.url, *options)


class TestPages:
    def test_one_file_that_something_in_between_refuses(self, facever: Run, photos: Path) -> None:
        with Faulty(TOO_LARGE, MADE, FORBIDDEN, PROXY, MADE) as server:
            done = extract(facever, server, "--report", "report.jsonl")
        assert done.status == 1
        assert [row["code"] for row in done.rows] == ["BPE-002007", None, "HTTP-403", "HTTP-502", *[None] * 6]
        assert "facever: ./2.jpg: HTTP-403: not a response of the API (HTTP 403) [request " in done.err
        assert "7 templates made, 0 kept, 3 failed" in done.err
        assert (photos / "report.jsonl").read_text() == done.out

    def test_nothing_but_pages(self, facever: Run, photos: Path) -> None:
        with Faulty(MADE, PROXY) as server:
            url, done = server.url, extract(facever, server)
        assert done.status == 1
        assert [row["code"] for row in done.rows] == [None, *["HTTP-502"] * (MAX_FOREIGN - 1)]
        assert f"facever: {url}: not a response of the API (HTTP 502)" in done.err

    def test_nothing_but_too_large_files(self, facever: Run, photos: Path) -> None:
        with Faulty(TOO_LARGE) as server:
            assert {row["code"] for row in extract(facever, server).rows} == {"BPE-002007"}
            assert facever("liveness", "1.jpg", "--json", "--url", server.url).row["code"] == "LDE-002007"
            assert len(server.seen) == 11

    def test_a_redirect_is_everybodys(self, facever: Run, photos: Path) -> None:
        with Faulty(answer(b"", 302, Location="http://127.0.0.1:1/")) as server:
            done = extract(facever, server)
        assert (done.status, done.out) == (1, "")
        assert "a redirect, which is not followed" in done.err

    def test_a_gallery_too_large_for_a_proxy_is_halved(
        self, facever: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        for number in range(10):
            (tmp_path / f"{number}.fvt").write_bytes(TEMPLATE)

        def no_more_than_three(server: Faulty, sock: socket.socket, seen: Seen) -> None:
            count = seen.body.count(TEMPLATE) - 1
            row = {"filename": "x", "score": 1.0, "decision": "approved"}
            (answer({"results": [row] * count}) if count <= 3 else TOO_LARGE)(server, sock, seen)

        with Faulty(no_more_than_three) as server:
            done = facever("search", "0.fvt", ".", "--json", "--url", server.url)
        assert done.status == 0
        assert [row["path"] for row in done.rows] == [f"./{number}.fvt" for number in range(10)]


def test_an_overloaded_server_says_nothing_of_a_template(facever: Run, photos: Path) -> None:
    (photos / "out").mkdir()
    (photos / "out/0.fvt").write_bytes(TEMPLATE)
    arguments = ("extract", "0.jpg", "--out-dir", "out", "--json", "--url")
    other = answer({"code": "BPE-002004", "message": "no template"}, 400)
    with Faulty(BUSY_UNTOLD, BUSY_UNTOLD, other) as server:
        for option in ("--quiet", "--resume"):
            assert facever(*arguments, server.url, option).row["code"] == "BPE-001003"
        assert facever(*arguments, server.url).row["code"] == "EEXIST"


@pytest.mark.parametrize(
    ("command", "document", "told"),
    [
        ("compare t.fvt t.fvt", {"results": [{"score": 1, "decision": "perhaps"}]}, "an unknown decision"),
        *(
            (command, {"folder_id": "1", "resolution_status": "FINISHED", "system_resolution": "SUCCESS"} | more, told)
            for command, told in (
                ("liveness", "without the requested result"),
                ("best-shot -o x.jpg", "without the requested result"),
            )
            for more in ({}, {"analyses": [{"type": "QUALITY", "error_message": None, "results_media": []}]})
        ),
    ],
)
def test_odd_answers(
    command: str, document: dict[str, Any], told: str, facever: Run, files: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("t.fvt").write_bytes(TEMPLATE)
    shutil.copy(files / "clip.mp4", "clip.mp4")
    words = command.split()
    with Faulty(answer(document)) as server:
        done = facever(*words, *(["clip.mp4"] if words[0] != "compare" else []), "--json", "--url", server.url)
    assert (done.status, done.row["code"]) == (1, "HTTP-200")
    assert re.search(told, done.err)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "ftp://127.0.0.1:1", "http://[::1"])
def test_a_proxy_that_cannot_be_used(proxy: str, facever: Run, template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    done = facever("compare", template, template, "--url", "http://127.0.0.1:1")
    assert (done.status, done.out, done.err.count("\n")) == (1, "", 1)
    assert "a proxy in HTTP_PROXY, HTTPS_PROXY or ALL_PROXY cannot be used" in done.err


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_of_certificates_is_named(
    content: str | None, facever: Run, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = tmp_path / "ca.pem"
    if content is not None:
        trusted.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    tls.default_trust.cache_clear()
    done = facever("compare", template, template, "--url", "https://127.0.0.1:1")
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert str(trusted) in done.err
