"""A real MLServer for the tests, in a process and an environment of its own, with the models of an export."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Self

import pytest

from tests.support_postgres import end_with_parent

PROGRAM = Path(__file__).parents[1] / ".venv-mlserver" / "bin" / "mlserver"
RUNTIME = Path(__file__).parent / "remote" / "onnx_runtime.py"
START_SECONDS = 90.0


class ModelServer:
    """MLServer on a repository that `facever weights export --triton` wrote; may be started again."""

    def __init__(self, folder: Path) -> None:
        if not PROGRAM.exists():
            pytest.skip("MLServer is not installed; `make test-remote` installs it")
        self.folder = folder
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
        http, grpc, metrics = (one.getsockname()[1] for one in sockets)
        for one in sockets:
            one.close()
        self.url = f"http://127.0.0.1:{http}"
        shutil.copy(RUNTIME, folder)
        ports = {"http_port": http, "grpc_port": grpc, "metrics_port": metrics}
        settings = {"host": "127.0.0.1", "parallel_workers": 0, "debug": False, **ports}
        (folder / "settings.json").write_text(json.dumps(settings))
        for file in folder.glob("*/1/model.onnx"):
            model = file.parents[1]
            parameters = {"uri": str(file)}
            text = {"name": model.name, "implementation": "onnx_runtime.OnnxModel", "parameters": parameters}
            (model / "model-settings.json").write_text(json.dumps(text))

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [PROGRAM, "start", str(self.folder)],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/v2/health/ready").close()
                return self
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError("MLServer did not start")
            time.sleep(0.1)

    def __exit__(self, *_: object) -> None:
        self.signal(signal.SIGKILL)
        self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)
