"""The ONNX Runtime backend: the only maker of its sessions, and where an inference failure gets its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnxruntime
from numpy.typing import NDArray

from faceVer.domain.errors import InferenceError, SetupError
from faceVer.inference.backend import Signature, Tensors
from faceVer.inference.providers import CPU, check_available, check_used, parse_providers

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
        """providers: the setting's. Raises SetupError where one is malformed or not in this build."""
        self._configured = parse_providers(providers)
        check_available(self._configured, onnxruntime.get_available_providers())
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}
        self._used: dict[str, None] = {}
        self._outputs: dict[str, list[str]] = {}

    @property
    def runtime(self) -> str:
        device = [name for name in self.providers if name != CPU]
        return f"{RUNTIME} ({device[0]})" if device else RUNTIME

    @property
    def providers(self) -> tuple[str, ...]:
        return tuple(self._used)

    def load(self, model: str, path: Path) -> Signature:
        try:
            session = onnxruntime.InferenceSession(
                str(path),
                session_options(),
                providers=[provider.name for provider in self._configured],
                provider_options=[provider.options for provider in self._configured],
            )
        except Exception as error:  # the runtime's exceptions have no common base
            raise SetupError(f"ONNX Runtime cannot load {path.name}: {error}") from error
        used = session.get_providers()
        check_used(self._configured, used, path.name)
        configured = [provider.name for provider in self._configured]
        self._used |= dict.fromkeys(name for name in used if name in configured)
        self._sessions[model] = session
        outputs = {output.name: tuple(output.shape) for output in session.get_outputs()}
        self._outputs[model] = list(outputs)
        return Signature({one.name: tuple(one.shape) for one in session.get_inputs()}, outputs)

    def infer(self, model: str, inputs: Tensors) -> dict[str, NDArray[Any]]:
        try:
            outputs = self._sessions[model].run(None, dict(inputs))
        except Exception as error:
            raise InferenceError(f"{type(error).__name__}: {error}") from error
        return dict(zip(self._outputs[model], outputs, strict=True))
