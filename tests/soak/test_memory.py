"""Minutes of mixed requests against one server: right answers to the end, memory that does not grow (`make soak`)."""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import support_faces as faces
from tests.support_media import encode_video, face_frames
from tests.support_server import OCTETS, PATTERN, Server, form, image_part, part, template_part

pytestmark = pytest.mark.slow

SECONDS, CLIENTS = 120, 4
GROWTH_MIB = 120
"""Allowed from the end of the warm-up to the end: far below what one leaked picture a request would take."""


def resident_mib(server: Server) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def test_mixed_requests() -> None:
    photo, large = faces.jpeg(faces.astronaut()), faces.jpeg(faces.astronaut().resize((3000, 3000)))
    clip = encode_video(face_frames(24), "libx264", "mp4", 12)
    with Server(log_level="WARNING", max_queue="64") as server, ThreadPoolExecutor(CLIENTS) as pool:
        template = server.template(photo)
        headers = {"Content-Type": "multipart/form-data; boundary=72468"}
        many = form([template_part("template_1", template), *[template_part("templates_n", template)] * 500])
        video = form([part("v", clip, "video/mp4"), part("payload", b'{"analyses": [{"type": "quality"}]}')])
        kinds = [
            lambda: server.extract(photo).body == template,
            lambda: server.extract(large).status == 200,
            lambda: server.extract(b"junk").status == 400,
            lambda: server.extract(faces.jpeg(faces.no_face())).code == "BPE-003002",
            lambda: len(server.call("POST", PATTERN + "compare_n", many, headers).json()["results"]) == 500,
            lambda: (
                server.post("verify", [image_part("sample", photo), part("bio_template", template, OCTETS)]).status
                == 200
            ),
            lambda: (
                server.call("POST", "/api/instant/folders/", video, headers).json()["resolution_status"] == "FINISHED"
            ),
        ]
        end, readings = time.monotonic() + SECONDS, []
        rounds = itertools.count(1)
        while time.monotonic() < end:
            assert all(pool.map(lambda kind: kind(), kinds * 2))
            if next(rounds) % 5 == 0:
                readings.append(resident_mib(server))
        print(f"\n{next(rounds) - 1} rounds, resident MiB: {[round(value) for value in readings]}")
        warm = max(readings[: max(1, len(readings) // 4)])
        assert readings[-1] - warm < GROWTH_MIB
        assert server.call("GET", PATTERN + "health").status == 200
