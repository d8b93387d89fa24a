"""Liveness health and single-image detect on a real server."""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image as Pil

from faceVer.services.faces import FaceEngine
from faceVer.services.folders.service import FolderService
from faceVer.settings.model import Settings
from tests import support_faces as faces
from tests.http.support_detect import HEALTH, detect, detection
from tests.http.support_folders import ATTACK, DETECT, LIVE, photo, post_folder
from tests.support_liveness import liveness, selfie
from tests.support_server import JPEG, Server

pillow_heif.register_heif_opener(thumbnails=False)

IMAGE_TYPES = [
    "image/jpeg",
    "Image/JPEG; charset=binary",
    "image/jpg",
    "image/png",
    "image/webp",
    "image/heic",
    "image/heic-sequence",
    "image/heif",
    "image/heif-sequence",
    "image/avif",
    "image/bmp",
    "image/tiff",
]


class TestHealth:
    def test_health_is_ok(self, server: Server) -> None:
        response = server.call("GET", HEALTH)
        assert (response.status, response.json()) == (200, {"status": 0, "message": ""})
        assert server.call("HEAD", HEALTH).status == 200

    def test_the_liveness_models_are_named(self, server: Server) -> None:
        models = {model["name"] for model in server.call("GET", "/version").json()["models"]}
        assert models >= {info.name for info in liveness().infos}


class TestSingleImage:
    def test_detect_returns_the_result_of_the_service(
        self, server: Server, engine: FaceEngine, settings: Settings
    ) -> None:
        service = FolderService(engine, liveness(), settings)
        outcomes = set()
        for data in [*map(photo, range(6)), *(faces.jpeg(faces.person(n)) for n in range(6))]:
            passed, score = detection(detect(server, data))
            assert passed == (score <= 0.5)
            assert (passed, score) == service.detect_image(data)
            outcomes.add(passed)
        assert outcomes == {True, False}

    @pytest.mark.parametrize("content_type", IMAGE_TYPES)
    def test_the_content_type_decides_acceptance_only(self, server: Server, content_type: str) -> None:
        expected = detect(server, photo()).body
        assert detect(server, photo(), content_type).body == expected
        gif = detect(server, faces.encoded(Pil.fromarray(selfie(LIVE)).quantize(), "GIF"), content_type)
        assert detection(gif)[0] is True

    @pytest.mark.parametrize(
        ("kind", "options"),
        [("PNG", {}), ("WEBP", {"lossless": True}), ("BMP", {}), ("TIFF", {"compression": "tiff_lzw"})],
    )
    def test_the_file_format_does_not_change_the_score(
        self, server: Server, kind: str, options: dict[str, Any]
    ) -> None:
        picture = Pil.fromarray(selfie(ATTACK))
        plain = detection(detect(server, faces.encoded(picture, "PNG")))
        assert detection(detect(server, faces.encoded(picture, kind, **options), f"image/{kind.lower()}")) == plain

    def test_heif_is_accepted(self, server: Server) -> None:
        data = faces.encoded(Pil.fromarray(selfie(ATTACK)), "HEIF", quality=95)
        assert detection(detect(server, data, "image/heic"))[0] is False

    @pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "I;16", "1"])
    def test_every_pixel_mode_is_accepted(self, server: Server, mode: str) -> None:
        picture = Pil.fromarray(selfie(LIVE))
        deep = Pil.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
        picture = deep if mode == "I;16" else picture.convert(mode)
        detection(detect(server, faces.encoded(picture, "TIFF" if mode == "CMYK" else "PNG")))

    @pytest.mark.parametrize("orientation", range(2, 9))
    def test_exif_orientation_is_applied(self, server: Server, orientation: int) -> None:
        upright = Pil.fromarray(selfie(1))
        turned = faces.turned_away(upright, orientation, "PNG")
        assert detect(server, turned, "image/png").body == detect(server, faces.encoded(upright, "PNG")).body

    def test_a_sideways_photo_is_accepted(self, server: Server) -> None:
        upright = Pil.fromarray(selfie(LIVE))
        assert detection(detect(server, faces.jpeg(upright.transpose(Pil.Transpose.ROTATE_90))))[0] is True

    def test_a_small_face_in_the_background_is_ignored(self, server: Server) -> None:
        detection(detect(server, faces.jpeg(faces.scene(0.2))))

    @pytest.mark.parametrize(
        "code",
        [
            base64.b64encode,
            base64.encodebytes,
            base64.urlsafe_b64encode,
            lambda data: base64.b64encode(data).rstrip(b"="),
            lambda data: b"data:image/jpeg;base64," + base64.b64encode(data),
        ],
        ids=["plain", "wrapped", "url-safe", "unpadded", "data-uri"],
    )
    def test_base64_is_decoded_and_the_response_is_not_encoded(
        self, server: Server, code: Callable[[bytes], bytes]
    ) -> None:
        expected = detect(server, photo()).body
        response = detect(server, code(photo()), Content_Transfer_Encoding="base64")
        assert response.body == expected
        assert "content-transfer-encoding" not in response.headers

    @pytest.mark.parametrize("encoding", ["binary", "8bit", "7BIT"])
    def test_binary_encodings_leave_the_body_unchanged(self, server: Server, encoding: str) -> None:
        assert detection(detect(server, photo(), Content_Transfer_Encoding=encoding))[0] is True

    def test_a_chunked_body_is_accepted(self, server: Server) -> None:
        assert server.call("POST", DETECT, photo(), JPEG, chunked=True).body == detect(server, photo()).body

    def test_parallel_requests_have_equal_results(self, server: Server) -> None:
        with ThreadPoolExecutor(8) as pool:
            assert (
                len({response.body for response in pool.map(lambda _: detect(server, photo(ATTACK)), range(24))}) == 1
            )


def test_a_rejected_request_is_logged_with_its_id_and_without_its_content(server: Server) -> None:
    response = post_folder(server, {"secret-name": b"secret-content" * 9}, {"folder:meta_data": {"x": "secret"}})
    assert response.code == "LDE-002004"
    (line,) = server.logged(response.headers["x-request-id"])
    assert "LDE-002004" in line
    assert "of no known kind" in line
    assert "secret-content" not in line
