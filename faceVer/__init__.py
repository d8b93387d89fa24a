"""FaceVer: an open, self-hosted biometric processor that speaks the HTTP API of Oz API Lite."""

__version__ = "1.0.0"
