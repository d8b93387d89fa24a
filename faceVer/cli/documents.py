"""Reads a folder document of one media item and one quality analysis, from the library or from a server."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from faceVer.cli.backend import Liveness, RefusedError

MEDIUM = "medium"
"""The part's name."""
# A document's failures have one number; these are the codes that the same things have elsewhere.
_CODES = {"Could not locate face": "LDE-003002", "More than one person": "LDE-003003"}
_ID = re.compile(r" \[[0-9a-f-]{36}\]")


def liveness(document: Mapping[str, Any]) -> Liveness:
    """Raises RefusedError where the analysis failed."""
    analysis = _finished(document)
    score = float(analysis["results_media"][0]["results_data"]["confidence_spoofing"])
    return Liveness(analysis["resolution_status"] == "SUCCESS", score)


def best_shot(document: Mapping[str, Any]) -> bytes:
    """The JPEG. Raises RefusedError where the analysis failed or the media item is a photo."""
    images = _finished(document)["results_media"][0]["output_images"]
    if not images:
        raise RefusedError("LDE-002004", "Failed to read the biometric sample", "a photo has no best shot")
    return base64.b64decode(images[0]["image_b64"])


def _finished(document: Mapping[str, Any]) -> Mapping[str, Any]:
    analysis: Mapping[str, Any] = document["analyses"][0]
    if analysis["error_message"] is None:
        return analysis
    words = _ID.sub("", analysis["error_message"])
    code = next((code for begin, code in _CODES.items() if words.startswith(begin)), str(analysis["error_code"]))
    raise RefusedError(code, words)
