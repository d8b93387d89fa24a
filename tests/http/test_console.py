"""What the console's page asks of the server, against a real one; tests/browser tests the page itself."""

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
from tests.support_server import JPEG, Answer, Server, form, part

FACE, LIVENESS, ABOUT, STATUS = "/console/face", "/console/liveness", "/console/about", "/console/status"
FORM = {"Content-Type": "multipart/form-data; boundary=72468"}


@pytest.fixture(scope="module")
def guarded() -> Iterator[tuple[Server, str]]:
    """A server with a key, other thresholds and a small limit, and the key."""
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


def examined(server: Server, picture: bytes, headers: dict[str, str] | None = None) -> Any:
    answer = server.call("POST", FACE, picture, headers or JPEG)
    assert answer.status == 200, answer
    return answer.json()


def inspected(server: Server, medium: bytes, name: str = "medium") -> Any:
    answer = inspect(server, [part(name, medium, "application/octet-stream", "a file")])
    assert answer.status == 200, answer
    return answer.json()


def inspect(server: Server, parts: list[bytes]) -> Answer:
    return server.call("POST", LIVENESS, form(parts), FORM)


def picture_of(document: Any) -> Image.Image:
    picture = Image.open(io.BytesIO(base64.b64decode(document["jpeg"], validate=True)))
    assert (picture.format, picture.size) == ("JPEG", (document["width"], document["height"]))
    return picture.convert("RGB")


def centre(face: Any) -> tuple[float, float]:
    left, top, right, bottom = face["box"]
    return (left + right) / 2, (top + bottom) / 2


def test_the_page_has_words_for_every_code_and_status(server: Server) -> None:
    words = server.call("GET", "/console/words.js").body.decode()
    codes = {code[4:] for _, code in TABLE.outcomes if code.startswith(("BPE", "LDE"))}
    assert codes == set(re.findall(r'"(\d{6})": \[', words))
    for field, values in (
        ("state", AnalysisState),
        ("resolution_status", set(Resolution) - {Resolution.INITIAL}),
        ("folder_status", FolderState),
        ("system_resolution", Resolution),
    ):
        table = re.search(rf"{field}: \[\s*\"[^\"]+\",\s*\{{(.*?)\}}", words, re.DOTALL)
        assert table is not None
        assert set(re.findall(r"([A-Z_]+): \"", table[1])) == {one.value for one in values}


def test_about_tells_the_settings_and_the_calibration(server: Server, settings: Settings) -> None:
    about = server.call("GET", ABOUT).json()
    version = server.call("GET", "/version").json()
    assert (about["version"], about["runtime"]) == (version["core"], version["tfss"])
    assert [f"{one['version']} {one['sha256']}" for one in about["models"]] == [
        one["version"] for one in version["models"]
    ]
    recognition = load_manifest(weights_folder("")).pack(settings.models.pack).recognition
    assert recognition.calibration is not None
    points = about["calibration"]["points"]
    assert [tuple(point.values()) for point in points] == [tuple(point) for point in recognition.calibration.points]
    assert {tuple(point) for point in points} == {("fmr", "cosine", "score", "tar")}
    assert about["calibration"]["slope"] == recognition.calibration.slope
    assert next(one for one in about["models"] if one["task"] == "recognition")["licence"] == recognition.licence
    assert about["thresholds"] == {"approve": 0.85, "operator": 0.85, "spoofing": 0.5}
    assert about["limits"]["file_bytes"] == settings.limits.max_file_bytes
    assert (about["key"], about["docs"], about["language"], about["liveness"]) == (False, True, "en", True)


def test_about_follows_the_settings(guarded: tuple[Server, str]) -> None:
    about = guarded[0].call("GET", ABOUT).json()
    assert (about["key"], about["docs"], about["language"]) == (True, False, "ru")
    assert about["thresholds"] == {"approve": 0.85, "operator": 0.5, "spoofing": 0.5}
    assert about["limits"]["file_bytes"] == 60_000


