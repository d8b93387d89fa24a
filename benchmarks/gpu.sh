#!/bin/sh
# Measures a server on this machine's CUDA card; what and how: benchmarks/gpu.py.
# PYTHON: an interpreter with FaceVer and onnxruntime-gpu.
cd "$(dirname "$0")/.." || exit 1
command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total,memory.used --format=csv,noheader
exec timeout -k 30 "${SECONDS_MOST:-600}" "${PYTHON:-.venv/bin/python}" -m benchmarks.gpu "$@"
