"""Helpers under the limits of the kernel, with a decoder that misbehaves; what the server makes of their replies."""

from __future__ import annotations

import mmap
import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest

from faceVer.domain.errors import SampleError, SandboxBusyError, SetupError, TooLargeError
from faceVer.domain.values import Frame
from faceVer.media.limits import MediaLimits, PixelBudget
from faceVer.media.medium import Medium, decode_medium
from faceVer.media.sandbox import launch, messages
from faceVer.media.sandbox.confinement import filter_library
from faceVer.media.sandbox.plan import MIB, SandboxPlan
from faceVer.media.sandbox.pool import Sandbox
from tests import support_faces as faces

PLAN = SandboxPlan(helpers=1, large=700 * MIB, result=80 * MIB, picture_seconds=1, media_seconds=1)
LIMITS = MediaLimits()
ROOT = Path(__file__).parents[3]
needs_filter = pytest.mark.skipif(filter_library() is None, reason="libseccomp is not installed")


@pytest.fixture(scope="module")
def faulty() -> Iterator[Sandbox]:
    """A sandbox whose decoder is that of decoder_faults.py."""
    own = f"sys.path.append({str(ROOT)!r}); import tests.unit.media.decoder_faults; main("
    sandbox = Sandbox(PLAN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "_START", launch._START.replace("main(", own))
        assert outcome(sandbox, "fine")
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(replace(PLAN, picture_seconds=20))
    yield sandbox
    sandbox.close()


def outcome(sandbox: Sandbox, fault: str) -> bool:
    """Whether the decoder of decoder_faults.py found everything as it should be."""
    return bool(sandbox.decode(fault.encode(), "image", LIMITS, 1).frames[0].image.all())


@pytest.mark.parametrize("fault", ["reject", "defect", "crash", "abort", "hang", "giant", "long result", "no thread"])
def test_a_file_that_a_decoder_cannot_bear_is_unreadable(faulty: Sandbox, fault: str) -> None:
    with pytest.raises(SampleError):
        outcome(faulty, fault)
    assert outcome(faulty, "fine")


def test_a_helper_that_ends_by_itself_is_the_servers_lack(faulty: Sandbox) -> None:
    with pytest.raises(SandboxBusyError):
        outcome(faulty, "leave")
    assert outcome(faulty, "fine")


def test_a_helper_that_does_nothing_is_given_up(faulty: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "_PATIENCE", 0.5)
    with pytest.raises(SampleError, match="too long"):
        outcome(faulty, "sleep")
    assert outcome(faulty, "fine")


@pytest.mark.parametrize("size", ["ordinary", "large"])
def test_a_file_gets_as_much_memory_as_it_needs(faulty: Sandbox, size: str) -> None:
    assert outcome(faulty, size)


@needs_filter
@pytest.mark.parametrize(
    "attempt", ["read a file", "write a file", "list a folder", "open a socket", "fork", "execute", "start a program",
                "kill the parent", "kill by thread", "limits of others"],
)  # fmt: skip
def test_a_helper_can_only_compute(faulty: Sandbox, attempt: str) -> None:
    assert outcome(faulty, attempt)


