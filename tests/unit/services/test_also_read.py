"""Templates of two real packs in one engine: FACEVER_PACK=open-2 FACEVER_ALSO_READ=open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from faceVer.domain.errors import OtherModelError, SetupError, TemplateError
from faceVer.inference.manifest import load_manifest, weights_folder
from faceVer.observability import timings
from faceVer.observability.timings import Trace
from faceVer.services.faces import FaceEngine
from faceVer.settings.loader import load_settings
from tests import support_faces as faces

BOTH = {"FACEVER_PACK": "open-2", "FACEVER_ALSO_READ": "open"}
OLD, NEW = "mobilefacenet-0.0.1-87aacdfe5751", "sface-1.1.1-fb143eea0783-quantize-centre"


@pytest.fixture(scope="module")
def newer() -> FaceEngine:
    return FaceEngine.load(load_settings({"FACEVER_PACK": "open-2"}))


@pytest.fixture(scope="module")
def both() -> FaceEngine:
    return FaceEngine.load(load_settings(BOTH))


@pytest.fixture(scope="module")
def photos() -> list[bytes]:
    return [faces.jpeg(faces.person(number)) for number in range(6)]


@pytest.fixture(scope="module")
def old(engine: FaceEngine, photos: list[bytes]) -> list[bytes]:
    return [engine.extract(photo) for photo in photos]


@pytest.fixture(scope="module")
def new(newer: FaceEngine, photos: list[bytes]) -> list[bytes]:
    return [newer.extract(photo) for photo in photos]


@pytest.fixture
def trace() -> Iterator[Trace]:
    one = Trace()
    token = timings.current.set(one)
    yield one
    timings.current.reset(token)


def test_templates_are_made_by_the_new_model(both: FaceEngine, photos: list[bytes], new: list[bytes]) -> None:
    assert [both.extract(photo) for photo in photos] == new
    assert [(info.task, info.name) for info in both.infos][-2:] == [
        ("recognition", "sface"),
        ("older-recognition", "mobilefacenet"),
    ]
    both.probe()


def test_old_templates_are_compared_exactly_as_by_their_own_server(
    both: FaceEngine, engine: FaceEngine, newer: FaceEngine, old: list[bytes], new: list[bytes]
) -> None:
    assert both.compare_n(old[0], old) == engine.compare_n(old[0], old)
    assert both.compare(old[1], old[2]) == engine.compare(old[1], old[2])
    assert both.compare_n(new[0], new) == newer.compare_n(new[0], new)


def test_a_photo_is_compared_with_each_template_by_its_model(
    both: FaceEngine, engine: FaceEngine, newer: FaceEngine, photos: list[bytes], old: list[bytes], new: list[bytes]
) -> None:
    gallery = [template for pair in zip(old, new, strict=True) for template in pair]
    vector, found = both.verify(photos[0], gallery)
    assert both.encode(vector) == new[0]
    assert found[1::2] == newer.verify(photos[0], new)[1]
    own = engine.verify(photos[0], old)[1]
    # Only the alignment differs: pack open-2's in place of open's.
    assert [one.cosine for one in found[::2]] == pytest.approx([one.cosine for one in own], abs=0.08)
    assert [one.decision for one in found[::2]] == [one.decision for one in own]
    assert [one.decision for one in found] == ["approved"] * 2 + ["declined"] * 10
    assert both.verify(photos[0], gallery[::-1])[1] == found[::-1]


def test_the_probe_is_embedded_once_per_model_that_is_needed(
    both: FaceEngine, photos: list[bytes], old: list[bytes], new: list[bytes], trace: Trace
) -> None:
    both.verify(photos[0], new)
    assert sum(name == "embed" for name, _ in trace.timings) == 1
    both.verify(photos[0], old * 50 + new * 50)
    assert sum(name == "embed" for name, _ in trace.timings) == 3
    assert np.sum(trace.compared, axis=0).tolist() == [6 + 300, 300]


def test_templates_of_two_models_cannot_be_compared(both: FaceEngine, old: list[bytes], new: list[bytes]) -> None:
    for call in (
        lambda: both.compare(old[0], new[0]),
        lambda: both.compare_n(old[0], [old[1], new[0]]),
        lambda: both.compare_n(old[0], new),
    ):
        with pytest.raises(OtherModelError) as raised:
            call()
        assert raised.value.exposed.startswith(f"made by {OLD} and {NEW}, which cannot be compared; send the photo")


def test_one_bad_template_among_two_models_is_an_error(
    both: FaceEngine, photos: list[bytes], old: list[bytes], new: list[bytes]
) -> None:
    for bad in (b"", old[0][:-1], new[0][:-1], old[0][:-1] + b"\0", b"FVTP" + bytes(1114)):
        with pytest.raises(TemplateError):
            both.verify(photos[0], [old[1], new[1], bad])


def test_without_the_setting_the_error_names_both_models_and_the_way_out(
    newer: FaceEngine, photos: list[bytes], old: list[bytes], new: list[bytes]
) -> None:
    told = f"made by {OLD}, not by {NEW}; facever reextract makes it again from its photo; FACEVER_ALSO_READ reads it"
    for call in (
        lambda: newer.compare(new[0], old[0]),
        lambda: newer.compare_n(new[0], [*new, old[0]]),
        lambda: newer.verify(photos[0], [*new, old[0]]),
        lambda: newer.check(old[0]),
    ):
        with pytest.raises(OtherModelError) as raised:
            call()
        assert raised.value.exposed.startswith(told)


def test_own_templates_are_known(both: FaceEngine, old: list[bytes], new: list[bytes]) -> None:
    assert (both.is_own(new[0]), both.is_own(old[0]), both.is_own(b"FVTP")) == (True, False, False)


@pytest.mark.parametrize("key", [{}, {"FACEVER_TEMPLATE_KEY": bytes(range(32)).hex()}])
def test_a_model_is_named_by_itself_too_and_encrypted_templates_are_read(
    key: dict[str, str], photos: list[bytes]
) -> None:
    keyed = FaceEngine.load(load_settings(key))
    back = FaceEngine.load(load_settings({**key, "FACEVER_ALSO_READ": "sface"}))
    both = FaceEngine.load(load_settings({**key, "FACEVER_PACK": "open-2", "FACEVER_ALSO_READ": "mobilefacenet"}))
    template = keyed.extract(photos[0])
    assert both.verify(photos[0], [template, both.extract(photos[0])])[1][1].score == 1.0
    assert back.verify(photos[0], [both.extract(photos[0]), template])[1][1].score == 1.0


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("nope", "no pack or recognition model 'nope' in .*; it has open, open-2, "),
        ("centerface", "no pack or recognition model 'centerface'"),
        ("open-2", "open-2 is the pack itself"),
        ("sface", f"sface has the recognition model of open-2, {NEW}; leave it out"),
        ("open,mobilefacenet", f"mobilefacenet has the recognition model of open, {OLD}"),
        ("open,open", f"open has the recognition model of open, {OLD}"),
        ("/nowhere/at/all", "pack folder /nowhere/at/all does not exist"),
    ],
)
def test_names_that_stop_the_start(names: str, told: str) -> None:
    with pytest.raises(SetupError, match=f"^FACEVER_ALSO_READ: {told}"):
        FaceEngine.load(load_settings({**BOTH, "FACEVER_ALSO_READ": names}))


def test_weights_that_are_missing_stop_the_start(tmp_path: Path) -> None:
    folder = weights_folder("")
    manifest = load_manifest(folder)
    for spec in manifest.pack("open-2").models:
        (tmp_path / spec.file).symlink_to(folder / spec.file)
    (tmp_path / "manifest.toml").symlink_to(folder / "manifest.toml")
    for record in folder.glob("*.json"):
        (tmp_path / record.name).symlink_to(record)
    settings = load_settings({**BOTH, "FACEVER_WEIGHTS": str(tmp_path)})
    FaceEngine.load(settings.changed(also_read=()))
    with pytest.raises(SetupError, match=r"FACEVER_ALSO_READ: .*mobilefacenet.*facever weights fetch"):
        FaceEngine.load(settings)
