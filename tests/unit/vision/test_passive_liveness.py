from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceVer.domain.errors import InferenceError, SetupError
from faceVer.domain.values import Face, Image
from faceVer.inference.manifest import load_manifest, weights_folder
from faceVer.media.image import decode
from faceVer.services.faces import FaceEngine
from faceVer.settings.loader import load_settings
from faceVer.settings.model import Settings
from faceVer.vision.liveness.models import pad_models
from faceVer.vision.liveness.passive import (
    FACEPLUGIN,
    LOGIT_LIMIT,
    SILENT_FACE_V1SE,
    SILENT_FACE_V2,
    Feeding,
    MiniFasNet,
    PadEnsemble,
    face_crop,
    face_views,
    largest_scale,
    logit,
)
from tests import support_liveness as support
from tests.support_models import load_liveness_models
from tests.support_silent_face import published, weights_with


def a_face(left: float, top: float, right: float, bottom: float) -> Face:
    return Face(np.array([left, top, right, bottom], np.float32), np.zeros((5, 2), np.float32), 0.9)


class Constant:
    """A liveness model that always says the same."""

    def __init__(self, score: float) -> None:
        self.score = score

    def pad_score(self, image: Image, face: Face, *, start: int = 0, count: int | None = None) -> float:
        return self.score


class Logits:
    """A session that gives these logits."""

    def __init__(self, *logits: float, side: int = 128) -> None:
        self.logits, self.side = logits, side

    def run(self, tensor: Any) -> list[Any]:
        assert tensor.shape[1:] == (3, self.side, self.side)
        assert tensor.dtype == np.float32
        return [np.array([self.logits] * len(tensor), np.float32)]


SCALES = FACEPLUGIN.scales
BLACK = np.zeros((400, 400, 3), np.uint8)


def test_views_are_every_scale_plain_and_mirrored() -> None:
    found = face_views(BLACK, a_face(150, 150, 250, 250), SCALES)
    assert sorted(found) == sorted((scale, turn) for scale in SCALES for turn in (False, True))
    assert all(a != b for a, b in pairwise(found))
    assert [turn for _, turn in found[:3]] == [False, True, False]


def test_views_that_the_picture_makes_equal_count_once() -> None:
    assert face_views(BLACK, a_face(100, 100, 300, 300), SCALES) == [(1.995, False), (1.995, True)]
    assert len(face_views(BLACK, a_face(126, 126, 276, 276), SCALES)) == 4
    assert {scale for scale, _ in face_views(BLACK, a_face(126, 126, 276, 276), SCALES)} == {2.4, 2.66}


@settings(max_examples=60)
@given(
    st.integers(2, 300), st.integers(2, 300),
    st.floats(-100, 400), st.floats(-100, 400), st.floats(0.5, 500), st.floats(0.5, 500),
)  # fmt: skip
def test_crops_stay_inside_any_picture(
    width: int, height: int, left: float, top: float, wide: float, high: float
) -> None:
    image = np.full((height, width, 3), 77, np.uint8)
    face = a_face(left, top, left + wide, top + high)
    crop = face_crop(image, face, min(2.7, largest_scale(image, face)), 128)
    assert crop.shape == (128, 128, 3)
    assert (crop == 77).all()


def test_crop_is_the_box_grown_about_its_centre_and_shifted_inside() -> None:
    ramp = np.broadcast_to(np.arange(256, dtype=np.uint8)[None, :, None], (256, 256, 3))
    middle = face_crop(np.ascontiguousarray(ramp), a_face(118, 118, 138, 138), 2.0, 128)
    assert middle[64, [0, 127], 0].tolist() == pytest.approx([108, 147], abs=1)
    edge = face_crop(np.ascontiguousarray(ramp), a_face(0, 118, 20, 138), 2.0, 128)
    assert edge[64, [0, 127], 0].tolist() == pytest.approx([0, 39], abs=1)


def test_score_is_what_is_not_live() -> None:
    face = a_face(150, 150, 250, 250)
    score = MiniFasNet(Logits(2.0, 1.0, 0.0)).pad_score(BLACK, face)  # type: ignore[arg-type]
    assert score == pytest.approx(1 - np.exp(2) / np.exp([0, 1, 2]).sum())
    assert MiniFasNet(Logits(-2000.0, 1000.0, 0.0)).pad_score(BLACK, face) == 1.0  # type: ignore[arg-type]
    with pytest.raises(InferenceError):
        MiniFasNet(Logits(float("nan"), 0.0, 0.0)).pad_score(BLACK, face)  # type: ignore[arg-type]