def test_status_counts_work_and_not_its_own_reading(server: Server, astronaut: bytes) -> None:
    before = server.call("GET", STATUS).json()
    assert before["health"] == {"pattern": "", "liveness": ""}
    server.call("GET", "/")
    server.call("GET", "/v1/face/pattern/health")
    server.extract(b"nothing")
    examined(server, astronaut)
    after = server.call("GET", STATUS).json()
    counts = {digit: number - before["requests"].get(digit, 0) for digit, number in after["requests"].items()}
    assert {digit: number for digit, number in counts.items() if number} == {"2": 1, "4": 1}
    assert after["faces"] == before["faces"] + 1
    assert (after["workers"], after["in_flight"], after["queue"]) == (1, 0, 0)
    assert after["memory"] > 50_000_000
    assert after["uptime"] > 0


def test_the_numbers_need_a_key_where_metrics_do(guarded: tuple[Server, str]) -> None:
    server, key = guarded
    assert server.call("GET", STATUS).code == "BPE-002008"
    assert server.call("GET", STATUS, headers={"X-API-Key": key}).status == 200
    assert server.call("GET", ABOUT).status == 200


def test_a_face_gets_the_template_that_extract_gives(server: Server, astronaut: bytes) -> None:
    found = examined(server, astronaut)
    template = base64.b64decode(found["template"], validate=True)
    assert template == server.template(astronaut)
    assert (found["template_bytes"], found["error"], found["turned"]) == (len(template), None, 0)
    assert (found["width"], found["height"]) == (512, 512)
    picture_of(found["preview"])
    (face,) = found["faces"]
    assert face["role"] == "subject"
    assert 0.5 < face["confidence"] <= 1
    # Eyes, tip of the nose and corners of the mouth, marked by hand.
    wanted = [(203, 100), (246, 103), (223, 126), (204, 141), (243, 141)]
    assert np.abs(np.array(face["landmarks"]) - wanted).max() < 5
    x, y = centre(face)
    assert abs(x - 224) < 12
    assert abs(y - 120) < 20


def test_quick_detection_examines_as_it_extracts() -> None:
    engine = FaceEngine.load(load_settings({"FACEVER_DETECTION": "quick"}))
    photo = faces.jpeg(faces.astronaut().resize((2048, 2048)).crop((0, 0, 2048, 1600)))
    found = engine.examine(photo)
    assert found.template == engine.extract(photo)
    assert found.size == (2048, 1600)
    assert found.image.shape[1] < 2048
    box = found.faces[0].box * (2048 / found.image.shape[1]) / 4
    assert 170 < box[0] < 205
    assert 235 < box[2] < 275


def test_a_template_compares_as_it_is(server: Server, astronaut: bytes) -> None:
    template = base64.b64decode(examined(server, astronaut)["template"])
    parts = [part(name, template, "application/octet-stream") for name in ("bio_feature", "bio_template")]
    assert server.post("compare", parts).json() == {"score": 1.0, "decision": "approved"}


def test_a_large_photo_is_shown_small_and_its_face_told_in_its_own_pixels(server: Server) -> None:
    found = examined(server, faces.jpeg(faces.astronaut().resize((4000, 4000))))
    assert (found["width"], found["preview"]["width"], found["preview"]["height"]) == (4000, 960, 960)
    (face,) = found["faces"]
    left, top, right, bottom = face["box"]
    on_preview = ((right - left) * (bottom - top)) ** 0.5
    assert face["side"] == pytest.approx(on_preview * 4000 / 960, rel=0.02)
    x, y = centre(face)
    assert (x, y) == (pytest.approx(224 * 960 / 512, abs=25), pytest.approx(120 * 960 / 512, abs=40))


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_photo_with_an_orientation_is_shown_upright(server: Server, orientation: int) -> None:
    picture = faces.astronaut().crop((0, 0, 512, 400))
    found = examined(server, faces.turned_away(picture, orientation))
    assert (found["width"], found["height"], found["turned"]) == (512, 400, 0)
    shown = np.asarray(picture_of(found["preview"]), np.int16)
    assert np.abs(shown - np.asarray(picture, np.int16)).mean() < 8
    x, y = centre(found["faces"][0])
    assert abs(x - 224) < 12
    assert abs(y - 120) < 20


def test_a_photo_that_lies_on_its_side_is_turned_with_what_was_found(server: Server) -> None:
    picture = faces.astronaut().crop((0, 0, 512, 400))
    found = examined(server, faces.jpeg(picture.rotate(90, expand=True)))
    assert (found["turned"], found["width"], found["height"]) == (270, 400, 512)
    assert (found["preview"]["width"], found["preview"]["height"]) == (512, 400)
    shown = np.asarray(picture_of(found["preview"]), np.int16)
    assert np.abs(shown - np.asarray(picture, np.int16)).mean() < 8
    x, y = centre(found["faces"][0])
    assert abs(x - 224) < 12
    assert abs(y - 120) < 20


