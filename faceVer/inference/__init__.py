"""Where tensors are run: the ONNX Runtime backend, the manifest and the weight files."""