def test_channels_are_fed_blue_first() -> None:
    class Seen(Logits):
        def run(self, tensor: Any) -> list[Any]:
            assert tensor[0, :, 64, 64].tolist() == [3, 2, 1]
            return super().run(tensor)

    image = np.broadcast_to(np.array([1, 2, 3], np.uint8), (400, 400, 3))
    MiniFasNet(Seen(0, 0, 0)).pad_score(image, a_face(150, 150, 250, 250))  # type: ignore[arg-type]


@pytest.mark.parametrize("feeding", [SILENT_FACE_V2, SILENT_FACE_V1SE])
def test_each_model_is_fed_at_its_own_scale_and_size(feeding: Feeding) -> None:
    class Seen(Logits):
        shown: list[Any]

        def run(self, tensor: Any) -> list[Any]:
            self.shown = [*tensor[:, 0]]
            return super().run(tensor)

    ramp = np.ascontiguousarray(np.broadcast_to(np.arange(400)[None, :, None] // 2, (400, 400, 3)).astype(np.uint8))
    session = Seen(0.0, 3.0, 0.0, side=80)
    score = MiniFasNet(session, feeding).pad_score(ramp, a_face(175, 175, 225, 225))  # type: ignore[arg-type]
    assert score == pytest.approx(1 - np.exp(3) / (2 + np.exp(3)))
    plain, mirrored = session.shown
    assert plain[40, 79] - plain[40, 0] == pytest.approx(50 * feeding.scales[0] / 2, abs=2)
    assert (mirrored == plain[:, ::-1]).all()


def combined(*scores: float, weights: tuple[float, ...] = (), offset: float = 0.0) -> float:
    chosen = weights or [1 / len(scores)] * len(scores)
    models = [(Constant(score), weight) for score, weight in zip(scores, chosen, strict=True)]
    return PadEnsemble(models, offset).pad_score(BLACK, a_face(150, 150, 250, 250))


def test_several_models_give_the_mean_of_their_logits() -> None:
    assert combined(0.2, 0.8) == pytest.approx(0.5)
    assert combined(0.2, 0.2) == pytest.approx(0.2)
    assert combined(0.5, 0.9) == pytest.approx(0.75)
    assert logit(combined(0.3, 0.6, weights=(2.0, 0.5), offset=-1.0)) == pytest.approx(
        2 * logit(0.3) + 0.5 * logit(0.6) - 1
    )
    for wrong in ([], [(Constant(0.2), 0.0)], [(Constant(0.2), -1.0), (Constant(0.2), 2.0)]):
        with pytest.raises(ValueError, match="weight"):
            PadEnsemble(wrong)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=4), st.data())
def test_a_combined_score_lies_among_the_models_and_rises_with_each(scores: list[float], data: st.DataObject) -> None:
    found = combined(*scores)
    limits = [1 / (1 + np.exp(-logit(score))) for score in scores]
    assert min(limits) - 1e-9 <= found <= max(limits) + 1e-9
    which = data.draw(st.integers(0, len(scores) - 1))
    higher = [data.draw(st.floats(score, 1)) if number == which else score for number, score in enumerate(scores)]
    assert combined(*higher) >= found - 1e-12


def test_a_model_that_is_sure_does_not_outvote_all_others() -> None:
    assert logit(0.0) == -LOGIT_LIMIT == -logit(1.0)
    assert logit(1e-30) == -LOGIT_LIMIT
    assert combined(0.0, 1.0) == pytest.approx(0.5)
    assert combined(1.0, 0.01, 0.01) < 0.5


def test_single_views_average_to_the_whole(engine: FaceEngine) -> None:
    subject = engine.subject(support.selfie(width=600, height=600))
    model = support.liveness().pad
    many = len(face_views(subject.image, subject.face, SCALES))
    singles = [model.pad_score(subject.image, subject.face, start=n, count=1) for n in range(many)]
    assert model.pad_score(subject.image, subject.face) == pytest.approx(np.mean(singles), abs=1e-9)
    assert model.pad_score(subject.image, subject.face, start=many + 1, count=1) == singles[1]
    assert model.pad_score(subject.image, subject.face, count=100) == model.pad_score(subject.image, subject.face)


def test_the_same_bits_from_many_threads(engine: FaceEngine) -> None:
    subjects = [engine.subject(support.selfie(number)) for number in (None, 1, 2)] * 4
    model = support.liveness().pad
    alone = [model.pad_score(found.image, found.face) for found in subjects]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda found: model.pad_score(found.image, found.face), subjects)) == alone


@pytest.mark.parametrize(("name", "attack"), [("real-2.jpg", False), ("spoof-2.jpg", True), ("spoof-3.jpg", True)])
def test_photos_of_the_development_data(engine: FaceEngine, data_folder: Path, name: str, attack: bool) -> None:
    subject = engine.subject(decode((data_folder / "liveness-dev" / name).read_bytes(), max_pixels=10**7))
    score = support.liveness().pad.pad_score(subject.image, subject.face)
    assert (score > 0.5) is attack


