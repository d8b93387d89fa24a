"""Models on an inference server. A start, and each recovery, needs the right answer of every model."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from numpy.typing import NDArray

from faceVer.domain.errors import InferenceError, SetupError
from faceVer.inference.backend import LoadedModel, Shape, Signature, Tensors
from faceVer.inference.known_answer import check_known_answer
from faceVer.inference.onnx import OnnxBackend
from faceVer.inference.providers import CPU
from faceVer.inference.remote import messages
from faceVer.inference.remote.channel import Channel, ChannelError
from faceVer.inference.specs import ModelSpec

FAILURES = 3
"""So many calls in a row without an answer, and further ones fail at once."""
PAUSE = 1.0
"""Seconds for which they do; then the next call tests the models."""


class RemoteBackend:
    """An Open Inference Protocol server. See `Backend`; `infer` fails at once while the server does not answer.

    url: http://host:port. specs: the manifest's models by name; the server knows each by its `identity`. seconds: of a
    call, at most.
    """

    def __init__(self, url: str, specs: Mapping[str, ModelSpec], seconds: float) -> None:
        host, port = address(url)
        self._place, self._specs, self._seconds = f"{host}:{port}", specs, seconds
        self._channel = Channel(host, port)
        self._loaded: dict[str, Signature] = {}
        self._runtime, self._binary = "", False
        self._testing = threading.Lock()
        self._failures, self._closed_until, self._proved = 0, 0.0, True

    @property
    def runtime(self) -> str:
        return f"remote {self._runtime or 'inference server'}"

    @property
    def providers(self) -> tuple[str, ...]:
        return ("remote",)

    def load(self, model: str, path: Path) -> Signature:
        if model not in self._specs:
            raise SetupError(f"{model}: remote inference takes models of the manifest, not of a folder")
        local = OnnxBackend((CPU,))
        expected = local.load(model, path)
        local.unload(model)
        try:
            if not self._loaded:
                self._greet()
            document = messages.read_object(self._get(self._path(model)))
            found = messages.read_signature(document)
        except (ChannelError, messages.ProtocolError) as error:
            raise SetupError(
                f"the inference server {self._place} does not serve {self._specs[model].identity}: {error}"
            ) from error
        check_same(self._specs[model].identity, expected, found)
        self._channel.lost = False
        self._loaded[model] = Signature(found.inputs, {name: found.outputs[name] for name in expected.outputs})
        return self._loaded[model]

    def warm(self, model: str) -> Signature:
        return self._loaded[model]

    def unload(self, model: str) -> None:
        """Forget it; the server keeps it."""
        del self._loaded[model]

    def infer(self, model: str, inputs: Tensors) -> dict[str, NDArray[Any]]:
        """Raises InferenceError."""
        self._admit()
        return self._call(model, inputs)

    def close(self) -> None:
        self._channel.close()

    def _greet(self) -> None:
        """What the server is and can do. Raises ChannelError, ProtocolError."""
        document = messages.read_object(self._get("/v2"))
        name, version, extensions = (document.get(key) for key in ("name", "version", "extensions"))
        self._runtime = f"{str(name)[:40]} {str(version)[:20]}"
        self._binary = isinstance(extensions, list) and messages.BINARY in extensions

    def _get(self, path: str) -> bytes:
        answer = self._channel.call("GET", path, b"", {}, self._seconds)
        if answer.status != 200:
            raise ChannelError(f"HTTP status {answer.status}")
        return answer.body

    def _path(self, model: str) -> str:
        return f"/v2/models/{quote(self._specs[model].identity, safe='')}"

    def _admit(self) -> None:
        """Test the models first where the server was lost or a connection was. Raises InferenceError."""
        self._channel.look()
        if self._proved and not self._channel.lost:
            return
        # While the server is known to fail nobody waits for the one who tests it.
        patience = self._seconds if self._proved else 0
        if time.monotonic() < self._closed_until or not self._testing.acquire(timeout=patience):
            raise InferenceError(f"the inference server {self._place} does not answer")
        try:
            if self._proved and not self._channel.lost:
                return  # another thread tested them meanwhile
            self._test()
        finally:
            self._testing.release()

    def _test(self) -> None:
        """The known-answer test of all models. Raises InferenceError."""
        try:
            self._greet()
            for model, signature in self._loaded.items():
                check_known_answer(LoadedModel(_Untested(self), model, signature), self._specs[model])
        except (ChannelError, messages.ProtocolError, SetupError) as error:
            self._proved, self._closed_until = False, time.monotonic() + PAUSE
            raise InferenceError(f"the inference server {self._place} failed its test: {error}") from error
        self._proved, self._channel.lost, self._failures = True, False, 0

    def _call(self, model: str, inputs: Tensors) -> dict[str, NDArray[Any]]:
        outputs = tuple(self._loaded[model].outputs)
        rows = len(next(iter(inputs.values())))
        body, headers = messages.encode(inputs, outputs, binary=self._binary)
        try:
            answer = self._channel.call("POST", f"{self._path(model)}/infer", body, headers, self._seconds)
            if answer.status != 200:  # what the server says may hold anything: it is not repeated
                raise ChannelError(f"HTTP status {answer.status}")
            found = messages.decode(answer.body, answer.head_length, outputs, rows)
        except (ChannelError, messages.ProtocolError) as error:
            self._failures += 1
            if self._failures >= FAILURES:
                self._proved, self._closed_until = False, time.monotonic() + PAUSE
            raise InferenceError(f"{model} on {self._place}: {error}") from error
        self._failures = 0
        return dict(found)


class _Untested:
    """The backend for its own test, which must reach the server."""

    def __init__(self, backend: RemoteBackend) -> None:
        self._backend = backend

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def infer(self, model: str, inputs: Tensors) -> dict[str, NDArray[Any]]:
        return self._backend._call(model, inputs)


def address(url: str) -> tuple[str, int]:
    """Host and port of http://host:port. Raises SetupError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port or parts.scheme != "http" or parts.path not in ("", "/") or parts.query or parts.username:
        raise SetupError("FACEVER_INFERENCE_URL must be http://host:port (REST; gRPC is not spoken)")
    return host, port


def check_same(name: str, expected: Signature, found: Signature) -> None:
    """Raises SetupError unless the server's tensors can be used as the file's. Batch axes may differ."""
    sides = ((expected.inputs, found.inputs), (expected.outputs, found.outputs))
    if set(expected.inputs) == set(found.inputs) and all(
        name in there and _fits(shape, there[name]) for here, there in sides for name, shape in here.items()
    ):
        return
    raise SetupError(f"{name} on the inference server has other inputs or outputs than the file of the manifest")


def _fits(here: Shape, there: Shape) -> bool:
    """A free axis here must be free there; of outputs, an axis may be free there."""
    return len(here) == len(there) and all(
        far is None or (isinstance(near, int) and near == far) for near, far in zip(here[1:], there[1:], strict=True)
    )
