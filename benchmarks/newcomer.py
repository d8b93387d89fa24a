"""A newcomer's path, timed: `python -m benchmarks.newcomer [--repository .]`.

From `git clone` through `make serve STORE=.store`: signed in, a folder with a 4-second video, its result by HTTP and by
`OzClient`. Prints seconds per step; packages that pip has in its cache need no download.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import samples, wire
from benchmarks.servers import ROOT, free_port

CLIENT = """
import sys
from faceVer.client import OzClient, Quality
url, email, password, video = sys.argv[1:]
with OzClient(url, email, password) as client:
    folder = client.create_folder({"video1": open(video, "rb").read()}, [Quality(extract_best_shot=True)])
    print(client.wait(folder.folder_id).resolution)
"""
LIMIT = 600.0


class Clock:
    """Prints the seconds of each step, and of all."""

    def __init__(self) -> None:
        self._began = self._last = time.monotonic()

    def step(self, name: str) -> None:
        now = time.monotonic()
        print(f"| {name} | {now - self._last:.1f} | {now - self._began:.1f} |", flush=True)
        self._last = now


@contextmanager
def serving(checkout: Path, port: int) -> Iterator[list[str]]:
    """`make serve`; what it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("FACEVER_", "VIRTUAL"))}
    process = subprocess.Popen(
        ["make", "serve", "STORE=.store", f"PORT={port}"],
        cwd=checkout,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")), daemon=True)  # type: ignore[union-attr]
    reader.start()
    try:
        yield lines
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
        reader.join(5)
        process.stdout.close()


def call(port: int, method: str, path: str, body: bytes | None = None, **head: str) -> Any:
    """The JSON of a response. Raises RuntimeError for another status than 200 and 201."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in head.items()})
    response = connection.getresponse()
    data = response.read()
    connection.close()
    if response.status not in (200, 201):
        raise RuntimeError(f"{method} {path} gave {response.status}: {data[:300]!r}")
    return json.loads(data)


def until_ready(port: int, lines: list[str]) -> None:
    """Raises TimeoutError."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        try:
            call(port, "GET", "/api/healthcheck/")
            return
        except (OSError, RuntimeError):
            time.sleep(0.1)
    raise TimeoutError("".join(lines[-20:]))


def shown(lines: list[str], name: str) -> str:
    """What `make serve` shows of its first administrator."""
    return next(line.split()[1] for line in lines if line.split()[:1] == [name] and len(line.split()) == 2)


def walk(repository: Path, folder: Path) -> None:
    clock, checkout, port = Clock(), folder / "facever", free_port()
    print("| step | seconds | since the beginning |\n| --- | --- | --- |")
    subprocess.run(["git", "clone", "--quiet", str(repository), str(checkout)], check=True)
    clock.step("git clone")
    subprocess.run(["make", ".venv/runtime.stamp"], cwd=checkout, check=True, capture_output=True)
    clock.step("packages, by `make serve`")
    with serving(checkout, port) as lines:
        until_ready(port, lines)
        clock.step("weights, database, start, by `make serve`")
        email, password = shown(lines, "email"), shown(lines, "password")
        body = json.dumps({"credentials": {"email": email, "password": password}}).encode()
        token = call(port, "POST", "/api/authorize/auth/", body)["access_token"]
        clock.step("signed in")
        payload = json.dumps({"media:tags": {"video1": ["video_selfie"]}, "analyses": [{"type": "quality"}]}).encode()
        parts = [
            wire.part("video1", samples.clip(), "video/mp4", "selfie.mp4"),
            wire.part("payload", payload, "application/json"),
        ]
        form = b"".join(b"--x\r\n" + one + b"\r\n" for one in parts) + b"--x--\r\n"
        head = {"X_Forensic_Access_Token": token}
        made = call(port, "POST", "/api/folders/", form, Content_Type="multipart/form-data; boundary=x", **head)
        found = call(port, "GET", f"/api/folders/{made['folder_id']}/", **head)
        clock.step(f"a folder with a video; its result by HTTP: {found['analyses'][0]['resolution']}")
        video = folder / "selfie.mp4"
        video.write_bytes(samples.clip())
        command = [str(checkout / ".venv/bin/python"), "-c", CLIENT, f"http://127.0.0.1:{port}", email, password]
        done = subprocess.run([*command, str(video)], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        clock.step(f"the same by OzClient: {done.stdout.strip()}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.newcomer", description=(__doc__ or "").split(":")[0])
    parser.add_argument("--repository", type=Path, default=ROOT, help="what to clone")
    options = parser.parse_args()
    samples.clip()  # made before the clock starts
    with tempfile.TemporaryDirectory() as folder:
        walk(options.repository.resolve(), Path(folder))


if __name__ == "__main__":
    main()
