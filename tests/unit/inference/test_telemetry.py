"""ONNX Runtime as the server loads it."""

from __future__ import annotations

import os
import subprocess
import sys

# ONNX Runtime sends nothing where it believes to be in a test or in continuous integration.
_SUPPRESSING = ("CI", "ORT_RUNNING_UNIT_TESTS", "ORT_DISABLE_TELEMETRY")
_THREADS = "import os, faceVer.cli, faceVer.inference.onnx; print(len(os.listdir('/proc/self/task')))"


def test_onnx_runtime_reports_nothing_and_starts_no_thread() -> None:
    """Its reports to Microsoft are sent from a thread that runs from the import on."""
    environment = {name: value for name, value in os.environ.items() if name not in _SUPPRESSING}
    done = subprocess.run([sys.executable, "-c", _THREADS], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "1", done.stderr
