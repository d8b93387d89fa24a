from __future__ import annotations

import base64
import io
import json
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from faceVer.domain.errors import NoFaceError, PayloadError, SampleError, SeveralFacesError, TooLargeError
from faceVer.domain.values import Face, Image, Upload
from faceVer.media.decoder import Decoder
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.service import FolderService
from faceVer.settings.loader import load_settings
from faceVer.vision.liveness.models import LivenessModels
from tests import support_liveness as support
from tests.support_faces import encoded
from tests.support_media import encode_video, jpeg, make_tar, make_zip, png
from tests.unit.services.reference import EXAMPLE


class BrightIsAttack:
    """A PAD model that scores bright pictures as attacks, so that a test sets the score by the picture."""

    def pad_score(self, image: Image, face: Face, *, start: int = 0, count: int | None = None) -> float:
        return 0.9 if image.mean() > 200 else 0.1


@pytest.fixture(scope="module")
def service(engine: FaceEngine) -> FolderService:
    return FolderService(engine, support.liveness(), load_settings({}))


@pytest.fixture(scope="module")
def scripted(engine: FaceEngine) -> FolderService:
    models = support.liveness()
    return FolderService(engine, LivenessModels(BrightIsAttack(), models.attributes, models.infos), load_settings({}))


@cache
def photo(number: int | None = 2) -> bytes:
    return jpeg(support.selfie(number))


@cache
def bright() -> bytes:
    return jpeg(np.clip(support.selfie(2).astype(int) + 95, 0, 255).astype(np.uint8))


@cache
def video(number: int | None = 2) -> bytes:
    return encode_video([support.selfie(number, shift=4 * n) for n in range(8)], fps=4)


@cache
def archive(number: int | None = 2) -> bytes:
    return make_zip([(f"{n}.jpg", jpeg(support.selfie(number, shift=4 * n))) for n in range(3)])


@cache
def empty_photo() -> bytes:
    return jpeg(support.blank())


def run(service: FolderService, media: dict[str, bytes], **payload: Any) -> dict[str, Any]:
    renamed = {key.replace("__", ":"): value for key, value in payload.items()}
    uploads = [Upload(name, data, f"{name}.bin", "application/octet-stream") for name, data in media.items()]
    document = service.run(uploads, json.dumps(renamed).encode() if renamed else None)
    json.dumps(document, allow_nan=False)
    return document


def quality(**params: Any) -> dict[str, Any]:
    return {"type": "quality", "params": params}


BIOMETRY = {"type": "biometry"}


def states(document: dict[str, Any]) -> tuple[str, ...]:
    one = document["analyses"][0]
    return one["state"], one["resolution_status"], document["resolution_status"], document["system_resolution"]


def scores(analysis: dict[str, Any]) -> list[float]:
    return [result["results_data"]["confidence_spoofing"] for result in analysis["results_media"]]


def test_a_video_a_photo_and_an_archive_with_both_analyses(scripted: FolderService, engine: FaceEngine) -> None:
    document = run(
        scripted,
        {"video1": video(), "photo1": photo(), "shots1": archive()},
        folder__meta_data={"id": "7"},
        media__tags={"video1": ["video_selfie"]},
        media__meta_data={"photo1": {"a": "b"}},
        resolution_endpoint="https://hook.example/x",
        analyses=[quality(extract_best_shot=True, threshold_spoofing=0.4), BIOMETRY],
    )
    assert list(document) == list(EXAMPLE)
    assert document["meta_data"] == {"id": "7"}
    clip, still, shots = document["media"]
    assert [item["media_type"] for item in document["media"]] == ["VIDEO_FOLDER", "IMAGE_FOLDER", "SHOTS_SET_FOLDER"]
    assert clip["info"]["video"]["duration"] == pytest.approx(2.0, abs=0.3)
    assert clip["info"]["video"]["FPS"] == pytest.approx(4, abs=0.1)
    assert clip["info"]["video"]["mime-type"] == "video/mp4"
    assert (shots["info"]["shots_set"]["width"], shots["info"]["shots_set"]["height"]) == (300, 400)
    assert still["info"]["original"]["size"] == len(photo())
    assert (still["meta_data"], clip["original_name"]) == ({"a": "b"}, "video1.bin")
    assert "video_selfie" in clip["tags"]
    check, match = document["analyses"]
    assert (check["state"], check["resolution"], check["confs"]["threshold_spoofing"]) == ("FINISHED", "SUCCESS", 0.4)
    assert scores(check) == [pytest.approx(0.1)] * 3
    images = [result["output_images"] for result in check["results_media"]]
    assert [len(found) for found in images] == [1, 0, 1], "videos and archives have a best shot, photos none"
    for found in (images[0], images[2]):
        data = base64.b64decode(found[0]["image_b64"])
        with Pil.open(io.BytesIO(data)) as picture:
            assert (picture.format, picture.size) == ("JPEG", (300, 400))
        engine.extract(data)
    assert match["resolution"] == "SUCCESS"
    assert match["results_data"]["min_confidence"] > 0.9
    assert match["group_id"] == check["group_id"]
    assert document["system_resolution"] == "SUCCESS"


