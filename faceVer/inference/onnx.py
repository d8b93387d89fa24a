"""The only maker of ONNX Runtime sessions, and the one place where an inference failure gets its name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from faceVer.domain.errors import InferenceError, SetupError

onnxruntime.set_default_logger_severity(3)

RUNTIME = f"onnxruntime {onnxruntime.__version__}"


def session_options() -> onnxruntime.SessionOptions:
    """One thread per inference: requests are what runs in parallel, and one thread gives the same bits every time."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # Shapes vary from request to request; the pattern planner would keep a plan and a buffer for each of them.
    options.enable_mem_pattern = False
    return options


def check_providers(providers: tuple[str, ...]) -> list[str]:
    """The providers as a list; SetupError where this build of ONNX Runtime lacks one."""
    available = onnxruntime.get_available_providers()
    missing = [name for name in providers if name not in available]
    if missing or not providers:
        raise SetupError(
            f"execution provider {', '.join(missing) or '(none)'} is not in this build of ONNX Runtime; "
            f"it has {', '.join(available)}"
        )
    return list(providers)


class Session:
    """An ONNX model ready to run, shared by all threads.

    run() takes {input name: array} and gives the outputs in the file's order; anything the runtime raises becomes
    InferenceError.
    """

    def __init__(self, path: Path, providers: tuple[str, ...]) -> None:
        names = check_providers(providers)
        try:
            self._session = onnxruntime.InferenceSession(str(path), session_options(), providers=names)
        except Exception as error:  # the runtime's exceptions have no common base
            raise SetupError(f"ONNX Runtime cannot load {path.name}: {error}") from error
        self.inputs: Mapping[str, list[int | str]] = {i.name: i.shape for i in self._session.get_inputs()}
        self.outputs: list[list[int | str]] = [o.shape for o in self._session.get_outputs()]
        self._first = next(iter(self.inputs))

    def run(self, tensor: NDArray[np.float32]) -> list[NDArray[Any]]:
        """Feed the first input; the outputs in order. Raises InferenceError."""
        try:
            return self._session.run(None, {self._first: tensor})  # type: ignore[no-any-return]
        except Exception as error:
            raise InferenceError(f"{type(error).__name__}: {error}") from error
