"""The decoding sandbox of a real server: what a lost helper, a lost fork server and a stop do to requests."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from tests import support_faces as faces
from tests.support_processes import children
from tests.support_server import Server

PHOTO = faces.jpeg(faces.astronaut(), progressive=True)
WAIT = 20.0
"""Seconds after which a state that does not come is a failure."""


def fork_server(running: Server) -> int:
    (found,) = children(running.process.pid)
    return found


def helpers(running: Server) -> list[int]:
    return children(fork_server(running))


def until(state: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT
    while not state():
        assert time.monotonic() < end, "the state does not come"
        time.sleep(0.02)


def ended(process: int) -> bool:
    """Whether a process has ended, buried or not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except OSError:
        return True


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with Server(threads="2") as server:
        yield server


@pytest.fixture(scope="module")
def template(running: Server) -> bytes:
    return running.template(PHOTO)


def test_a_file_of_the_sandbox_has_the_template_of_the_same_pixels(running: Server, template: bytes) -> None:
    assert running.template(faces.encoded(Image.open(io.BytesIO(PHOTO)), "PNG")) == template


def test_a_killed_helper_costs_nothing(running: Server, template: bytes) -> None:
    killed = helpers(running)
    for process in killed:
        os.kill(process, signal.SIGKILL)
    until(lambda: not set(killed) & set(helpers(running)))
    assert running.template(PHOTO) == template


def test_a_killed_fork_server_costs_nothing(running: Server, template: bytes) -> None:
    first = fork_server(running)
    os.kill(first, signal.SIGKILL)
    until(lambda: ended(first))
    statuses = [running.extract(PHOTO).status for _ in range(2)]
    assert set(statuses) <= {200, 503}
    assert statuses[-1] == 200
    assert running.template(PHOTO) == template
    assert fork_server(running) != first


def test_helpers_cannot_be_stopped_by_the_signals_of_the_server(running: Server, template: bytes) -> None:
    """systemd sends SIGTERM to all processes of a unit, a terminal SIGINT; requests that run need the helpers."""
    running.template(PHOTO)
    before = [fork_server(running), *helpers(running)]
    for process in before:
        os.kill(process, signal.SIGTERM)
        os.kill(process, signal.SIGINT)
    assert running.template(PHOTO) == template
    assert [fork_server(running), *helpers(running)] == before


def test_a_hung_helper_is_killed_when_its_client_has_gone() -> None:
    with Server(threads="1", request_timeout="3") as running:
        running.template(PHOTO)
        (helper,) = helpers(running)
        os.kill(helper, signal.SIGSTOP)
        assert running.extract(PHOTO).status == 503
        until(lambda: ended(helper))
        assert running.extract(PHOTO).status == 200


def test_plain_pictures_do_not_wait_for_the_sandbox() -> None:
    plain = faces.jpeg(faces.astronaut())
    with Server(threads="1", max_queue="1", request_timeout="60") as running, ThreadPoolExecutor(3) as pool:
        running.template(PHOTO)
        (helper,) = helpers(running)
        os.kill(helper, signal.SIGSTOP)
        waiting = [pool.submit(running.extract, PHOTO) for _ in range(2)]
        until(lambda: b'facever_in_flight{lane="media"} 2.0' in running.call("GET", "/metrics").body)
        assert running.extract(PHOTO).status == 503
        assert running.extract(plain).status == 200
        os.kill(helper, signal.SIGCONT)
        assert [future.result().status for future in waiting] == [200, 200]


def test_helpers_do_not_know_the_servers_secrets() -> None:
    with Server(template_key="ab" * 32) as running:
        assert running.extract(PHOTO).status == 200
        processes = [fork_server(running), *helpers(running)]
        known = [Path(f"/proc/{process}/environ").read_bytes() for process in processes]
    assert len(known) == 2
    assert not any(b"FACEVER" in one or b"abab" in one for one in known)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_server(how: signal.Signals) -> None:
    with Server(threads="2") as running:
        running.template(PHOTO)
        processes = [fork_server(running), *helpers(running)]
        os.kill(running.process.pid, how)
        until(lambda: all(map(ended, processes)))


def test_each_worker_has_a_sandbox(template: bytes) -> None:
    with Server("--workers", "2", threads="1") as running:
        assert [running.template(PHOTO) for _ in range(8)] == [template] * 8
        assert [len(children(worker)) for worker in children(running.process.pid)] == [1, 1]


def test_without_the_sandbox_the_answers_are_the_same(template: bytes) -> None:
    with Server(sandbox="false") as running:
        assert running.template(PHOTO) == template
        assert children(running.process.pid) == []
