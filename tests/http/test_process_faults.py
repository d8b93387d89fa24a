"""Faults of processes, files, memory and clocks."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import ctypes
import dataclasses
import fcntl
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from select import PIPE_BUF
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

import faceVer
from faceVer.domain.errors import InferenceError
from faceVer.domain.values import Face, Image
from faceVer.http.server.app import create_app
from faceVer.inference.manifest import weights_folder
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.service import FolderService
from faceVer.settings.model import Settings
from faceVer.vision.detection.detector import RELIABLE_SIDE
from tests import support_faces as faces
from tests.support_server import JPEG, PATTERN, Response, Server, children, form, image_part, part, template_part
from tests.support_wire import can_connect, closed, metric, read_response, soon, until, wire

LIVENESS, INSTANT = "/v1/face/liveness/", "/api/instant/folders/"
CLIENTS = 6


class TestKilledWorker:
    def test_only_its_own_requests_are_lost(self, astronaut: bytes) -> None:
        with Server("--workers", "2", threads="1") as running:
            alone = running.extract(astronaut).body
            stop, answers, lost = threading.Event(), list[Response](), list[OSError]()

            def client() -> None:
                while not stop.is_set():
                    try:
                        answers.append(running.extract(astronaut))
                    except OSError as error:  # http.client's own errors are of this kind, too, where a connection ends
                        lost.append(error)

            threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
            for thread in threads:
                thread.start()
            try:
                assert soon(lambda: len(answers) > 10)
                first = children(running.process.pid)
                os.kill(first[0], signal.SIGKILL)
                assert soon(lambda: len(set(children(running.process.pid)) | set(first)) > 2)
                seen = len(answers)
                assert soon(lambda: len(answers) > seen + 20)
            finally:
                stop.set()
                for thread in threads:
                    thread.join()
            # Each client had at most one request in that worker.
            assert len(lost) <= CLIENTS, [line for line in running.log if "POST" not in line]
            assert {(answer.status, answer.body) for answer in answers} == {(200, alone)}
            assert soon(lambda: metric(running, "facever_workers") == 2)
            assert running.stop() == 0


class TestStop:
    def test_workers_finish_requests_and_accept_no_more(self) -> None:
        large = faces.jpeg(faces.astronaut().resize((3000, 3000)))
        with Server("--workers", "2", threads="1") as running:
            with ThreadPoolExecutor(4) as pool:
                answers = [pool.submit(running.extract, large) for _ in range(4)]
                assert until(running, 'facever_in_flight{lane="inference"}')
                running.process.send_signal(signal.SIGTERM)
                assert [answer.result().status for answer in answers] == [200] * 4
            assert soon(lambda: not can_connect(running.port))
            assert running.stop() == 0

    @pytest.mark.parametrize("arguments", [(), ("--workers", "2")])
    def test_requests_that_have_begun_get_a_response(self, arguments: tuple[str, ...], astronaut: bytes) -> None:
        """aiohttp alone closes connections without complete headers, and drops the rest of bodies after the signal."""
        head = f"POST {PATTERN}extract HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
        head += f"Content-Length: {len(astronaut)}\r\n\r\n"
        whole = head.encode() + astronaut
        with Server(*arguments, threads="1") as running, contextlib.ExitStack() as stack:
            # Nothing sent, a part of the head, a part of the body, and a second request on a kept connection.
            clients = {at: stack.enter_context(wire(running)) for at in (0, 30, len(head) + 1000)}
            kept = stack.enter_context(wire(running))
            kept.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
            first = read_response(kept)
            assert first.status == 200
            assert "connection" not in first.headers
            for at, sock in clients.items():
                sock.sendall(whole[:at])
            kept.sendall(whole[:20])
            time.sleep(0.2)  # so that it has arrived
            running.process.send_signal(signal.SIGTERM)
            assert soon(lambda: not can_connect(running.port))
            for at, sock in [*clients.items(), (20, kept)]:
                sock.sendall(whole[at:])
            answers = [read_response(sock) for sock in (*clients.values(), kept)]
            assert [answer.status for answer in answers] == [200] * 4
            assert {answer.headers["connection"] for answer in answers} == {"close"}
            assert running.stop() == 0

    @pytest.mark.parametrize("arguments", [(), ("--workers", "2")])
    def test_a_stop_during_the_start_is_clean(self, arguments: tuple[str, ...]) -> None:
        """Process 1 of a container has no default action for the signal: the server handles it from the start."""
        for pause in (0.4, 0.7):
            starting = Server(*arguments, fresh=True)
            time.sleep(pause)  # at least the signal's handler is there
            assert starting.stop() == 0

    @pytest.mark.parametrize("arguments", [(), ("--workers", "2")])
    def test_a_client_that_never_completes_its_request_delays_no_stop(self, arguments: tuple[str, ...]) -> None:
        with (
            Server(*arguments, threads="1", shutdown_timeout="0.3", webhook_grace="0") as running,
            wire(running) as sock,
        ):
            sock.sendall(f"POST {PATTERN}extract HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n".encode())
            sock.sendall(b"Content-Length: 100\r\nExpect: 100-continue\r\n\r\n")
            assert b"100 Continue" in sock.recv(100)
            assert running.stop() == 0
            assert b" 200 " not in closed(sock)


def altered(folder: Path, name: str, how: str) -> Path:
    """A copy of the weights with one wrong file."""
    shutil.copytree(weights_folder(""), folder, dirs_exist_ok=True)
    path = folder / name
    match how:
        case "missing":
            path.unlink()
        case "truncated":
            path.write_bytes(path.read_bytes()[:1000])
        case "swapped":
            path.write_bytes((folder / "minifasnet.onnx").read_bytes())
        case "empty":
            path.write_bytes(b"")
    return folder


class TestModels:
    @pytest.mark.parametrize(
        ("name", "how", "arguments"),
        [
            ("centerface", "missing", ()),
            ("centerface", "truncated", ("--workers", "2")),
            ("mobilefacenet", "swapped", ()),
            ("mobilefacenet", "empty", ()),
        ],
    )
    def test_a_wrong_file_prevents_the_start_and_is_named(
        self, tmp_path: Path, name: str, how: str, arguments: tuple[str, ...]
    ) -> None:
        folder = altered(tmp_path / "weights", f"{name}.onnx", how)
        with (
            pytest.raises(RuntimeError, match=name) as caught,
            Server(*arguments, weights=str(folder)),
        ):
            pass
        assert "ended with 1" in str(caught.value)
        assert "Traceback" not in str(caught.value)

    def test_files_removed_while_it_serves_are_not_needed(self, tmp_path: Path, astronaut: bytes) -> None:
        folder = altered(tmp_path / "weights", "minifasnet.onnx", "nothing")
        with Server("--workers", "2", threads="1", weights=str(folder)) as running:
            before = running.extract(astronaut).body
            shutil.rmtree(folder)
            first = children(running.process.pid)
            os.kill(first[0], signal.SIGKILL)  # its replacement has the models from before the fork
            assert soon(lambda: len(set(children(running.process.pid)) | set(first)) > 2)
            assert [running.extract(astronaut).body for _ in range(6)] == [before] * 6


class Flaky:
    """A detector that fails while `broken` is set."""

    def __init__(self, real: Any) -> None:
        self.real, self.broken = real, True

    def detect(self, image: Image, size: int) -> list[Face]:
        if self.broken:
            raise InferenceError("provoked")
        return self.real.detect(image, size)  # type: ignore[no-any-return]

    reliable_side, aligner = RELIABLE_SIDE, None


def test_health_reports_a_failing_runtime_and_recovers(
    engine: FaceEngine, settings: Settings, astronaut: bytes
) -> None:
    """Faces and liveness; comparisons, which need no inference, work."""
    changed = settings.changed(health_ttl=0.0)
    detector = Flaky(engine.detector)
    flaky = FaceEngine(dataclasses.replace(engine._models, detector=detector), changed)
    template = engine.extract(astronaut)
    pair = form([template_part("bio_feature", template), template_part("bio_template", template)])
    media = form([image_part("m", astronaut)])
    head = {"Content-Type": "multipart/form-data; boundary=72468"}
    requests = [
        ("POST", PATTERN + "extract", astronaut, JPEG),
        ("POST", LIVENESS + "detect", astronaut, JPEG),
        ("POST", LIVENESS + "detect", media, head),
        ("POST", INSTANT, media, head),
        ("POST", PATTERN + "compare", pair, head),
        ("GET", PATTERN + "health", None, {}),
        ("GET", LIVENESS + "health", None, {}),
        ("GET", "/readyz", None, {}),
        ("GET", "/livez", None, {}),
    ]

    async def ask(session: aiohttp.ClientSession, url: str) -> list[tuple[int, Any]]:
        found = []
        for method, path, body, headers in requests:
            async with session.request(method, url + path, data=body, headers=headers) as answer:
                raw = await answer.read()
                code = re.search(rb'"(?:code|error_code|status)": "?([\w-]+)', raw)
                found.append((answer.status, code[1].decode() if code and answer.status != 200 else ""))
        return found

    async def main() -> tuple[list[tuple[int, Any]], ...]:
        app = create_app(changed, flaky, folders=FolderService.load(flaky, changed))
        async with TestServer(app) as running, aiohttp.ClientSession() as session:
            url = str(running.make_url("")).rstrip("/")
            broken = await ask(session, url)
            detector.broken = False
            healed = await ask(session, url)
            detector.broken = True
            return broken, healed, await ask(session, url)

    broken, healed, again = asyncio.run(main())
    tfss = [(400, "BPE-001002"), (400, "LDE-001002"), (400, "LDE-001002"), (400, "0")]
    assert broken == again == [*tfss, (200, ""), (503, "3"), (503, "3"), (503, "3"), (200, "")]
    assert healed == [(200, "")] * len(requests)


class TestNoMemory:
    def test_requests_fail_and_the_process_recovers(self, astronaut: bytes) -> None:
        """A real process gets no further memory."""
        large = faces.encoded(faces.astronaut().resize((2500, 2500)), "PNG", compress_level=1)
        with Server(threads="1", health_ttl="0") as running:
            alone = running.extract(astronaut).body
            pid = running.process.pid
            status = Path(f"/proc/{pid}/status").read_text()
            size = int(status.split("VmSize:")[1].split()[0]) * 1024
            soft, hard = resource.prlimit(pid, resource.RLIMIT_AS)
            resource.prlimit(pid, resource.RLIMIT_AS, (size, hard))
            try:
                answers = []
                for _ in range(4):
                    with contextlib.suppress(OSError):  # there may be no memory for the connection itself
                        answers.append(running.extract(large))
                health = running.call("GET", PATTERN + "health")
            finally:
                resource.prlimit(pid, resource.RLIMIT_AS, (soft, hard))
            assert running.process.poll() is None
            # An image that was not decoded because memory was exhausted must not be reported as a bad one.
            assert {answer.status for answer in answers} <= {200, 503}
            assert health.status in (200, 503)
            assert health.json()["status"] in (0, 3)
            assert running.extract(astronaut).body == alone
            assert running.extract(large).status == 200
            assert running.call("GET", PATTERN + "health").json()["status"] == 0


HEADROOM = 90
"""MiB above what an idle server has: enough for one large picture, too little for several."""


def sizes(pid: int) -> int:
    """Bytes of a process's address space."""
    return int(Path(f"/proc/{pid}/status").read_text().split("VmSize:")[1].split()[0]) * 1024