def test_a_folder_pack_uses_the_default_packs_models(tmp_path: Path) -> None:
    models = load_liveness_models(load_settings({}, pack=str(tmp_path)))
    assert [info.task for info in models.infos] == ["liveness", "landmarks", "eyes", "pose"]


def changed(tmp_path: Path, text: str = "") -> Settings:
    """Settings of a weights folder like the real one, with `text` added to the manifest."""
    folder = weights_folder("")
    for path in folder.iterdir():
        if path.suffix in (".onnx", ".json", ".toml"):
            shutil.copy(path, tmp_path)
    manifest = tmp_path / "manifest.toml"
    manifest.write_text(manifest.read_text() + text)
    return load_settings({}, weights=str(tmp_path))


def test_a_missing_or_altered_weight_stops_the_liveness_side_with_a_setup_error(tmp_path: Path) -> None:
    settings = changed(tmp_path)
    load_liveness_models(settings)
    (tmp_path / "minifasnet.onnx").write_bytes(b"altered")
    with pytest.raises(SetupError, match="minifasnet are altered"):
        load_liveness_models(settings)
    (tmp_path / "minifasnet.onnx").unlink()
    with pytest.raises(SetupError, match="weights fetch"):
        load_liveness_models(settings)


FUSION = "\n[packs.open.fusion.photo]\n"


@pytest.mark.parametrize(
    "line",
    [
        "weights = {minifasnet = 0}",
        "weights = {minifasnet = -1}",
        "weights = {other = 1}",
        'weights = {minifasnet = "much"}',
        "weights = {minifasnet = nan}",
        "offset = inf",
        'offset = "much"',
        "weights = 1",
    ],
)
def test_wrong_weights_of_models_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(SetupError, match=r"fusion\.photo|manifest"):
        load_liveness_models(changed(tmp_path, f"{FUSION}{line}\n"))


def test_weights_are_by_medium(tmp_path: Path, engine: FaceEngine) -> None:
    with pytest.raises(SetupError, match="photo and video"):
        load_liveness_models(changed(tmp_path, "\n[packs.open.fusion.film]\noffset = 1\n"))
    models = load_liveness_models(changed(tmp_path, f"{FUSION}offset = 1\nweights = {{minifasnet = 2}}\n"))
    subject = engine.subject(support.selfie())
    plain = support.liveness().pad.pad_score(subject.image, subject.face)
    photo = models.pad_of(is_photo=True).pad_score(subject.image, subject.face)
    assert logit(photo) == pytest.approx(2 * logit(plain) + 1)
    assert models.pad_of(is_photo=False).pad_score(subject.image, subject.face) == plain, "videos keep their bits"


@pytest.mark.parametrize(("pack", "found_by"), [("open+silent-face", "centerface"), ("open-2+silent-face", "yunet")])
def test_packs_with_silent_face(tmp_path: Path, data_folder: Path, pack: str, found_by: str) -> None:
    folder = weights_with(published(data_folder), tmp_path)
    chosen = load_settings({}, pack=pack, weights=str(folder))
    engine = FaceEngine.load(chosen)
    assert engine.infos[0].name == found_by
    models = load_liveness_models(chosen)
    assert [info.name for info in models.infos[:3]] == ["minifasnet", "silent-face-v2", "silent-face-v1se"]
    alone = pad_models(load_manifest(folder), load_manifest(folder).pack(pack), engine.backend).values()
    for name, attack in (("real-2.jpg", False), ("spoof-2.jpg", True), ("spoof-3.jpg", True)):
        subject = engine.subject(decode((data_folder / "liveness-dev" / name).read_bytes(), max_pixels=10**7))
        scores = [model.pad_score(subject.image, subject.face) for model in alone]
        assert [score > 0.5 for score in scores] == [attack] * 3, "each of the models tells them apart"
        found = models.pad.pad_score(subject.image, subject.face)
        assert logit(found) == pytest.approx(np.dot([0.5, 0.25, 0.25], [logit(score) for score in scores]))


@pytest.mark.parametrize("pack", ["open+silent-face", "open-2+silent-face"])
def test_without_its_files_such_a_pack_does_not_start(tmp_path: Path, pack: str) -> None:
    folder = weights_with([], tmp_path)
    with pytest.raises(
        SetupError, match=r"silent-face-v2 are missing .* run `facever weights import silent-face FILE…`"
    ):
        FaceEngine.load(load_settings({}, pack=pack, weights=str(folder)))
