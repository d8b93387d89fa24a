"""API Lite: /v1/face/pattern and /v1/face/liveness."""
