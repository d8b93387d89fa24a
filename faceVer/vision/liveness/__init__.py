"""Presentation attack detection (ISO/IEC 30107)."""