class TestAddressSpace:
    """A limit of the address space (`ulimit -v`), which large pictures in parallel reach."""

    def test_whole_pictures_are_never_blamed(self, astronaut: bytes) -> None:
        large = faces.astronaut().resize((2000, 2000))
        pictures = [
            faces.encoded(large, "PNG", compress_level=1),
            faces.encoded(large, "WEBP", lossless=True, method=0),
            faces.encoded(large, "TIFF"),
            faces.encoded(large, "JPEG"),
        ]

        def unreached_limit() -> None:
            resource.setrlimit(resource.RLIMIT_AS, (8 << 30, resource.RLIM_INFINITY))

        with Server(threads="2", preexec=unreached_limit, health_ttl="0.1") as running:
            pid = running.process.pid
            soft, hard = resource.prlimit(pid, resource.RLIMIT_AS)
            alone = [running.extract(picture).body for picture in pictures]
            resource.prlimit(pid, resource.RLIMIT_AS, (sizes(pid) + (HEADROOM << 20), hard))
            answers = list[tuple[int, Response]]()

            def client(first: int) -> None:
                for number in range(first, first + len(pictures)):
                    at = number % len(pictures)
                    with contextlib.suppress(OSError):  # there may be no memory for the connection itself
                        answers.append((at, running.extract(pictures[at])))

            with ThreadPoolExecutor(4) as pool:
                list(pool.map(client, range(4)))
            assert running.process.poll() is None
            assert {answer.status for _, answer in answers} <= {200, 503}
            assert all(answer.body == alone[at] for at, answer in answers if answer.status == 200)
            refusals = [answer for _, answer in answers if answer.status == 503]
            assert all(answer.code == "BPE-001003" and "retry-after" in answer.headers for answer in refusals)
            resource.prlimit(pid, resource.RLIMIT_AS, (sizes(pid), hard))
            refused = running.extract(pictures[0])
            assert (refused.status, refused.code) == (503, "BPE-001003")
            assert metric(running, 'facever_overloads_total{reason="system"}')
            resource.prlimit(pid, resource.RLIMIT_AS, (soft, hard))
            assert [running.extract(picture).body for picture in pictures] == alone
            assert running.extract(pictures[0][:5000]).code == "BPE-002003"
            assert soon(lambda: running.call("GET", "/readyz").status == 200)
            assert metric(running, 'facever_in_flight{lane="inference"}') == 0


MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE, CLONE_NEWNS = 1, 32, 4096, 16384, 1 << 18, 0x20000
_libc = ctypes.CDLL(None, use_errno=True)


def _mount(source: bytes, target: bytes, kind: bytes | None, flags: int, data: bytes | None = None) -> None:
    if _libc.mount(source, target, kind, flags, data):
        raise OSError(ctypes.get_errno(), "mount", os.fsdecode(target))


def no_disk(*, full: bytes = b"") -> None:
    """In a child: its own view of the file systems, read-only. full: a folder on a full file system."""
    if _libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    _mount(b"none", b"/", None, MS_REC | MS_PRIVATE)
    if full:
        _mount(b"none", full, b"tmpfs", 0, b"size=16k")
        with contextlib.suppress(OSError):
            Path(os.fsdecode(full), "filler").write_bytes(bytes(1 << 20))
    _mount(b"/", b"/", None, MS_BIND | MS_REC)
    _mount(b"none", b"/", None, MS_REMOUNT | MS_BIND | MS_RDONLY)
    os.chdir("/")


@pytest.fixture(scope="module")
def may_mount() -> None:
    command = ["unshare", "-m", "sh", "-c", "mount --make-rprivate / && mount -t tmpfs none /tmp"]
    try:
        done = subprocess.run(command, check=False, capture_output=True, timeout=10)
    except OSError as error:
        pytest.skip(f"no unshare: {error}")
    if done.returncode:
        pytest.skip(f"mounting is not permitted here: {done.stderr.decode().strip()}")


