"""The backend before a server that computes with ONNX Runtime, raw tensors included, and makes faults on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from faceVer.domain.errors import InferenceError, SetupError
from faceVer.inference.known_answer import load_model, ramps
from faceVer.inference.manifest import load_manifest, weights_folder
from faceVer.inference.onnx import OnnxBackend
from faceVer.inference.opening import can_fork, open_backend
from faceVer.inference.remote import backend as remote
from faceVer.inference.remote import channel
from faceVer.settings.model import REMOTE_THREADS, Settings

MANIFEST = load_manifest(weights_folder(""))
SPEC = MANIFEST.models["minifasnet"]
PATIENCE = 60.0
"""Seconds of a call that must succeed, also on a busy machine."""
FAULTS = ("cut", "garbage", "status", "long", "head", "drip", "chunks")


class Fleet(ThreadingHTTPServer):
    """Serves one model. fault: of the answers to inferences, "" = none."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fault, self.binary, self.calls, self.ended = "", True, 0, threading.Event()
        self.model = OnnxBackend(("CPUExecutionProvider",))
        self.signature = self.model.load("model", weights_folder("") / SPEC.file)
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Fleet
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/v2":
            return self.answer({"name": "f", "version": "1", "extensions": ["binary_tensor_data"] * self.server.binary})
        assert self.path == f"/v2/models/{SPEC.identity}"
        sides = self.server.signature.inputs, self.server.signature.outputs
        tensors = [[{"name": n, "shape": list(s), "datatype": "FP32"} for n, s in side.items()] for side in sides]
        return self.answer({"inputs": tensors[0], "outputs": tensors[1]})

    def do_POST(self) -> None:
        self.server.calls += 1
        body, fault = self.rfile.read(int(self.headers["Content-Length"])), self.server.fault
        length = int(self.headers.get("Inference-Header-Content-Length", len(body)))
        (tensor,) = json.loads(body[:length])["inputs"]
        values = np.frombuffer(body[length:], "<f4") if self.server.binary else np.array(tensor["data"], "<f4")
        found = self.server.model.infer("model", {tensor["name"]: values.astype(np.float32).reshape(tensor["shape"])})
        heads = [{"name": n, "shape": list(a.shape), "datatype": "FP32"} for n, a in found.items()]
        for head, array in zip(heads, found.values(), strict=True):
            if self.server.binary:
                head["parameters"] = {"binary_data_size": array.nbytes}
            else:
                head["data"] = array.ravel().tolist()
        raw = b"".join(array.tobytes() for array in found.values()) if self.server.binary else b""
        if fault in ("drip", "chunks"):
            return self.endless(fault)
        return self.answer({"outputs": heads}, raw, fault)

    def endless(self, fault: str) -> None:
        """Headers that never end, or a body that does not."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"Transfer-Encoding: chunked\r\n\r\n" if fault == "chunks" else b""))
        self.close_connection = True
        try:
            while not self.server.ended.wait(0.05 if fault == "drip" else 0):
                self.wfile.write(b"X: y\r\n" if fault == "drip" else b"10000\r\n" + b" " * 65536 + b"\r\n")
        except OSError:
            pass

    def answer(self, document: Any, raw: bytes = b"", fault: str = "") -> None:
        head = b"<secret>" if fault == "garbage" else json.dumps(document).encode()
        body = head + raw
        self.send_response_only(500 if fault == "status" else 200)
        if raw:
            self.send_header("Inference-Header-Content-Length", str(len(head) + (fault == "head") * 9))
        self.send_header("Content-Length", str(1 << 40 if fault == "long" else len(body) + (fault == "cut")))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection |= fault in ("cut", "long")

    def log_message(self, *_: object) -> None:
        """The test run's output is for test results."""


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with Fleet() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.ended.set()
        server.shutdown()


@pytest.fixture
def backend(fleet: Fleet) -> Iterator[remote.RemoteBackend]:
    made = remote.RemoteBackend(fleet.url, MANIFEST.models, PATIENCE)
    yield made
    made.close()


ITEM = {"input": ramps((1, 3, 128, 128), SPEC.input)}


