"""Multipart detect and instant folders on a real server: payload, names, base64, media formats."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from tests.http.support_folders import (
    BASE64,
    BIOMETRY,
    DETECT,
    LIVE,
    ROUTES,
    archive,
    folder,
    folder_document,
    media_part,
    normalized,
    payload_part,
    photo,
    quality,
    send,
    states,
    video,
)
from tests.support_liveness import selfie
from tests.support_media import encode_video, jpeg, make_tar, make_zip, png
from tests.support_server import Server, form, part


class TestPayload:
    @pytest.mark.parametrize(
        "payload", [None, {}, {"analyses": []}, {"analyses": None}, {"analyses": [{}]}, {"unknown": {"key": 1}}]
    )
    def test_the_default_is_one_quality_analysis(self, server: Server, payload: Any) -> None:
        document = folder(server, {"m": photo()}, payload)
        (analysis,) = document["analyses"]
        assert states(document) == ("FINISHED", "SUCCESS", "FINISHED", "SUCCESS")
        assert (analysis["type"], analysis["confs"]["threshold_spoofing"]) == ("QUALITY", 0.5)
        assert analysis["confs"]["extract_best_shot"] is False
        assert (document["meta_data"], document["resolution_endpoint"]) == ({}, None)

    @ROUTES
    def test_top_level_params_are_the_defaults_of_analyses(self, server: Server, route: str) -> None:
        analyses = [{"type": "quality"}, quality(threshold_spoofing=0.25)]
        payload = {"analyses": analyses, "params": {"threshold_spoofing": 0.125, "extract_best_shot": True}}
        document = folder(server, {"m": video()}, payload, route)
        confs = [analysis["confs"] for analysis in document["analyses"]]
        assert [one["threshold_spoofing"] for one in confs] == [0.125, 0.25]
        assert [one["extract_best_shot"] for one in confs] == [True, True]

    @pytest.mark.parametrize(
        "sent",
        [
            part("payload", b"{}", "application/json"),
            part("payload", b"{}", "text/plain; charset=utf-8", "payload.json"),
            part("payload", "﻿{}".encode(), "application/octet-stream"),
            part("payload", base64.b64encode(b"{}"), extra=["Content-Transfer-Encoding: base64"]),
        ],
    )
    def test_the_payload_may_have_any_type_and_position(self, server: Server, sent: bytes) -> None:
        media = media_part("m", photo())
        for parts in ([sent, media], [media, sent]):
            assert states(folder_document(send(server, parts)))[0] == "FINISHED"

    def test_names_and_file_names_may_be_of_any_script(self, server: Server) -> None:
        key = "селфи 1 “«"
        parts = [
            part(key, photo(), "image/jpeg", "моё фото.jpg"),
            part("nameless", photo()),
            payload_part({"media:tags": {key: ["x"]}, "analyses": [{**quality(), "source_media": [key]}]}),
        ]
        document = folder_document(send(server, parts))
        assert [item["original_name"] for item in document["media"]] == ["моё фото.jpg", "nameless"]
        assert document["media"][0]["tags"] == ["x", "orientation_portrait"]
        assert len(document["analyses"][0]["source_media"]) == 1

    def test_an_orientation_tag_is_added_only_if_it_is_missing(self, server: Server) -> None:
        wide = jpeg(selfie(LIVE, width=400, height=300))
        tags = {"own": ["orientation_portrait"], "none": []}
        document = folder(server, {"own": wide, "none": wide}, {"media:tags": tags})
        assert [item["tags"] for item in document["media"]] == [["orientation_portrait"], ["orientation_landscape"]]

    def test_a_chunked_body_is_accepted(self, server: Server) -> None:
        headers = {"Content-Type": 'multipart/form-data; boundary="72468"'}
        response = server.call("POST", DETECT, form([media_part("m", photo())]), headers, chunked=True)
        assert states(folder_document(response))[0] == "FINISHED"


class TestBase64:
    @ROUTES
    def test_the_encoding_of_the_request_applies_to_files_but_not_to_the_payload(
        self, server: Server, route: str
    ) -> None:
        media = {"v": video(), "p": photo(), "z": archive()}
        payload = {"folder:meta_data": {"id": "7"}, "analyses": [quality(extract_best_shot=True), BIOMETRY]}
        plain = folder(server, media, payload, route)
        parts = [media_part(name, base64.b64encode(data)) for name, data in media.items()]
        encoded = folder_document(send(server, [*parts, payload_part(payload)], route, BASE64))
        assert normalized(encoded) == normalized(plain)
        assert encoded["meta_data"] == {"id": "7"}

    def test_the_encoding_of_a_part_applies_to_that_part(self, server: Server) -> None:
        text = base64.urlsafe_b64encode(photo()).rstrip(b"=")
        lines = b"\r\n".join(text[at : at + 76] for at in range(0, len(text), 76))
        encoded = part("a", lines, "image/jpeg", extra=["content-transfer-encoding: BASE64"])
        data_uri = b"data:image/jpeg;base64," + base64.b64encode(photo())
        uri = part("b", data_uri, extra=["Content-Transfer-Encoding: base64"])
        binary = part("c", photo(), extra=["Content-Transfer-Encoding: binary"])
        document = folder_document(send(server, [encoded, uri, binary]))
        assert [item["info"]["original"]["size"] for item in document["media"]] == [len(photo())] * 3
        assert states(folder_document(send(server, [binary], DETECT, BASE64)))[0] == "FINISHED"


class TestMedia:
    @pytest.mark.parametrize(
        "labels",
        [
            (None, "multipart/form-data; ", "application/octet-stream"),
            ("image/jpeg", "video/mp4", "image/png"),
            ("binary/octet-stream", "VIDEO/x-Something; codecs=avc1", "video/webm"),
            ("application/zip", "image/gif", "application/x-tar"),
            ("*/*", "application/zip", "nonsense"),
        ],
    )
    def test_the_media_type_is_detected_from_the_bytes(self, server: Server, labels: tuple[str | None, ...]) -> None:
        media = (video(), photo(), make_tar([("a.jpg", photo())], gzip=True))
        parts = [media_part(f"m{n}", data, label) for n, (data, label) in enumerate(zip(media, labels, strict=True))]
        document = folder_document(send(server, parts))
        assert [item["media_type"] for item in document["media"]] == [
            "VIDEO_FOLDER",
            "IMAGE_FOLDER",
            "SHOTS_SET_FOLDER",
        ]
        assert states(document) == ("FINISHED", "SUCCESS", "FINISHED", "SUCCESS")

    @pytest.mark.parametrize(
        ("codec", "container", "mime"),
        [
            ("libx264", "mp4", "video/mp4"),
            ("libx264", "mov", "video/quicktime"),
            ("libx264", "mkv", "video/x-matroska"),
            ("libx265", "mkv", "video/x-matroska"),
            ("libx265", "mp4", "video/mp4"),
            ("libvpx", "webm", "video/webm"),
            ("libvpx-vp9", "webm", "video/webm"),
            ("mpeg4", "avi", "video/x-msvideo"),
            ("mpeg4", "mp4", "video/mp4"),
            ("mjpeg", "mov", "video/quicktime"),
        ],
    )
    def test_every_codec_and_container_is_decoded(self, server: Server, codec: str, container: str, mime: str) -> None:
        clip = encode_video(
            [selfie(LIVE, shift=4 * n) for n in range(8)], codec, container, 8, audio=container != "avi"
        )
        document = folder(server, {"m": clip, "p": photo()}, {"analyses": [quality(extract_best_shot=True), BIOMETRY]})
        info = document["media"][0]["info"]["video"]
        assert (info["width"], info["height"], info["mime-type"]) == (300, 400, mime)
        assert info["duration"] == pytest.approx(1, abs=0.15)
        assert info["FPS"] == pytest.approx(8, abs=0.5)
        assert [one["resolution"] for one in document["analyses"]] == ["SUCCESS", "SUCCESS"]
        (image,) = document["analyses"][0]["results_media"][0]["output_images"]
        assert server.extract(base64.b64decode(image["image_b64"])).status == 200

    @pytest.mark.parametrize("rotation", [90, 180, 270])
    @pytest.mark.parametrize("container", ["mp4", "mov"])
    def test_rotation_is_applied(self, server: Server, rotation: int, container: str) -> None:
        stored = [np.ascontiguousarray(np.rot90(selfie(LIVE, shift=4 * n), -rotation // 90)) for n in range(6)]
        clip = encode_video(stored, container=container, rotation=rotation)
        document = folder(server, {"m": clip}, {"analyses": [quality(extract_best_shot=True)]})
        (item,), (analysis,) = document["media"], document["analyses"]
        assert (item["info"]["video"]["width"], item["info"]["video"]["height"]) == (300, 400)
        assert item["tags"] == ["orientation_portrait"]
        shot = analysis["results_media"][0]["output_images"][0]["info"]["original"]
        assert (shot["width"], shot["height"]) == (300, 400)
        assert analysis["resolution"] == "SUCCESS"

    def test_videos_of_variable_frame_rate_and_truncated_videos_are_decoded(self, server: Server) -> None:
        frames = [selfie(LIVE, shift=2 * n) for n in range(8)]
        clip = encode_video(frames, times=[0, 0.05, 0.1, 0.15, 1.0, 2.0, 2.1, 4.0])
        document = folder(server, {"m": clip})
        assert document["media"][0]["info"]["video"]["duration"] >= 4
        assert document["system_resolution"] == "SUCCESS"
        cut = encode_video(frames, "libvpx", "webm")
        document = folder(server, {"m": cut[: len(cut) * 2 // 3]})
        assert document["system_resolution"] == "SUCCESS"

    @pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
    def test_every_archive_format_is_decoded(self, server: Server, kind: str) -> None:
        members = [(f"shots/{n}.{end}", make(selfie(LIVE, shift=4 * n))) for n, (end, make) in enumerate(
            [("jpg", jpeg), ("png", png), ("jpg", jpeg)])]  # fmt: skip
        data = make_zip(members) if kind == "zip" else make_tar(members, gzip=kind == "tar.gz")
        document = folder(server, {"m": data}, {"analyses": [quality(extract_best_shot=True)]})
        assert document["media"][0]["media_type"] == "SHOTS_SET_FOLDER"
        assert document["system_resolution"] == "SUCCESS"
        assert len(document["analyses"][0]["results_media"][0]["output_images"]) == 1
