"""Importing model files that no registry holds: known by their hashes, all or none, twice is once."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from faceVer.domain.errors import SetupError, WeightsError
from faceVer.inference.backend import LoadedModel
from faceVer.inference.batched import BatchedBackend, Batches
from faceVer.inference.manifest import Manifest, load_manifest, weights_folder
from faceVer.inference.onnx import OnnxBackend
from faceVer.inference.weights.imports import LARGEST, import_files
from faceVer.inference.weights.store import fetch, require, status
from tests.support_silent_face import published, weights_with
from tests.unit.inference.test_store import MODEL, leftovers, manifest_with, quiet

PADDED = MODEL + b"\x32\x01x"  # the same model with a documentation string


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """det and rec are to be imported as the set some-package."""
    manifest_with(tmp_path / "w", registry="import")
    path = tmp_path / "w" / "manifest.toml"
    first, second = path.read_text().split("[models.rec]")
    digests = [hashlib.sha256(data).hexdigest() for data in (MODEL, PADDED)]
    path.write_text(first + "[models.rec]" + second.replace(*digests))
    return load_manifest(tmp_path / "w")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "any name.bin", tmp_path / "another"]
    for path, data in zip(paths, (MODEL, PADDED), strict=True):
        path.write_bytes(data)
    return paths


def states(manifest: Manifest) -> list[str]:
    return [status(manifest, spec).state for spec in manifest.imports("some-package")]


def test_both_in_any_order_under_any_name(manifest: Manifest, files: list[Path]) -> None:
    assert import_files(manifest, "some-package", files[::-1], quiet) == 2
    assert leftovers(manifest) == ["det.onnx", "det.onnx.json", "rec.onnx", "rec.onnx.json"]
    assert states(manifest) == ["ready", "ready"]
    before = {path.name: path.stat().st_mtime_ns for path in manifest.folder.iterdir()}
    assert import_files(manifest, "some-package", [*files, *files], quiet) == 0
    assert {path.name: path.stat().st_mtime_ns for path in manifest.folder.iterdir()} == before


def test_one_after_the_other(manifest: Manifest, files: list[Path]) -> None:
    assert import_files(manifest, "some-package", files[1:], quiet) == 1
    assert states(manifest) == ["missing", "ready"]
    assert import_files(manifest, "some-package", files[:1], quiet) == 1
    assert states(manifest) == ["ready", "ready"]


def test_an_altered_file_is_imported_again(manifest: Manifest, files: list[Path]) -> None:
    import_files(manifest, "some-package", files, quiet)
    (manifest.folder / "det.onnx").write_bytes(b"x")
    assert states(manifest) == ["altered", "ready"]
    assert import_files(manifest, "some-package", files, quiet) == 1
    assert states(manifest) == ["ready", "ready"]


def test_a_foreign_file_keeps_all_away(manifest: Manifest, files: list[Path]) -> None:
    files[1].write_bytes(PADDED + b"x")
    with pytest.raises(WeightsError, match=r"another has SHA-256 [0-9a-f]{64}, .*nothing was installed"):
        import_files(manifest, "some-package", files, quiet)
    assert leftovers(manifest) == []


def test_files_that_cannot_be_read(manifest: Manifest, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="No such file"):
        import_files(manifest, "some-package", [tmp_path / "nothing"], quiet)
    with pytest.raises(WeightsError, match="directory"):
        import_files(manifest, "some-package", [tmp_path], quiet)
    huge = tmp_path / "huge"
    with huge.open("wb") as stream:
        stream.truncate(LARGEST + 1)
    with pytest.raises(WeightsError, match="larger than any file"):
        import_files(manifest, "some-package", [huge], quiet)
    assert leftovers(manifest) == []


def test_a_set_nobody_knows(manifest: Manifest, files: list[Path]) -> None:
    with pytest.raises(SetupError, match=r"no set 'other' .* it has some-package"):
        import_files(manifest, "other", files, quiet)


def test_a_fetch_brings_what_it_can_and_says_how_the_rest_comes(
    manifest: Manifest, files: list[Path], tmp_path: Path
) -> None:
    specs = manifest.imports("some-package")
    with pytest.raises(WeightsError, match=r"run `facever weights import some-package FILE…`"):
        fetch(manifest, specs, quiet)
    with pytest.raises(WeightsError, match=r"det are missing .* run `facever weights import some-package FILE…`"):
        require(manifest, specs[0])
    folder = tmp_path / "bundle"
    folder.mkdir()
    for name, path in zip(("det.onnx", "rec.onnx"), files, strict=True):
        (folder / name).write_bytes(path.read_bytes())
    assert fetch(manifest, specs, quiet, source=folder) == 2


def test_what_a_registry_holds_is_fetched_before_what_the_user_brings(tmp_path: Path, files: list[Path]) -> None:
    folder = manifest_with(tmp_path / "w", registry="import").folder
    path = folder / "manifest.toml"
    first, second = path.read_text().split("[models.rec]")
    path.write_text(first + "[models.rec]" + second.replace('registry = "import"', 'registry = "unknown"'))
    mixed = load_manifest(folder)
    with pytest.raises(WeightsError, match="unknown registry"):
        fetch(mixed, mixed.pack("open").models, quiet)


def test_the_prepared_files_of_silent_face_compute_what_the_published_ones_do(
    data_folder: Path, tmp_path: Path
) -> None:
    files = published(data_folder)
    folder = weights_with(files, tmp_path)
    pictures = np.random.default_rng(0).uniform(0, 255, (8, 3, 80, 80)).astype(np.float32)
    for spec, source in zip(load_manifest(folder).imports("silent-face"), files, strict=True):
        before, after = (
            LoadedModel.load(OnnxBackend(("CPUExecutionProvider",)), spec.name, path).run(pictures)[0]
            for path in (source, folder / spec.file)
        )
        assert before.shape == after.shape == (8, 3)
        assert np.abs(before - after).max() <= 1e-5 * np.abs(before).max()


def test_silent_face_gives_in_a_batch_what_it_gives_alone(data_folder: Path, tmp_path: Path) -> None:
    folder = weights_with(published(data_folder), tmp_path)
    cpu = OnnxBackend(("CPUExecutionProvider",))
    together = BatchedBackend(OnnxBackend(("CPUExecutionProvider",)), Batches(4, 0.0, ((96, 128),)))
    pictures = np.random.default_rng(1).uniform(0, 255, (6, 3, 80, 80)).astype(np.float32)
    for spec in load_manifest(folder).imports("silent-face"):
        warm = LoadedModel.load(together, spec.name, folder / spec.file).warm()
        single = LoadedModel.load(cpu, spec.name, folder / spec.file).run(pictures)[0]
        np.testing.assert_allclose(warm.run(pictures)[0], single, rtol=1e-3, atol=1e-3 * np.abs(single).max())
    together.close()


def test_the_manifest_names_licence_and_hash_of_silent_face() -> None:
    for spec in load_manifest(weights_folder("")).imports("silent-face"):
        assert (spec.licence, spec.task, len(spec.sha256)) == ("Apache-2.0", "liveness", 64)
        assert spec.known_answer is not None