def test_heic_and_base64_are_taken(server: Server, astronaut: bytes) -> None:
    heic = faces.encoded(faces.astronaut(), "HEIF")
    assert picture_of(examined(server, heic, {"Content-Type": "image/heic"})["preview"]).size == (512, 512)
    encoded = examined(
        server, base64.b64encode(astronaut), {"Content-Type": "image/jpeg", "Content-Transfer-Encoding": "base64"}
    )
    assert encoded == examined(server, astronaut)


def test_no_face_is_an_error_with_the_picture(server: Server) -> None:
    found = examined(server, faces.jpeg(faces.no_face()))
    assert (found["faces"], found["template"], found["template_bytes"]) == ([], None, None)
    assert found["error"]["code"] == "BPE-003002"
    assert found["error"]["message"] == "The biometric sample is missing face"
    assert picture_of(found["preview"]).size == (96, 72)


def test_two_people_are_an_error_with_both_outlined(server: Server) -> None:
    found = examined(server, jpeg(media.pair()))
    assert found["error"]["code"] == "BPE-003003"
    assert re.fullmatch(r"a second face of \d\.\d\d of the subject's side", found["error"]["why"])
    assert found["template"] is None
    assert [face["role"] for face in found["faces"]] == ["subject", "second"]
    assert sorted(centre(face)[0] > 300 for face in found["faces"]) == [False, True]


def test_a_small_face_behind_is_passed_over(guarded: tuple[Server, str]) -> None:
    server, key = guarded
    photo = faces.jpeg(faces.scene(0.4), quality=40)
    found = examined(server, photo, {"Content-Type": "image/jpeg", "X-API-Key": key})
    assert [face["role"] for face in found["faces"]] == ["subject", "background"]
    assert found["error"] is None
    assert found["template"]


def test_a_face_that_cannot_be_used_says_why(server: Server) -> None:
    blurred = examined(server, faces.jpeg(faces.astronaut().resize((48, 48)).resize((512, 512))))
    assert blurred["error"]["code"] == "BPE-003001"
    assert "is needed" in blurred["error"]["why"]
    assert [face["role"] for face in blurred["faces"]] == ["subject"]


def test_errors_of_requests_are_the_contracts(server: Server, guarded: tuple[Server, str], astronaut: bytes) -> None:
    assert server.call("POST", FACE, b"nothing", JPEG).code == "BPE-002003"
    assert server.call("POST", FACE, astronaut, {"Content-Type": "text/plain"}).code == "BPE-002001"
    assert server.call("GET", FACE).code == "BPE-002002"
    assert server.call("POST", ABOUT).code == "BPE-002002"
    assert server.call("POST", LIVENESS, b"", JPEG).code == "LDE-002001"
    assert server.call("GET", LIVENESS).code == "LDE-002002"
    assert inspect(server, [part("medium", b"nothing")]).code == "LDE-002004"
    assert inspect(server, []).code == "LDE-002004"
    assert inspect(server, [part("one", astronaut), part("two", astronaut)]).code == "LDE-002004"
    assert inspect(server, [part("medium", astronaut, "text/plain")]).code == "LDE-002005"
    limited, key = guarded
    large = limited.call("POST", FACE, astronaut, {**JPEG, "X-API-Key": key})
    assert (large.status, large.code) == (413, "BPE-002007")
    assert large.json()["message"] == "Размер запроса или файла превышает допустимый"


def test_every_path_that_works_takes_a_key(guarded: tuple[Server, str]) -> None:
    server, key = guarded
    for path, code in zip((console.FACE, console.MEDIUM), ("BPE-002008", "LDE-002008"), strict=True):
        assert server.call("POST", path, b"").code == code
        assert server.call("POST", path, b"", {"X-API-Key": key}).status == 400


