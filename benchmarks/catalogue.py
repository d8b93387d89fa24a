"""The requests of the cases, in the dialect of each server, and what a sensible answer to each looks like."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import samples, wire
from benchmarks.wire import LIVENESS, OCTETS, PATTERN

Check = Callable[[bytes], bool]
GALLERIES = (10, 1_000, 10_000)
PAYLOAD = json.dumps({"analyses": [{"type": "quality", "source_media": ["video1"]}]}).encode()


@dataclass(frozen=True, slots=True)
class Request:
    """data: the request's bytes; check: whether the body of an answer makes sense."""

    data: bytes
    check: Check


def product(templates: Sequence[bytes]) -> dict[str, Request]:
    """All requests for the product. templates: its own, of `samples.people()`."""
    large = samples.large_photo()
    encoded = {"Content-Transfer-Encoding": "base64"}
    media = [
        wire.part("video1", samples.clip(), "video/mp4", "video1.mp4"),
        wire.part("payload", PAYLOAD, "application/json"),
    ]
    size = len(templates[0])
    return {
        **common(templates),
        "extract-base64": Request(
            wire.image(PATTERN + "extract", base64.b64encode(large), encoded),
            lambda body: len(base64.b64decode(body, validate=True)) == size,
        ),
        "detect": Request(wire.image(LIVENESS + "detect", samples.photo()), _liveness),
        "video": Request(wire.form(LIVENESS + "detect", media), _document),
        "health": Request(wire.request("GET", PATTERN + "health"), lambda body: json.loads(body)["status"] == 0),
    }


def common(templates: Sequence[bytes]) -> dict[str, Request]:
    """Requests for both the product and the plain baseline, each with its own templates."""
    photo, size = samples.photo(), len(templates[0])
    pair = [wire.part(name, templates[0], OCTETS, "one.t") for name in ("bio_feature", "bio_template")]
    sample = wire.part("sample_1", photo, "image/jpeg", "sample.jpg")
    others = [(f"{n}.jpg", samples.people()[n % len(samples.people())]) for n in range(10)]
    requests = {
        "extract": Request(wire.image(PATTERN + "extract", photo), lambda body: len(body) == size),
        "extract-large": Request(
            wire.image(PATTERN + "extract", samples.large_photo()), lambda body: len(body) == size
        ),
        "compare": Request(wire.form(PATTERN + "compare", pair), lambda body: _same(json.loads(body))),
        "verify_n-1000": Request(
            wire.many("verify_n", sample, "templates_n", gallery(templates, 1_000), OCTETS), _results(1_000)
        ),
        "extract_and_compare_n-10": Request(
            wire.many("extract_and_compare_n", sample, "samples_n", others, "image/jpeg"), _results(10)
        ),
        "health": Request(wire.request("GET", PATTERN + "health"), lambda body: json.loads(body)["status"] == 0),
    }
    for count in GALLERIES:
        requests[f"compare_n-{count}"] = compare_n(templates, count)
    return requests


def bare(pair: Request) -> dict[str, Request]:
    """compare with the product's bytes; compare_n with raw vectors of 512 float16 numbers."""
    rows = np.random.default_rng(0).normal(size=(len(samples.people()), 512))
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)
    return {"compare": pair, "compare_n-10000": compare_n([one.tobytes() for one in vectors], 10_000)}


def extract_only() -> dict[str, Request]:
    """The face_recognition server: 128 float64 numbers, raw."""
    return {"extract": Request(wire.image(PATTERN + "extract", samples.photo()), lambda body: len(body) == 1024)}


def deepface() -> dict[str, Request]:
    """deepface's /represent: the file in a form, the models named in it."""
    fields = {"model_name": "Dlib", "detector_backend": "opencv"}
    parts = [wire.part("img", samples.photo(), "image/jpeg", "photo.jpg")]
    parts += [wire.part(name, value.encode(), "text/plain") for name, value in fields.items()]
    return {
        "extract": Request(
            wire.form("/represent", parts), lambda body: len(json.loads(body)["results"][0]["embedding"]) == 128
        )
    }


def gallery(templates: Sequence[bytes], count: int) -> list[tuple[str, bytes]]:
    """(file name, template) of N parts: the templates in turn."""
    return [(f"{n}.t", templates[n % len(templates)]) for n in range(count)]


def compare_n(templates: Sequence[bytes], count: int) -> Request:
    first = wire.part("template_1", templates[0], OCTETS, "probe.t")
    return Request(wire.many("compare_n", first, "templates_n", gallery(templates, count), OCTETS), _results(count))


def _same(outcome: dict[str, Any]) -> bool:
    return bool(abs(outcome["score"] - 1) < 1e-2 and outcome["decision"] == "approved")


def _results(count: int) -> Check:
    """N results in the request's order, the probe's own template or photo (each first of seven) found alike."""
    people = len(samples.people())

    def check(body: bytes) -> bool:
        results = json.loads(body)["results"]
        names = [one["filename"].partition(".")[0] for one in results]
        alike = [_same(one) for one in results]
        return names == [str(n) for n in range(count)] and alike == [n % people == 0 for n in range(count)]

    return check


def _liveness(body: bytes) -> bool:
    answer = json.loads(body)
    return isinstance(answer["passed"], bool) and 0 <= answer["score"] <= 1


def _document(body: bytes) -> bool:
    (analysis,) = json.loads(body)["analyses"]
    (medium,) = analysis["results_media"]
    return bool(analysis["state"] == "FINISHED" and 0 <= medium["results_data"]["confidence_spoofing"] <= 1)
