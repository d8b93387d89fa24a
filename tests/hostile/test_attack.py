"""A real server under attack: hostile files of 20 kinds at once, beside the requests of others (`make attack`: 200)."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context

import pytest

from faceVer.media.sandbox.plan import MIB
from faceVer.services.memory_plan import memory_need
from faceVer.settings.loader import load_settings
from tests import support_faces as faces
from tests.hostile.sending import QUALITY, flood, made
from tests.hostile.vitals import Watch, proportional
from tests.http.support_folders import folder_document, normalized, post_folder, video
from tests.load.openloop import quantile
from tests.support_processes import family
from tests.support_server import PATTERN, Response, Server, form, template_part

KINDS = (
    "HEIC: metadata of many extents", "HEIC: a grid of tiles that share bytes", "HEIC: a picture turned 253 times",
    "AVIF: a size smaller than the coded one", "AVIF: a grid of 62,500 tiles", "JPEG: 100,000 scans",
    "JPEG: two pictures of 30,000 scans (MPO)", "JPEG: 5,000 scans of 36 megapixels", "PNG: flat, 49 megapixels",
    "PNG: a text that expands", "WebP: lossless, 49 megapixels", "GIF: a screen of 49 megapixels",
    "TIFF: a strip of 49 megapixels", "BMP: packed, 49 megapixels", "MP4: a false count in trun",
    "MP4: 500 indices over the same bytes", "AVI: frames of 50,000 scans", "Matroska: 2,000 blocks of empty frames",
    "libx264: 3000 coded, 64 stated", "zip: 300 WebP of 49 megapixels",
)  # fmt: skip
AIM = 3.0
ARRIVAL = 2.0
"""Seconds within which the hostile files arrive."""
EVERY = {"extract": 0.4, "compare": 0.3, "ready": 0.5, "heic": 2.0, "video": 2.0}
"""Seconds between two requests of each of the other clients."""
SANDBOXED = ("heic", "video")
"""The requests that may get 503: their files go to the queue that the attack fills."""


@dataclass
class Asked:
    """The requests of one client: when those with the right answer were sent, in seconds since the first, and the
    milliseconds that they took; and the others' statuses."""

    took: list[tuple[float, float]] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    wrong: list[bytes] = field(default_factory=list)


class Others:
    """Clients with good requests, and the answers that they got from an idle server."""

    def __init__(self, server: Server) -> None:
        photo = faces.jpeg(faces.astronaut())
        template = server.template(photo)
        pair = form([template_part("bio_feature", template), template_part("bio_template", template)])
        kind = {"Content-Type": "multipart/form-data; boundary=72468"}
        heic, film = faces.encoded(faces.astronaut(), "HEIF"), video()
        self.ask: dict[str, Callable[[], Response]] = {
            "extract": lambda: server.extract(photo),
            "compare": lambda: server.call("POST", PATTERN + "compare", pair, kind),
            "ready": lambda: server.call("GET", "/readyz"),
            "heic": lambda: server.extract(heic, {"Content-Type": "image/heic"}),
            "video": lambda: post_folder(server, {"video1": film}, QUALITY),
        }
        self.alone = {name: answer(name, ask()) for name, ask in self.ask.items()}

    @contextmanager
    def asking(self) -> Iterator[dict[str, Asked]]:
        """Ask until the block ends."""
        asked, stop = {name: Asked() for name in self.ask}, threading.Event()

        def client(name: str) -> None:
            began = due = time.perf_counter()
            while not stop.is_set():
                response = self.ask[name]()
                if name in SANDBOXED and response.status == 503:
                    asked[name].refused[503] += 1
                elif response.status == 200 and answer(name, response) == self.alone[name]:
                    asked[name].took.append((due - began, 1e3 * (time.perf_counter() - due)))
                else:
                    asked[name].wrong.append(response.body)
                due = max(due + EVERY[name], time.perf_counter())
                stop.wait(due - time.perf_counter())

        with ThreadPoolExecutor(len(self.ask)) as pool:
            clients = [pool.submit(client, name) for name in self.ask]
            try:
                yield asked
            finally:
                stop.set()
        for one in clients:
            one.result()


def answer(name: str, response: Response) -> object:
    """What must be the same each time."""
    assert response.status == 200, response
    return normalized(folder_document(response)) if name == "video" else response.body


def shown(calm: dict[str, Asked], loud: dict[str, Asked]) -> None:
    """Print how the times of the good requests compare: while the files arrive, and after that."""
    for name, one in loud.items():
        idle = [took for _, took in calm[name].took]
        first = [took for due, took in one.took if due < ARRIVAL]
        later = [took for due, took in one.took if due >= ARRIVAL]
        p50, p99 = (quantile(later, share) / quantile(idle, share) for share in (0.5, 0.99))
        print(f"  {name:8} {len(one.took):4} right, {one.refused[503]:3} refused; p99 {p99:.1f} times the idle one "
              f"(aim: {AIM:g}), p50 {p50:.1f} times; in the first {ARRIVAL:g} s at most "
              f"{max(first, default=0) / quantile(idle, 0.99):.1f} times the idle p99")  # fmt: skip


def attack(copies: int, calm_seconds: float, **options: str) -> None:
    """`copies` of each kind at once, from as many clients."""
    settings = load_settings({f"FACEVER_{name.upper()}": value for name, value in options.items()})
    attackers = ProcessPoolExecutor(1, get_context("spawn"))
    assert attackers.submit(made, KINDS).result() == len(KINDS)
    with attackers, Server(fresh=True, log_level="ERROR", **options) as server:
        others = Others(server)
        with others.asking() as calm:
            time.sleep(calm_seconds)
        peak = [0]

        def look() -> None:
            peak[0] = max(peak[0], sum(map(proportional, family(server.process.pid))))

        with others.asking() as loud, Watch(look, 0.1):
            began = time.perf_counter()
            statuses = attackers.submit(flood, server.port, KINDS, copies).result()
            seconds = time.perf_counter() - began
        need = memory_need(settings)
        print(f"\n{copies * len(KINDS)} hostile files of {len(KINDS)} kinds, {seconds:.0f} s: {dict(statuses)}; "
              f"memory of all processes {peak[0] / MIB:.0f} MiB at most, {need / MIB:.0f} planned")  # fmt: skip
        shown(calm, loud)
        assert set(statuses) <= {200, 400, 413, 503}
        assert not [one.wrong for one in (*calm.values(), *loud.values()) if one.wrong]
        assert not any(one.refused for one in calm.values())
        assert all(loud[name].took for name in EVERY if name not in SANDBOXED)
        assert 0 < peak[0] <= need
        assert {name: answer(name, ask()) for name, ask in others.ask.items()} == others.alone
        assert server.process.poll() is None


def test_others_get_right_answers_during_an_attack() -> None:
    attack(1, 5, picture_cpu_seconds="1", media_cpu_seconds="1", request_timeout="20")


@pytest.mark.slow
def test_others_get_right_answers_during_an_attack_of_200_files() -> None:
    attack(10, 40, request_timeout="50")
