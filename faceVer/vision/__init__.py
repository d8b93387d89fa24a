"""Frames -> facts: sessions, detection, alignment, embedding. The only importers of onnxruntime and insightface."""
