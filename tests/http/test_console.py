"""The private endpoints of the console on a real server. tests/browser tests the page itself."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from faceVer.http import console
from faceVer.http.pipeline.authentication import new_key
from faceVer.http.pipeline.forms.content_types import IMAGE_TYPES
from faceVer.inference.manifest import load_manifest, weights_folder
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.resolution import AnalysisState, FolderState, Resolution
from faceVer.settings.loader import load_settings
from faceVer.settings.model import Settings
from tests import support_faces as faces
from tests import support_liveness as media
from tests.support_endpoints import TABLE
from tests.support_media import encode_video, face_frames, jpeg, make_zip
from tests.support_server import JPEG, Response, Server, form, part

FACE, LIVENESS, ABOUT, STATUS = "/console/face", "/console/liveness", "/console/about", "/console/status"
FORM = {"Content-Type": "multipart/form-data; boundary=72468"}


@pytest.fixture(scope="module")
def guarded() -> Iterator[tuple[Server, str]]:
    """(a server with an API key, other thresholds and a small file limit, the key)."""
    key, line = new_key("tests")
    with Server(
        api_keys=line,
        console="on",
        docs="false",
        metrics_key="true",
        language="ru",
        operator_threshold="0.5",
        max_file_bytes="60000",
        second_face_ratio="0.6",
    ) as running:
        yield running, key


def face_report(server: Server, photo: bytes, headers: dict[str, str] | None = None) -> Any:
    response = server.call("POST", FACE, photo, headers or JPEG)
    assert response.status == 200, response
    return response.json()


def liveness_report(server: Server, data: bytes) -> Any:
    response = post_liveness(server, [part("media", data, "application/octet-stream", "a file")])
    assert response.status == 200, response
    return response.json()


def post_liveness(server: Server, parts: list[bytes]) -> Response:
    return server.call("POST", LIVENESS, form(parts), FORM)


def decoded_image(document: Any) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode(document["jpeg"], validate=True)))
    assert (image.format, image.size) == ("JPEG", (document["width"], document["height"]))
    return image.convert("RGB")


def centre(face: Any) -> tuple[float, float]:
    left, top, right, bottom = face["box"]
    return (left + right) / 2, (top + bottom) / 2


def test_the_page_explains_every_code_and_status(server: Server) -> None:
    script = server.call("GET", "/console/messages.js").body.decode()
    codes = {code[4:] for _, code in TABLE.outcomes if code.startswith(("BPE", "LDE"))}
    assert codes == set(re.findall(r'"(\d{6})": \[', script))
    for field, values in (
        ("state", AnalysisState),
        ("resolution_status", set(Resolution) - {Resolution.INITIAL}),
        ("folder_status", FolderState),
        ("system_resolution", Resolution),
    ):
        table = re.search(rf"{field}: \[\s*\"[^\"]+\",\s*\{{(.*?)\}}", script, re.DOTALL)
        assert table is not None
        assert set(re.findall(r"([A-Z_]+): \"", table[1])) == {value.value for value in values}


def test_about_has_models_calibration_and_default_settings(server: Server, settings: Settings) -> None:
    about = server.call("GET", ABOUT).json()
    version = server.call("GET", "/version").json()
    assert (about["version"], about["runtime"]) == (version["core"], version["tfss"])
    assert [f"{model['version']} {model['sha256']}" for model in about["models"]] == [
        model["version"] for model in version["models"]
    ]
    recognition = load_manifest(weights_folder("")).pack(settings.models.pack).recognition
    assert recognition.calibration is not None
    points = about["calibration"]["points"]
    assert [tuple(point.values()) for point in points] == [tuple(point) for point in recognition.calibration.points]
    assert {tuple(point) for point in points} == {("fmr", "cosine", "score", "tar")}
    assert about["calibration"]["slope"] == recognition.calibration.slope
    licences = [model["licence"] for model in about["models"] if model["task"] == "recognition"]
    assert licences == [spec.licence for spec in recognition.models]
    assert about["thresholds"] == {"approve": 0.85, "operator": 0.85, "pad": 0.5}
    assert about["limits"]["file_bytes"] == settings.limits.max_file_bytes
    assert (about["key_required"], about["docs"], about["language"], about["liveness"]) == (False, True, "en", True)


def test_about_has_changed_settings(guarded: tuple[Server, str]) -> None:
    about = guarded[0].call("GET", ABOUT).json()
    assert (about["key_required"], about["docs"], about["language"]) == (True, False, "ru")
    assert about["thresholds"] == {"approve": 0.85, "operator": 0.5, "pad": 0.5}
    assert about["limits"]["file_bytes"] == 60_000


def test_status_counts_only_requests_that_run_on_the_executor(server: Server, astronaut: bytes) -> None:
    before = server.call("GET", STATUS).json()
    assert before["health"] == {"pattern": "", "liveness": ""}
    server.call("GET", "/")
    server.call("GET", "/v1/face/pattern/health")
    server.extract(b"nothing")
    face_report(server, astronaut)
    after = server.call("GET", STATUS).json()
    counts = {digit: number - before["requests"].get(digit, 0) for digit, number in after["requests"].items()}
    assert {digit: number for digit, number in counts.items() if number} == {"2": 1, "4": 1}
    assert after["faces"] == before["faces"] + 1
    assert (after["workers"], after["in_flight"], after["queue"]) == (1, 0, 0)
    assert after["memory"] > 50_000_000
    assert after["uptime"] > 0


def test_status_needs_a_key_if_metrics_need_one(guarded: tuple[Server, str]) -> None:
    server, key = guarded
    assert server.call("GET", STATUS).code == "BPE-002008"
    assert server.call("GET", STATUS, headers={"X-API-Key": key}).status == 200
    assert server.call("GET", ABOUT).status == 200


def test_face_returns_the_template_of_extract(server: Server, astronaut: bytes) -> None:
    report = face_report(server, astronaut)
    template = base64.b64decode(report["template"], validate=True)
    assert template == server.template(astronaut)
    assert (report["template_bytes"], report["error"], report["rotation"]) == (len(template), None, 0)
    assert (report["width"], report["height"]) == (512, 512)
    decoded_image(report["preview"])
    (face,) = report["faces"]
    assert face["role"] == "subject"
    assert 0.5 < face["confidence"] <= 1
    # Eyes, tip of the nose and corners of the mouth, marked by hand.
    expected = [(203, 100), (246, 103), (223, 126), (204, 141), (243, 141)]
    assert np.abs(np.array(face["landmarks"]) - expected).max() < 5
    x, y = centre(face)
    assert abs(x - 224) < 12
    assert abs(y - 120) < 20


def test_examine_and_extract_agree_with_quick_detection() -> None:
    engine = FaceEngine.load(load_settings({"FACEVER_DETECTION": "quick"}))
    photo = faces.jpeg(faces.astronaut().resize((2048, 2048)).crop((0, 0, 2048, 1600)))
    report = engine.examine(photo)
    assert report.template == engine.extract(photo)
    assert report.size == (2048, 1600)
    assert report.image.shape[1] < 2048
    box = report.faces[0].box * (2048 / report.image.shape[1]) / 4
    assert 170 < box[0] < 205
    assert 235 < box[2] < 275


def test_compare_accepts_the_template_of_face(server: Server, astronaut: bytes) -> None:
    template = base64.b64decode(face_report(server, astronaut)["template"])
    parts = [part(name, template, "application/octet-stream") for name in ("bio_feature", "bio_template")]
    assert server.post("compare", parts).json() == {"score": 1.0, "decision": "approved"}


def test_the_preview_of_a_large_photo_is_small_and_the_face_size_is_in_sample_pixels(server: Server) -> None:
    report = face_report(server, faces.jpeg(faces.astronaut().resize((4000, 4000))))
    assert (report["width"], report["preview"]["width"], report["preview"]["height"]) == (4000, 960, 960)
    (face,) = report["faces"]
    left, top, right, bottom = face["box"]
    side_on_preview = ((right - left) * (bottom - top)) ** 0.5
    assert face["side"] == pytest.approx(side_on_preview * 4000 / 960, rel=0.02)
    x, y = centre(face)
    assert (x, y) == (pytest.approx(224 * 960 / 512, abs=25), pytest.approx(120 * 960 / 512, abs=40))


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_the_preview_follows_the_exif_orientation(server: Server, orientation: int) -> None:
    photo = faces.astronaut().crop((0, 0, 512, 400))
    report = face_report(server, faces.turned_away(photo, orientation))
    assert (report["width"], report["height"], report["rotation"]) == (512, 400, 0)
    preview = np.asarray(decoded_image(report["preview"]), np.int16)
    assert np.abs(preview - np.asarray(photo, np.int16)).mean() < 8
    x, y = centre(report["faces"][0])
    assert abs(x - 224) < 12
    assert abs(y - 120) < 20


def test_a_sideways_photo_is_rotated_together_with_its_faces(server: Server) -> None:
    photo = faces.astronaut().crop((0, 0, 512, 400))
    report = face_report(server, faces.jpeg(photo.rotate(90, expand=True)))
    assert (report["rotation"], report["width"], report["height"]) == (270, 400, 512)
    assert (report["preview"]["width"], report["preview"]["height"]) == (512, 400)
    preview = np.asarray(decoded_image(report["preview"]), np.int16)
    assert np.abs(preview - np.asarray(photo, np.int16)).mean() < 8
    x, y = centre(report["faces"][0])
    assert abs(x - 224) < 12
    assert abs(y - 120) < 20


def test_face_accepts_heic_and_base64(server: Server, astronaut: bytes) -> None:
    heic = faces.encoded(faces.astronaut(), "HEIF")
    assert decoded_image(face_report(server, heic, {"Content-Type": "image/heic"})["preview"]).size == (512, 512)
    headers = {"Content-Type": "image/jpeg", "Content-Transfer-Encoding": "base64"}
    assert face_report(server, base64.b64encode(astronaut), headers) == face_report(server, astronaut)


def test_a_photo_without_a_face_has_an_error_and_a_preview(server: Server) -> None:
    report = face_report(server, faces.jpeg(faces.no_face()))
    assert (report["faces"], report["template"], report["template_bytes"]) == ([], None, None)
    assert report["error"]["code"] == "BPE-003002"
    assert report["error"]["message"] == "The biometric sample is missing face"
    assert decoded_image(report["preview"]).size == (96, 72)


def test_a_photo_of_two_people_has_an_error_and_both_faces(server: Server) -> None:
    report = face_report(server, jpeg(media.pair()))
    assert report["error"]["code"] == "BPE-003003"
    assert re.fullmatch(r"a second face of \d\.\d\d of the subject's side", report["error"]["reason"])
    assert report["template"] is None
    assert [face["role"] for face in report["faces"]] == ["subject", "second_person"]
    assert sorted(centre(face)[0] > 300 for face in report["faces"]) == [False, True]


@pytest.mark.parametrize("turn", [0, 90, 180])
def test_each_face_has_the_choice_that_makes_it_the_subject(server: Server, turn: int) -> None:
    photo = faces.jpeg(faces.group().rotate(turn, expand=True))
    report = face_report(server, photo)
    assert report["error"]["code"] == "BPE-003003"
    assert (len(report["faces"]), report["rotation"]) == (6, -turn % 360)
    templates = set()
    for face in report["faces"]:
        response = server.call("POST", f"{FACE}?face={face['choice']}", photo, JPEG)
        assert response.status == 200, response
        chosen = response.json()
        assert chosen["error"] is None
        assert [one["role"] for one in chosen["faces"]] == ["subject", *["background"] * 5]
        assert centre(chosen["faces"][0]) == pytest.approx(centre(face), abs=5)
        extracted = server.call("POST", f"/v1/face/pattern/extract?face={face['choice']}", photo, JPEG)
        assert base64.b64decode(chosen["template"]) == extracted.body
        templates.add(chosen["template"])
    assert len(templates) == 6


def test_a_choice_without_a_face_and_one_that_is_none(server: Server) -> None:
    photo = jpeg(media.pair())
    report = server.call("POST", f"{FACE}?face=7", photo, JPEG).json()
    assert (report["error"]["code"], report["faces"]) == ("BPE-003002", [])
    assert server.call("POST", f"{FACE}?face=x", photo, JPEG).code == "BPE-002006"


def test_a_small_face_in_the_background_is_not_a_second_person(guarded: tuple[Server, str]) -> None:
    server, key = guarded
    photo = faces.jpeg(faces.scene(0.4), quality=40)
    report = face_report(server, photo, {"Content-Type": "image/jpeg", "X-API-Key": key})
    assert [face["role"] for face in report["faces"]] == ["subject", "background"]
    assert report["error"] is None
    assert report["template"]


def test_a_rejected_face_has_a_reason(server: Server) -> None:
    report = face_report(server, faces.jpeg(faces.astronaut().resize((48, 48)).resize((512, 512))))
    assert report["error"]["code"] == "BPE-003001"
    assert "is needed" in report["error"]["reason"]
    assert [face["role"] for face in report["faces"]] == ["subject"]


def test_rejected_requests_have_the_codes_of_api_lite(
    server: Server, guarded: tuple[Server, str], astronaut: bytes
) -> None:
    assert server.call("POST", FACE, b"nothing", JPEG).code == "BPE-002003"
    assert server.call("POST", FACE, astronaut, {"Content-Type": "text/plain"}).code == "BPE-002001"
    assert server.call("GET", FACE).code == "BPE-002002"
    assert server.call("POST", ABOUT).code == "BPE-002002"
    assert server.call("POST", LIVENESS, b"", JPEG).code == "LDE-002001"
    assert server.call("GET", LIVENESS).code == "LDE-002002"
    assert post_liveness(server, [part("media", b"nothing")]).code == "LDE-002004"
    assert post_liveness(server, []).code == "LDE-002004"
    assert post_liveness(server, [part("one", astronaut), part("two", astronaut)]).code == "LDE-002004"
    assert post_liveness(server, [part("media", astronaut, "text/plain")]).code == "LDE-002005"
    limited, key = guarded
    large = limited.call("POST", FACE, astronaut, {**JPEG, "X-API-Key": key})
    assert (large.status, large.code) == (413, "BPE-002007")
    assert large.json()["message"] == "Размер запроса или файла превышает допустимый"


def test_face_and_liveness_need_a_key(guarded: tuple[Server, str]) -> None:
    server, key = guarded
    for path, code in zip((console.FACE, console.LIVENESS), ("BPE-002008", "LDE-002008"), strict=True):
        assert server.call("POST", path, b"").code == code
        assert server.call("POST", path, b"", {"X-API-Key": key}).status == 400


def test_the_pad_score_of_a_photo_is_that_of_detect(server: Server) -> None:
    photo = jpeg(media.selfie())
    report = liveness_report(server, photo)
    detected = server.call("POST", "/v1/face/liveness/detect", photo, JPEG).json()
    assert (report["pad_score"], report["passed"], report["threshold"]) == (detected["score"], detected["passed"], 0.5)
    (frame,) = report["frames"]
    assert frame["pad_score"] == report["pad_score"]
    assert frame["single_person"] is True
    left, top, right, bottom = frame["box"]
    assert 0.2 < left < right < 0.8
    assert 0.1 < top < bottom < 0.7
    assert decoded_image(frame["image"]).size == (300, 400)


def test_the_pad_score_of_a_video_is_the_weighted_mean_of_its_frames(server: Server) -> None:
    clip = encode_video(face_frames(12, 640, 480), fps=4)
    report = liveness_report(server, clip)
    document = report["document"]
    (item,), (analysis,) = document["media"], document["analyses"]
    assert item["info"]["video"]["duration"] == pytest.approx(3, abs=0.3)
    assert analysis["results_media"][0]["results_data"] == {"confidence_spoofing": report["pad_score"]}
    frames = report["frames"]
    assert [frame["time"] for frame in frames] == pytest.approx([n / 4 for n in range(12)], abs=0.02)
    assert all(decoded_image(frame["image"]).size == (320, 240) for frame in frames)
    mean = np.average([frame["pad_score"] for frame in frames], weights=[frame["weight"] for frame in frames])
    assert report["pad_score"] == pytest.approx(mean, abs=1e-4)
    assert report["passed"] is (report["pad_score"] <= 0.5)
    (shot,) = analysis["results_media"][0]["output_images"]
    measures = shot["technical_meta_data"]["measures"]
    assert measures["quality"] > 0.5
    assert (abs(measures["roll"]) < 15, measures["eyes_open"] > 0.5, measures["inside"]) == (True, True, 1.0)
    assert Image.open(io.BytesIO(base64.b64decode(shot["image_b64"]))).size == (640, 480)
    assert (analysis["state"], document["resolution_status"]) == ("FINISHED", "FINISHED")
    assert analysis["resolution_status"] == document["system_resolution"]
    assert not any(frame["rotated"] for frame in frames)


def test_frames_of_an_upside_down_video_are_marked_as_rotated(server: Server) -> None:
    upside_down = [np.ascontiguousarray(frame[::-1, ::-1]) for frame in face_frames(4, 320, 320)]
    frames = liveness_report(server, encode_video(upside_down, fps=4))["frames"]
    assert [frame["rotated"] for frame in frames if frame["box"]] == [True] * 4


def test_a_frame_without_a_face_has_an_image_but_no_score(server: Server) -> None:
    blank = jpeg(media.blank(300, 400))
    members = [(f"{n}.jpg", blank if n == 1 else jpeg(media.selfie(shift=4 * n))) for n in range(4)]
    report = liveness_report(server, make_zip(members))
    frames = report["frames"]
    assert [frame["name"] for frame in frames] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert [frame["pad_score"] is None for frame in frames] == [False, True, False, False]
    assert (frames[1]["box"], frames[1]["weight"], frames[1]["single_person"]) == (None, None, None)
    assert report["document"]["media"][0]["media_type"] == "SHOTS_SET_FOLDER"


@pytest.mark.parametrize(
    ("photo", "message"),
    [(media.blank(), "Could not locate face"), (media.pair(), "More than one person")],
    ids=["no face", "two people"],
)
def test_a_photo_without_a_score_has_failed_statuses_and_its_image(
    server: Server, photo: np.ndarray[Any, Any], message: str
) -> None:
    report = liveness_report(server, jpeg(photo))
    assert (report["pad_score"], report["passed"]) == (None, None)
    document, (analysis,) = report["document"], report["document"]["analyses"]
    states = analysis["state"], analysis["resolution_status"], document["resolution_status"]
    assert (*states, document["system_resolution"]) == ("FAILED",) * 4
    assert analysis["error_code"] == 202
    assert analysis["error_message"].startswith(message)
    (frame,) = report["frames"]
    assert (frame["pad_score"], frame["box"]) == (None, None)
    assert decoded_image(frame["image"]).size == photo.shape[1::-1]


def test_the_log_does_not_contain_names_from_a_request(server: Server, astronaut: bytes) -> None:
    post_liveness(server, [part("a-secret-name", astronaut, "image/jpeg", "another-secret.jpg")])
    assert server.logged("POST /console/liveness 200")
    assert not [line for line in server.log if "secret" in line]


def test_the_page_sends_only_content_types_that_the_server_accepts(server: Server) -> None:
    script = server.call("GET", "/console/api.js").body.decode()
    sent = set(re.findall(r'"(image/[a-z]+)"', script))
    assert "image/jpeg" in sent
    assert sent <= IMAGE_TYPES