def test_a_photo_gets_the_score_that_detect_gives(server: Server) -> None:
    photo = jpeg(media.selfie())
    found = inspected(server, photo)
    told = server.call("POST", "/v1/face/liveness/detect", photo, JPEG).json()
    assert (found["score"], found["passed"], found["threshold"]) == (told["score"], told["passed"], 0.5)
    (frame,) = found["frames"]
    assert frame["attack"] == found["score"]
    assert frame["alone"] is True
    left, top, right, bottom = frame["box"]
    assert 0.2 < left < right < 0.8
    assert 0.1 < top < bottom < 0.7
    assert picture_of(frame["picture"]).size == (300, 400)


def test_a_video_is_told_frame_by_frame(server: Server) -> None:
    clip = encode_video(face_frames(12, 640, 480), fps=4)
    found = inspected(server, clip)
    document = found["document"]
    (medium,), (analysis,) = document["media"], document["analyses"]
    assert medium["info"]["video"]["duration"] == pytest.approx(3, abs=0.3)
    assert analysis["results_media"][0]["results_data"] == {"confidence_spoofing": found["score"]}
    frames = found["frames"]
    assert [frame["time"] for frame in frames] == pytest.approx([n / 4 for n in range(12)], abs=0.02)
    assert all(picture_of(frame["picture"]).size == (320, 240) for frame in frames)
    mean = np.average([frame["attack"] for frame in frames], weights=[frame["weight"] for frame in frames])
    assert found["score"] == pytest.approx(mean, abs=1e-4)
    assert found["passed"] is (found["score"] <= 0.5)
    (shot,) = analysis["results_media"][0]["output_images"]
    assert Image.open(io.BytesIO(base64.b64decode(shot["image_b64"]))).size == (640, 480)
    assert (analysis["state"], document["resolution_status"]) == ("FINISHED", "FINISHED")
    assert analysis["resolution_status"] == document["system_resolution"]
    assert not any(frame["turned"] for frame in frames)


def test_frames_that_had_to_be_turned_are_told(server: Server) -> None:
    upside_down = [np.ascontiguousarray(frame[::-1, ::-1]) for frame in face_frames(4, 320, 320)]
    frames = inspected(server, encode_video(upside_down, fps=4))["frames"]
    assert [frame["turned"] for frame in frames if frame["box"]] == [True] * 4


def test_frames_without_a_face_are_shown_and_do_not_count(server: Server) -> None:
    blank = jpeg(media.blank(300, 400))
    members = [(f"{n}.jpg", blank if n == 1 else jpeg(media.selfie(shift=4 * n))) for n in range(4)]
    found = inspected(server, make_zip(members))
    assert [frame["name"] for frame in found["frames"]] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert [frame["attack"] is None for frame in found["frames"]] == [False, True, False, False]
    assert (found["frames"][1]["box"], found["frames"][1]["weight"], found["frames"][1]["alone"]) == (None, None, None)
    assert found["document"]["media"][0]["media_type"] == "SHOTS_SET_FOLDER"


@pytest.mark.parametrize(
    ("picture", "message"),
    [(media.blank(), "Could not locate face"), (media.pair(), "More than one person")],
    ids=["no face", "two people"],
)
def test_a_medium_that_cannot_be_scored_is_shown_with_its_statuses(
    server: Server, picture: np.ndarray[Any, Any], message: str
) -> None:
    found = inspected(server, jpeg(picture))
    assert (found["score"], found["passed"]) == (None, None)
    document, (analysis,) = found["document"], found["document"]["analyses"]
    states = analysis["state"], analysis["resolution_status"], document["resolution_status"]
    assert (*states, document["system_resolution"]) == ("FAILED",) * 4
    assert analysis["error_code"] == 202
    assert analysis["error_message"].startswith(message)
    (frame,) = found["frames"]
    assert (frame["attack"], frame["box"]) == (None, None)
    assert picture_of(frame["picture"]).size == picture.shape[1::-1]


def test_nothing_of_a_request_is_in_the_log(server: Server, astronaut: bytes) -> None:
    inspect(server, [part("a-secret-name", astronaut, "image/jpeg", "another-secret.jpg")])
    assert server.logged("POST /console/liveness 200")
    assert not [line for line in server.log if "secret" in line]


def test_the_page_states_types_that_the_server_accepts(server: Server) -> None:
    script = server.call("GET", "/console/api.js").body.decode()
    stated = set(re.findall(r'"(image/[a-z]+)"', script))
    assert "image/jpeg" in stated
    assert stated <= IMAGE_TYPES