def test_without_libseccomp_the_limits_still_hold(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    start = launch._START.replace(
        "main(", "from faceVer.media.sandbox import confinement; confinement.filter_library = lambda: None; main("
    )
    monkeypatch.setattr(launch, "_START", start)
    sandbox = Sandbox(PLAN)
    try:
        sandbox.start()
        assert "no filter of system calls" in caplog.text
        photo = faces.jpeg(faces.astronaut(), progressive=True)
        assert sandbox.decode(photo, "image", LIMITS, 1920).width == faces.astronaut().width
    finally:
        sandbox.close()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
@pytest.mark.parametrize("side", [64, 1920])
def test_the_pixels_are_those_of_this_process(sandbox: Sandbox, kind: str, side: int) -> None:
    data = faces.encoded(faces.astronaut(), kind)
    here, there = decode_medium(data, "image", LIMITS, side), sandbox.decode(data, "image", LIMITS, side)
    assert np.array_equal(here.frames[0].image, there.frames[0].image)
    assert (here.width, here.height, here.duration, here.fps) == (there.width, there.height, there.duration, there.fps)


def test_the_budget_of_a_request_is_spent(sandbox: Sandbox) -> None:
    picture = faces.astronaut()
    budget = PixelBudget(2 * picture.width * picture.height)
    limits, data = replace(LIMITS, budget=budget), faces.encoded(picture, "WEBP")
    for left in (1, 0):
        sandbox.decode(data, "image", limits, 1920)
        assert budget.left == left * picture.width * picture.height
    with pytest.raises(TooLargeError, match="pixels together"):
        sandbox.decode(data, "image", limits, 1920)


def test_a_sandbox_that_does_not_work_stops_the_start(faulty: Sandbox) -> None:
    with pytest.raises(SetupError, match="sandbox"):
        faulty.start()  # its decoder knows no GIF


def test_a_sandbox_without_processes_is_tried_again(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    empty = Sandbox(PLAN)
    with monkeypatch.context() as patch:
        patch.setattr(launch.subprocess, "Popen", no_process)
        empty.start()
        with pytest.raises(SandboxBusyError):
            empty.decode(b"GIF89a", "image", LIMITS, 1)
    empty.start()
    empty.close()


def no_process(*_: Any, **__: Any) -> None:
    raise BlockingIOError("no more processes")


MEDIUM = Medium([Frame(np.arange(24, dtype=np.uint8).reshape(2, 4, 3), 3, 0.5, "a\udcff.png")], 4, 2, 1.5, 2.0)


def received(about: list[Any] | None = None, *, pixels: int = 24, seal: bool = True, cut: int = 0) -> Any:
    """What the server makes of a reply with other contents than it should have."""
    text = msgpack.packb(about if about is not None else [4, 2, None, None, 0, [[2, 4, 0, 0.0, ""]]])
    file = os.memfd_create("test", os.MFD_ALLOW_SEALING)
    try:
        os.write(file, bytes(24) + text)
        os.ftruncate(file, 24 + len(text) - cut)
        if seal:
            messages.fcntl.fcntl(file, messages.fcntl.F_ADD_SEALS, messages._SEALS)
        return launch._outcome({"pixels": pixels, "about": len(text)}, [file])
    finally:
        os.close(file)


def test_a_result_arrives_as_it_was() -> None:
    reply, file = messages.share(MEDIUM, 7)
    try:
        medium, spent = launch._outcome(reply, [file])
    finally:
        os.close(file)
    (frame,) = medium.frames
    assert np.array_equal(frame.image, MEDIUM.frames[0].image)
    assert (frame.index, frame.time, frame.name) == (3, 0.5, "a?.png")
    assert (medium.width, medium.height, medium.duration, medium.fps, spent) == (4, 2, 1.5, 2.0, 7)
    with pytest.raises(ValueError, match="read-only"):
        frame.image[:] = 0
    assert received()[0].width == 4


ROW, OTHER = [2, 4, 0, 0.0, ""], [4, 2, None, None, 0]


@pytest.mark.parametrize(
    "changes",
    [
        *({"seal": False}, {"cut": 1}, {"pixels": 25}, {"pixels": 0}, {"pixels": -3}, {"about": []}),
        *(
            {"about": [*OTHER, rows]}
            for rows in ([], [[2, 5, *ROW[2:]]], [[-2, -4, *ROW[2:]]], [[0, *ROW[1:]]], [["x"]])
        ),
        {"about": ["x", *OTHER[1:], [ROW]]},
    ],
)
def test_a_helper_that_lies_is_not_believed(changes: dict[str, Any]) -> None:
    with pytest.raises(SampleError, match="damaged"):
        received(**changes)


@pytest.mark.parametrize("reply", [{}, {"pixels": 24}, {"pixels": "x", "about": 1}, {"other": 1}])
def test_a_reply_without_pixels_is_not_believed(reply: dict[str, Any]) -> None:
    with pytest.raises(SampleError, match="damaged"):
        launch._outcome(reply, [])


@pytest.mark.parametrize(
    "message", [b"junk", b"\xff" * 4000, msgpack.packb([1]), msgpack.packb({"pixels": [], "about": 1})]
)
def test_a_helper_that_says_something_else_is_not_believed(message: bytes) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    helper = launch.Helper(ours)
    with theirs:
        theirs.send(message)
        with pytest.raises(SampleError, match="damaged"):
            helper.decode(messages.Job("image", 1, LIMITS, None, MIB, MIB, 1.0), b"GIF89a")
    assert helper.is_lost
    helper.close()


def test_sealed_memory_cannot_be_changed() -> None:
    _, file = messages.share(MEDIUM, 0)
    try:
        with pytest.raises(PermissionError):
            os.write(file, b"x")
        with pytest.raises(PermissionError):
            os.ftruncate(file, 1)
        with pytest.raises(PermissionError):
            mmap.mmap(file, 24, mmap.MAP_SHARED, mmap.PROT_WRITE)
    finally:
        os.close(file)