@pytest.mark.parametrize("binary", [True, False])
def test_answers_are_those_of_the_runtime(fleet: Fleet, backend: remote.RemoteBackend, binary: bool) -> None:
    fleet.binary = binary
    model = load_model(MANIFEST, SPEC, backend)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: model.run(ITEM["input"])[0], range(40)))
    expected = fleet.model.infer("model", ITEM)["output"]
    assert all(np.array_equal(one, expected) for one in found)
    assert found[0].flags.writeable


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_an_inference_error_and_ends(
    monkeypatch: pytest.MonkeyPatch, fleet: Fleet, backend: remote.RemoteBackend, fault: str
) -> None:
    monkeypatch.setattr(channel, "MOST_BYTES", 1 << 20)
    monkeypatch.setattr(remote, "PAUSE", 0.0)
    model = load_model(MANIFEST, SPEC, backend)
    fleet.fault, backend._seconds = fault, 0.5
    for _ in range(5):
        with pytest.raises(InferenceError) as raised:
            model.run(ITEM["input"])
        assert "secret" not in str(raised.value)
        assert raised.value.exposed == ""
    fleet.fault, backend._seconds = "", PATIENCE
    np.testing.assert_array_equal(model.run(ITEM["input"])[0], fleet.model.infer("model", ITEM)["output"])


def test_calls_fail_at_once_while_the_server_fails(
    monkeypatch: pytest.MonkeyPatch, fleet: Fleet, backend: remote.RemoteBackend
) -> None:
    monkeypatch.setattr(remote, "PAUSE", 3600.0)
    model = load_model(MANIFEST, SPEC, backend)
    fleet.fault, before = "status", fleet.calls
    for _ in range(20):
        with pytest.raises(InferenceError):
            model.run(ITEM["input"])
    assert fleet.calls == before + remote.FAILURES


def test_a_lost_connection_is_followed_by_the_known_answer_test(fleet: Fleet, backend: remote.RemoteBackend) -> None:
    model = load_model(MANIFEST, SPEC, backend)
    fleet.fault = "cut"
    with pytest.raises(InferenceError):
        model.run(ITEM["input"])
    fleet.fault, before = "", fleet.calls
    model.run(ITEM["input"])
    assert fleet.calls == before + 2
    model.run(ITEM["input"])
    assert fleet.calls == before + 3


def test_a_model_that_was_swapped_meanwhile_is_not_used(
    monkeypatch: pytest.MonkeyPatch, fleet: Fleet, backend: remote.RemoteBackend
) -> None:
    monkeypatch.setattr(remote, "PAUSE", 0.0)
    model = load_model(MANIFEST, SPEC, backend)
    right = fleet.model
    monkeypatch.setattr(fleet, "model", type("Swapped", (), {"infer": lambda *_: {"output": np.ones((1, 3), "<f4")}}))
    backend._channel.lost = True
    for _ in range(3):
        with pytest.raises(InferenceError, match="not the model of the manifest"):
            model.run(ITEM["input"])
    fleet.model = right
    assert model.run(ITEM["input"])[0].shape == (1, 3)


def test_a_server_that_is_away_stops_the_start(fleet: Fleet) -> None:
    fleet.server_close()
    with pytest.raises(SetupError, match="does not serve minifasnet"):
        load_model(MANIFEST, SPEC, remote.RemoteBackend("http://127.0.0.1:1", MANIFEST.models, 0.5))


@pytest.mark.parametrize(
    "url",
    ["grpc://h:1", "https://h:1", "http://h", "http://h:1/x", "http://h:99999", "http://u@h:1", "h", "http://[:1"],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(SetupError, match="must be http://host:port"):
        open_backend(Settings.of(inference_url=url))


def test_the_settings_choose_it() -> None:
    settings = Settings.of(inference_url="http://127.0.0.1:1")
    assert isinstance(open_backend(settings), remote.RemoteBackend)
    assert can_fork(settings)
    assert (settings.threads, settings.changed(threads=3).threads, Settings().threads) == (REMOTE_THREADS, 3, 0)
    for changed in (settings.changed(device="cuda"), settings.changed(batch_items=4)):
        with pytest.raises(SetupError, match="the server has the device"):
            open_backend(changed)
    with pytest.raises(SetupError, match="a pack of the manifest"):
        open_backend(settings.changed(pack="./x"))
