"""The ONNX Runtime backend: the only code that makes its sessions and maps its failures to InferenceError."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnxruntime
from numpy.typing import NDArray

from faceVer.domain.errors import InferenceError, SetupError
from faceVer.inference.backend import Signature, Tensors
from faceVer.inference.providers import CPU, check_available, check_used, parse_providers
from faceVer.observability.shortage import tells_of_shortage

onnxruntime.set_default_logger_severity(3)

RUNTIME = f"onnxruntime {onnxruntime.__version__}"


def session_options() -> onnxruntime.SessionOptions:
    """One thread per inference: requests run in parallel, and one thread gives the same bits every time."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # Shapes vary from request to request; the pattern planner would keep a plan and a buffer for each of them.
    options.enable_mem_pattern = False
    return options


class OnnxBackend:
    """Sessions of ONNX Runtime in this process. See `Backend`."""

    def __init__(self, providers: Sequence[str]) -> None:
        """providers: FACEVER_PROVIDERS. Raises SetupError where one is malformed or not in this build."""
        self._providers = parse_providers(providers)
        check_available(self._providers, onnxruntime.get_available_providers())
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}
        self._outputs: dict[str, tuple[str, ...]] = {}

    @property
    def runtime(self) -> str:
        devices = [name for name in self.providers if name != CPU]
        return f"{RUNTIME} ({', '.join(devices)})" if devices else RUNTIME

    @property
    def providers(self) -> tuple[str, ...]:
        used = {name for session in self._sessions.values() for name in session.get_providers()}
        return tuple(provider.name for provider in self._providers if provider.name in used)

    def load(self, model: str, path: Path) -> Signature:
        try:
            session = onnxruntime.InferenceSession(
                str(path),
                session_options(),
                providers=[provider.name for provider in self._providers],
                provider_options=[provider.options for provider in self._providers],
                # Otherwise Python replaces a provider that fails, at the start or in any later run, by the CPU.
                enable_fallback=0,
            )
        except Exception as error:  # the runtime's exceptions have no common base
            raise SetupError(f"ONNX Runtime cannot load {path.name}: {error}") from error
        # The native code replaces providers, too: those whose libraries it cannot load.
        check_used(self._providers, session.get_providers(), path.name)
        inputs = {one.name: tuple(one.shape) for one in session.get_inputs()}
        outputs = {one.name: tuple(one.shape) for one in session.get_outputs()}
        self._sessions[model], self._outputs[model] = session, tuple(outputs)
        return Signature(inputs, outputs)

    def unload(self, model: str) -> None:
        del self._sessions[model], self._outputs[model]

    def infer(self, model: str, inputs: Tensors) -> dict[str, NDArray[Any]]:
        try:
            outputs = self._sessions[model].run(None, dict(inputs))
        except Exception as error:
            if tells_of_shortage(error):
                raise MemoryError("the runtime got no memory") from None
            raise InferenceError(f"{type(error).__name__}: {error}") from error
        return dict(zip(self._outputs[model], outputs, strict=True))
