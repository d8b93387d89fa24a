"""Examples of responses, recorded from a server; `python -m tests.http.support_examples` records them again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from faceVer import __version__

PAYLOADS: dict[str, Any] = {
    "reference": {
        "folder:meta_data": {"partner_side_folder_id": "42"},
        "media:tags": {"media_key1": ["video_selfie", "video_selfie_blank"], "media_key2": ["photo_selfie"]},
        "analyses": [
            {
                "type": "quality",
                "source_media": ["media_key1"],
                "params": {"threshold_spoofing": 0.5, "extract_best_shot": True},
            },
            {"type": "biometry", "params": {"threshold_min": 0.7, "threshold_max": 0.85}},
        ],
    },
    "default": {},
}
"""Payloads of folder requests: the first belongs to the `folder` example."""


def _load() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(__file__).with_name("examples.json").read_text("utf-8"))
    found["version"]["core"] = __version__
    return found


EXAMPLES = _load()
"""Responses, by name."""
