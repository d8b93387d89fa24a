"""The result of a folder with one media file and one quality analysis, of this process or of a server."""

from __future__ import annotations

import re

from faceVer.cli.backend import FileError
from faceVer.client import Analysis, Folder, Liveness, ProtocolError

MEDIA_NAME = "medium"
"""Name of the file in the request."""
# All failures of an analysis have one number. These are the codes that other methods have for the same failures.
_CODES = {"Could not locate face": "LDE-003002", "More than one person": "LDE-003003"}
_MEDIA_ID = re.compile(r" \[[0-9a-f-]{36}\]")


def liveness(folder: Folder) -> Liveness:
    """Raises FileError where the analysis failed, ProtocolError without a result."""
    analysis = _finished(folder)
    if analysis.confidence_spoofing is None:
        raise _incomplete()
    return Liveness(analysis.passed, analysis.confidence_spoofing)


def best_shot(folder: Folder) -> bytes:
    """The JPEG. Raises FileError where the analysis failed or the file is a photo, ProtocolError without a result."""
    analysis = _finished(folder)
    if not analysis.results:
        raise _incomplete()
    if not folder.best_shots:
        raise FileError("LDE-002004", "Failed to read the biometric sample", "a photo has no best shot")
    return folder.best_shots[0].image


def _finished(folder: Folder) -> Analysis:
    if not folder.analyses:
        raise _incomplete()
    analysis = folder.analyses[0]
    if analysis.error_message is None:
        return analysis
    message = _MEDIA_ID.sub("", analysis.error_message)
    code = next((code for begin, code in _CODES.items() if message.startswith(begin)), str(analysis.error_code))
    raise FileError(code, message)


def _incomplete() -> ProtocolError:
    return ProtocolError("a folder document without the requested result", 200)