def test_without_a_payload_there_is_one_quality_analysis(scripted: FolderService) -> None:
    document = run(scripted, {"m": photo()})
    assert len(document["analyses"]) == 1
    assert states(document) == ("FINISHED", "SUCCESS", "FINISHED", "SUCCESS")
    assert document["analyses"][0]["results_media"][0]["output_images"] == []


def test_the_threshold_of_the_request_decides(scripted: FolderService) -> None:
    media = {"good": photo(), "bad": bright()}
    assert states(run(scripted, media))[1:] == ("DECLINED", "FINISHED", "DECLINED")
    assert states(run(scripted, media, analyses=[quality(threshold_spoofing=0.9)]))[1] == "SUCCESS"
    assert scores(run(scripted, media)["analyses"][0]) == [pytest.approx(0.1), pytest.approx(0.9)]


def test_an_analysis_uses_its_source_media(scripted: FolderService) -> None:
    media = {"good": photo(), "bad": bright(), "empty": empty_photo()}
    document = run(
        scripted, media, analyses=[quality() | {"source_media": ["good"]}, quality() | {"source_media": ["bad"]}]
    )
    assert [item["resolution"] for item in document["analyses"]] == ["SUCCESS", "DECLINED"]
    assert [[m["original_name"] for m in item["source_media"]] for item in document["analyses"]] == [
        ["good.bin"],
        ["bad.bin"],
    ]
    assert len(document["media"]) == 3


@pytest.mark.parametrize("kind", ["image", "video", "archive"])
@pytest.mark.parametrize("analysis", [quality(extract_best_shot=True), BIOMETRY])
def test_a_medium_without_a_face_fails_its_analysis(
    scripted: FolderService, kind: str, analysis: dict[str, Any]
) -> None:
    blank = support.blank()
    data = {
        "image": empty_photo,
        "video": lambda: encode_video([blank] * 3),
        "archive": lambda: make_tar([("0.png", png(blank))]),
    }
    document = run(scripted, {"face": photo(), "empty": data[kind]()}, analyses=[analysis])
    assert states(document) == ("FAILED", "FAILED", "FAILED", "FAILED")
    one = document["analyses"][0]
    assert one["error_code"] == 202
    assert one["error_message"] == f"Could not locate face on source media [{document['media'][1]['media_id']}]"
    assert one["results_media"] == []


def test_a_second_person_in_most_frames_fails_and_in_one_does_not(scripted: FolderService) -> None:
    both, alone = support.pair(), support.selfie(0, width=600, height=300)
    for data in (jpeg(both), encode_video([both] * 4)):
        document = run(scripted, {"m": data})
        one = document["analyses"][0]
        assert (one["state"], one["error_code"]) == ("FAILED", 202)
        assert one["error_message"].startswith("More than one person")
    assert states(run(scripted, {"m": encode_video([alone, alone, both, alone, alone])}))[0] == "FINISHED"


@pytest.mark.parametrize("foreign", [1, 4, 7])
@pytest.mark.parametrize("analysis", ["biometry", "best shot"])
def test_frames_of_two_people_one_after_the_other_fail(scripted: FolderService, foreign: int, analysis: str) -> None:
    """Otherwise one person could pass liveness and another be compared and shown."""
    frames = [support.selfie(5 if n < foreign else 2, shift=4 * n) for n in range(8)]
    media = {"v": encode_video(frames, fps=4), "p": photo()}
    analyses = [{"type": "biometry"}] if analysis == "biometry" else [quality(extract_best_shot=True)]
    document = run(scripted, media, analyses=analyses)
    assert states(document)[:2] == ("FAILED", "FAILED")
    assert "More than one person" in document["analyses"][0]["error_message"]


