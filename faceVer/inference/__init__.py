"""Where tensors are run: the ONNX Runtime backend, the manifest and the weight files."""

import os

# Read when ONNX Runtime is imported. Without it, its wheels since 1.29 report models and hosts to Microsoft, from a
# thread that a forked worker lacks: a worker that ends without it aborts.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