@pytest.mark.usefixtures("may_mount")
class TestDisk:
    @pytest.mark.parametrize("arguments", [(), ("--workers", "2")])
    def test_it_serves_on_a_read_only_root_with_a_full_temporary_folder(
        self, arguments: tuple[str, ...], astronaut: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Not /tmp itself: the checkout may lie there.
        for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME"):
            monkeypatch.setenv(name, str(tmp_path) if name == "TMPDIR" else "/nowhere")
        monkeypatch.setenv("PYTHONPATH", str(Path(faceVer.__file__).parents[1]))
        with Server(*arguments, threads="1", preexec=lambda: no_disk(full=os.fsencode(tmp_path))) as running:
            template = running.template(astronaut)
            large = astronaut + bytes(8_000_000)
            assert running.extract(large).body == template
            verified = running.post("verify", [image_part("sample", large), template_part("bio_template", template)])
            assert verified.status == 200
            head = {"Content-Type": "multipart/form-data; boundary=72468"}
            folder = form([image_part("m", large), part("payload", b'{"analyses": [{"type": "quality"}]}')])
            assert running.call("POST", INSTANT, folder, head).status == 200
            if arguments:  # a worker that takes another's place needs no space either
                first = children(running.process.pid)
                os.kill(first[0], signal.SIGKILL)
                assert soon(lambda: len(set(children(running.process.pid)) | set(first)) > 2)
                assert [running.extract(astronaut).status for _ in range(6)] == [200] * 6
            assert running.stop() == 0
            assert not [line for line in running.log if "Traceback" in line]


class TestLog:
    def test_it_serves_when_the_reader_has_closed_the_log(self, astronaut: bytes) -> None:
        """Standard error is a pipe whose reader has gone."""
        reader, writer = os.pipe()

        def deaf() -> None:
            os.dup2(writer, 2)
            os.close(reader)

        with Server(threads="1", preexec=deaf) as running:
            os.close(writer)
            os.close(reader)
            for _ in range(3):
                assert running.extract(astronaut).status == 200
                assert running.extract(b"junk").code == "BPE-002003"
                assert running.call("GET", PATTERN + "health").status == 200
            assert running.stop() == 0

    @pytest.mark.parametrize("arguments", [(), ("--workers", "2")])
    def test_it_serves_while_the_reader_stalls(self, arguments: tuple[str, ...], astronaut: bytes) -> None:
        """Standard error is a pipe that is full: lines are dropped, and counted once the reader continues."""
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_BUF)
        with Server(*arguments, threads="1", log_format="json", preexec=lambda: os.dup2(writer, 2)) as running:
            os.close(writer)
            for _ in range(100):
                assert running.call("GET", "/version").status == 200
            os.read(reader, 2 * PIPE_BUF)
            for _ in range(4):  # two for each worker: one that counts, if the request went to it
                assert running.extract(astronaut).status == 200
            text = os.read(reader, 2 * PIPE_BUF).decode()
            assert re.search(r'^{.*"message": "\d+ log lines were dropped: nobody read standard error"}$', text, re.M)
            for _ in range(100):
                assert running.call("GET", "/version").status == 200
            assert running.stop() == 0
        os.close(reader)