@pytest.mark.parametrize("number", [None, 0, 1, 2, 3, 4, 5])
def test_a_turning_and_tilting_head_is_one_person(scripted: FolderService, number: int | None) -> None:
    frames = [
        np.asarray(Pil.fromarray(support.selfie(number, shift=3 * n)).rotate(4 * n - 14, fillcolor=(140, 150, 160)))
        for n in range(8)
    ]
    document = run(scripted, {"v": encode_video(frames, fps=4), "p": photo(number)}, analyses=[{"type": "biometry"}])
    assert states(document)[:2] == ("FINISHED", "SUCCESS")


def test_the_pictures_of_a_request_share_a_budget_of_pixels(engine: FaceEngine) -> None:
    def service_of(pixels: int) -> FolderService:
        settings = load_settings({"FACEVER_MAX_FOLDER_PIXELS": str(pixels)})
        models = support.liveness()
        return FolderService(engine, LivenessModels(BrightIsAttack(), models.attributes, models.infos), settings)

    media = {"z": make_zip([(f"{n}.jpg", photo()) for n in range(3)]), "p": photo()}
    assert states(run(service_of(4 * 300 * 400), media))[0] == "FINISHED"
    with pytest.raises(TooLargeError, match="together"):
        run(service_of(4 * 300 * 400 - 1), media)


def test_failures_stay_with_the_analyses_that_use_the_medium(scripted: FolderService) -> None:
    document = run(
        scripted,
        {"face": photo(), "empty": empty_photo()},
        analyses=[quality() | {"source_media": ["face"]}, BIOMETRY],
    )
    assert [item["state"] for item in document["analyses"]] == ["FINISHED", "FAILED"]
    assert document["system_resolution"] == "FAILED"


def test_identity_documents_are_left_out_of_quality(scripted: FolderService) -> None:
    tags = {"id": ["photo_id", "photo_id_front"]}
    document = run(scripted, {"id": bright()}, media__tags=tags)
    assert (states(document)[0], document["analyses"][0]["error_code"]) == ("FAILED", 5)
    document = run(scripted, {"id": bright(), "v": video()}, media__tags=tags, analyses=[quality(), BIOMETRY])
    assert [item["resolution"] for item in document["analyses"]] == ["SUCCESS", "SUCCESS"]
    assert len(document["analyses"][0]["results_media"]) == 1


def test_biometry_needs_two_media_and_the_least_similar_pair_decides(scripted: FolderService) -> None:
    one = run(scripted, {"a": photo()}, analyses=[BIOMETRY])["analyses"][0]
    assert (one["state"], one["error_code"]) == ("FAILED", 202)
    assert one["error_message"] == "Biometry. Analysis requires at least 2 media objects to process"
    document = run(scripted, {"a": photo(), "b": photo(), "c": photo(0)}, analyses=[BIOMETRY])
    found = document["analyses"][0]["results_data"]
    assert found["max_confidence"] == 1.0
    assert found["min_confidence"] < 0.5
    assert document["system_resolution"] == "DECLINED"


def test_a_face_too_blurred_to_compare_fails_biometry_only(scripted: FolderService) -> None:
    blurred = jpeg(support.blurred(support.selfie(2, width=600, height=600), 22))
    document = run(scripted, {"a": photo(), "b": blurred}, analyses=[quality(), BIOMETRY])
    assert [item["state"] for item in document["analyses"]] == ["FINISHED", "FAILED"]
    assert document["analyses"][1]["error_code"] == 202


def test_ids_are_new_for_each_request(scripted: FolderService) -> None:
    first, second = (run(scripted, {"m": photo()}) for _ in range(2))
    for key in ("folder_id",):
        assert first[key] != second[key]
    assert first["media"][0]["media_id"] != second["media"][0]["media_id"]
    assert first["time_created"] <= first["analyses"][0]["time_created"] <= first["analyses"][0]["time_updated"]
    assert first["analyses"][0]["time_updated"] <= first["time_updated"]


def test_ten_media_pass_and_eleven_are_too_many(scripted: FolderService) -> None:
    assert len(run(scripted, {f"m{n}": photo() for n in range(10)})["media"]) == 10
    with pytest.raises(TooLargeError):
        run(scripted, {f"m{n}": photo() for n in range(11)})


def test_a_file_past_the_limit_is_too_large(engine: FaceEngine) -> None:
    service = FolderService(engine, support.liveness(), load_settings({}, max_file_bytes=len(photo())))
    run(service, {"m": photo()})
    with pytest.raises(TooLargeError):
        run(service, {"m": photo() + b"\0"})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"junk" * 99,
        b"Rar!\x1a\x07\x01\x00" + bytes(99),
        photo()[:2000],
        video()[:400],
        make_zip([("a.txt", b"text")]),
    ],
)
def test_an_unreadable_file_rejects_the_request(scripted: FolderService, data: bytes) -> None:
    with pytest.raises(SampleError):
        run(scripted, {"good": photo(), "bad": data})
    with pytest.raises(SampleError):
        run(scripted, {"good": photo(), "bad": data}, analyses=[quality() | {"source_media": ["good"]}])


