"""Requests the responses that the OpenAPI document shows; `python -m tests.http.support_examples` writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
from PIL import ImageFilter

from faceVer.http.ops import openapi
from faceVer.http.ops.openapi.examples import PAYLOADS
from tests import support_faces as faces
from tests.support_liveness import blank, selfie
from tests.support_media import encode_video, jpeg
from tests.support_server import JPEG, Response, Server, form, image_part, part, template_part

FILE = Path(openapi.__file__).with_name("examples.json")
FORM = {"Content-Type": "multipart/form-data; boundary=72468"}
DETECT, INSTANT = "/v1/face/liveness/detect", "/api/instant/folders/"


def small_video() -> bytes:
    """A clip whose best shot does not fill the page."""
    frames = [cv2.resize(selfie(0, shift=4 * n), (60, 80), interpolation=cv2.INTER_AREA) for n in range(4)]
    return encode_video(frames, fps=4)  # type: ignore[arg-type]


def folder(server: Server, media: Mapping[str, tuple[str, bytes]], payload: Any, path: str = DETECT) -> Response:
    """media: by part name, the file's name and its bytes."""
    parts = [part(name, data, None, filename) for name, (filename, data) in media.items()]
    return server.call("POST", path, form([*parts, part("payload", json.dumps(payload).encode())]), FORM)


def ask(server: Server) -> dict[str, Any]:
    """Answers, by the example's name."""
    poor = faces.person(0).resize((56, 56)).filter(ImageFilter.GaussianBlur(1)).resize((300, 300))
    one, other, again = (faces.jpeg(picture) for picture in (faces.person(0), faces.person(2), poor))
    template, stranger = server.template(one), server.template(other)
    many = [template_part("templates_n", template, "one.fvt"), template_part("templates_n", stranger, "other.fvt")]
    pictures = [image_part("samples_n", one, "one.jpg"), image_part("samples_n", other, "other.jpg")]
    answers = {
        "version": server.call("GET", "/version"),
        "compare": server.post("compare", [part("bio_feature", template), part("bio_template", stranger)]),
        "extract_and_compare": server.post(
            "extract_and_compare", [image_part("sample_1", again), image_part("sample_2", one)]
        ),
        "compare_n": server.post("compare_n", [template_part("template_1", server.template(again)), *many]),
        "verify_n": server.post("verify_n", [image_part("sample_1", again), *many]),
        "extract_and_compare_n": server.post("extract_and_compare_n", [image_part("sample_1", again), *pictures]),
        "liveness": server.call("POST", DETECT, jpeg(selfie(0)), JPEG),
        "folder": folder(
            server,
            {"media_key1": ("selfie.mp4", small_video()), "media_key2": ("photo.jpg", jpeg(selfie(0)))},
            PAYLOADS["reference"],
        ),
        "failed": folder(server, {"media_key1": ("empty.jpg", jpeg(blank(300, 400)))}, PAYLOADS["default"]),
    }
    return {name: answer.json() for name, answer in answers.items()}


def main() -> None:
    with Server() as server:
        FILE.write_text(json.dumps(ask(server), indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