@pytest.fixture
def jumps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds by which the system clock is wrong, as a list of one."""
    real, ahead = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + ahead[0])
    return ahead


YEAR = 365 * 86400.0
WALL_CLOCK = {
    *(
        "observability/access_log.py",
        "observability/metrics.py",
        "jobs/webhook_client.py",
        "domain/clock.py",
    ),
    *("client/response.py", "client/oz/session.py", "http/server/tls.py", "jobs/postgres_queue.py"),
}
"""Modules that may use the system clock: for stamps in logs, metrics, documents and signatures, for Retry-After as a
date, for the time of a job's next try in the database, and for the validity of certificates."""


class TestClock:
    def test_jumps_change_no_response(
        self, engine: FaceEngine, settings: Settings, astronaut: bytes, jumps: list[float]
    ) -> None:
        """Neither templates nor the age of a health check, deadlines or rates depend on the system clock."""
        changed = settings.changed(request_timeout=20.0, rate_limit=1000.0, rate_burst=50, health_ttl=0.05)

        async def main() -> list[tuple[int, bytes]]:
            found = []
            async with TestServer(create_app(changed, engine)) as running, aiohttp.ClientSession() as session:
                url = str(running.make_url("")).rstrip("/")
                for ahead in (0.0, 10 * YEAR, -10 * YEAR, 3600.0, -3600.0):
                    async with session.post(url + PATTERN + "extract", data=jumping(), headers=JPEG) as answer:
                        found.append((answer.status, await answer.read()))
                    async with session.get(url + PATTERN + "health") as answer:
                        found.append((answer.status, await answer.read()))
                    jumps[0] = ahead
            return found

        async def jumping() -> Any:
            """A body during which the clock jumps."""
            yield astronaut[:1000]
            jumps[0] += 5 * YEAR
            await asyncio.sleep(0.06)
            jumps[0] -= 9 * YEAR
            yield astronaut[1000:]

        assert set(asyncio.run(main())) == {(200, engine.extract(astronaut)), (200, b'{"status": 0, "message": ""}')}

    def test_only_stamps_use_it(self) -> None:
        """Waiting, expiry and measurement use a monotonic clock."""
        root, users = Path(faceVer.__file__).parent, set()
        for path in root.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                named = isinstance(node, ast.Attribute) and ast.unparse(node) in (
                    "time.time", "time.time_ns", "datetime.now", "datetime.datetime.now", "datetime.utcnow",
                )  # fmt: skip
                imported = (
                    isinstance(node, ast.ImportFrom)
                    and node.module == "time"
                    and {"time", "time_ns"} & {name.name for name in node.names}
                )
                if named or imported:
                    users.add(str(path.relative_to(root)))
        assert users <= WALL_CLOCK


def test_an_incomplete_request_ends_with_its_client(astronaut: bytes) -> None:
    """Clients that disconnect at any point leave nothing behind."""
    with Server(threads="1", max_queue="0") as running:
        with wire(running) as kept:
            for cut in (10, 60, 200, 5000, len(astronaut)):
                head = f"POST {PATTERN}extract HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
                whole = f"{head}Content-Length: {len(astronaut)}\r\n\r\n".encode() + astronaut
                with wire(running) as sock:
                    sock.sendall(whole[:cut])
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
            assert soon(lambda: running.extract(astronaut).status == 200)
            kept.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
            assert read_response(kept).status == 200
        assert soon(lambda: metric(running, "facever_connections") <= 1)  # the one that reads the metrics
        assert metric(running, 'facever_in_flight{lane="inference"}') == 0
        assert not [line for line in running.log if "Traceback" in line]