def test_no_medium_and_one_name_twice_are_rejected(scripted: FolderService) -> None:
    with pytest.raises(SampleError):
        scripted.run([], None)
    with pytest.raises(SampleError):
        scripted.run([Upload("m", photo()), Upload("m", photo())], None)


def test_the_error_of_a_payload_names_its_field(scripted: FolderService) -> None:
    with pytest.raises(PayloadError):
        scripted.run([Upload("m", photo())], b"{nope")
    with pytest.raises(PayloadError) as raised:
        run(scripted, {"m": photo()}, analyses=[quality(threshold_spoofing=7)])
    assert raised.value.exposed == "analyses[0].params.threshold_spoofing"


def test_the_document_has_the_size_of_the_original_picture(scripted: FolderService) -> None:
    large = Pil.fromarray(support.selfie(2, width=3000, height=4000))
    turned = Pil.Exif()
    turned[0x0112] = 6
    upright = encoded(large.transpose(Pil.Transpose.ROTATE_90), exif=turned)
    for data in (encoded(large), upright):
        info = run(scripted, {"m": data})["media"][0]["info"]["original"]
        assert (info["width"], info["height"]) == (3000, 4000)


def test_one_medium_is_in_memory_at_a_time(scripted: FolderService, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[weakref.ref[Any]] = []
    real = Decoder.medium

    def watched(*arguments: Any) -> Any:
        if arguments[3].budget is None:
            return real(*arguments)  # of a best shot, for its template
        assert all(reference() is None for reference in opened), "frames of an earlier medium are still in memory"
        found = real(*arguments)
        opened.extend(weakref.ref(frame.image) for frame in found.frames)
        return found

    monkeypatch.setattr(Decoder, "medium", watched)
    analyses = [quality(extract_best_shot=True), quality(), BIOMETRY]
    run(scripted, {"a": video(), "b": archive(), "c": photo()}, analyses=analyses)
    assert len(opened) == 8 + 3 + 1


def test_parallel_requests_have_the_results_of_sequential_ones(service: FolderService) -> None:
    def answer(number: int | None) -> Any:
        document = run(service, {"m": photo(number), "v": video(number)}, analyses=[quality(), BIOMETRY])
        return [scores(document["analyses"][0]), document["analyses"][1]["results_data"]]

    people = [None, 2] * 3
    alone = [answer(number) for number in people[:2]] * 3
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(answer, people)) == alone


def test_a_single_photo_is_scored(service: FolderService, scripted: FolderService) -> None:
    passed, score = service.detect_image(photo())
    assert passed == (score <= 0.5)
    assert 0 <= score == round(score, 6) <= 1
    assert scripted.detect_image(photo())[0] is True
    assert scripted.detect_image(bright())[0] is False
    for data, error in (
        (empty_photo(), NoFaceError),
        (jpeg(support.pair()), SeveralFacesError),
        (b"text", SampleError),
    ):
        with pytest.raises(error):
            service.detect_image(data)


def test_the_threshold_itself_passes(engine: FaceEngine) -> None:
    models = support.liveness()
    at = load_settings({}, spoofing_threshold=0.9)
    service = FolderService(engine, LivenessModels(BrightIsAttack(), models.attributes, models.infos), at)
    assert service.detect_image(bright()) == (True, 0.9)


def test_probe_runs_and_models_are_named(service: FolderService) -> None:
    service.probe()
    assert {info.task for info in service.infos} >= {"liveness"}


@pytest.mark.parametrize(
    ("name", "passes"),
    [
        ("real-1.mp4", True),
        ("real-2.jpg", True),
        ("spoof-1.mp4", False),
        ("spoof-2.jpg", False),
        ("spoof-3.jpg", False),
    ],
)
def test_development_data(service: FolderService, data_folder: Path, name: str, passes: bool) -> None:
    data = (data_folder / "liveness-dev" / name).read_bytes()
    document = run(service, {"m": data}, analyses=[quality(extract_best_shot=True)])
    assert document["system_resolution"] == ("SUCCESS" if passes else "DECLINED")
    assert scores(document["analyses"][0]) == [service.pad_score(data).score]
