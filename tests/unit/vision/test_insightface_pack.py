"""Folders of InsightFace ONNX files load through its model zoo: shown with small files of the same signatures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from faceVer.domain.errors import NoFaceError, SetupError
from faceVer.inference.onnx import OnnxBackend
from faceVer.services.faces import FaceEngine
from faceVer.settings.loader import load_settings
from faceVer.vision.insightface_pack import load_folder
from faceVer.vision.packs import CALIBRATION_FILE
from tests import support_faces as faces
from tests.support_models import load_models

SCRFD_STRIDES, RETINA_STRIDES = (8, 16, 32), (8, 16, 32, 64, 128)


def save(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    weights: list[onnx.TensorProto],
) -> None:
    model = helper.make_model(
        helper.make_graph(nodes, "small", inputs, outputs, weights),
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    onnx.save(model, path)


def detector(
    path: Path, strides: tuple[int, ...], anchors: int, *, confidence: float = 0.9, landmarks: bool = True
) -> None:
    """A detector of SCRFD's (9 outputs) or RetinaFace's (15) signature: per level scores, box distances, landmarks.

    Every cell of the coarsest level that lies in a bright place gets `confidence`; boxes and landmarks are constants.
    """
    nodes, outputs, weights = [], [], []
    names: dict[str, list[str]] = {"score": [], "box": [], "point": []}
    luma = numpy_helper.from_array(np.full((1, 3, 1, 1), 1 / 3, np.float32), "luma")
    # Distances and offsets are in strides: a box of 8x8 cells around the anchor, landmarks as on an upright face.
    face = np.array([-1.4, -1.2, 1.4, -1.2, 0, 0.2, -1.1, 1.6, 1.1, 1.6], np.float32)
    constants = {"box": np.full((1, 4), 3.0, np.float32), "point": face[None]}
    weights += [luma, *(numpy_helper.from_array(value, f"const_{name}") for name, value in constants.items())]
    weights += [
        numpy_helper.from_array(np.array([-1, 1], np.int64), "column"),
        numpy_helper.from_array(np.array(anchors, np.int64).reshape(1), "anchors_end"),
    ]
    nodes.append(helper.make_node("Conv", ["input.1", "luma"], ["gray"], kernel_shape=[1, 1]))
    for level, stride in enumerate(strides):
        gain = confidence if level == 0 else 0.0
        weights += [
            numpy_helper.from_array(np.array(0.5, np.float32), f"cut{level}"),
            numpy_helper.from_array(np.array(gain, np.float32), f"gain{level}"),
        ]
        nodes += [
            helper.make_node(
                "AveragePool", ["gray"], [f"pool{level}"], kernel_shape=[stride, stride], strides=[stride, stride]
            ),
            helper.make_node("Greater", [f"pool{level}", f"cut{level}"], [f"on{level}"]),
            helper.make_node("Cast", [f"on{level}"], [f"flag{level}"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"flag{level}", f"gain{level}"], [f"map{level}"]),
            helper.make_node("Reshape", [f"map{level}", "column"], [f"flat{level}"]),
        ]
        cells = f"flat{level}"
        if anchors == 2:  # every cell has two anchors beside each other
            nodes += [
                helper.make_node("Concat", [cells, cells], [f"pair{level}"], axis=1),
                helper.make_node("Reshape", [f"pair{level}", "column"], [f"both{level}"]),
            ]
            cells = f"both{level}"
        nodes.append(helper.make_node("Identity", [cells], [f"score{level}"]))
        names["score"].append(f"score{level}")
        for kind in ("box", "point"):
            zero, name = f"zero_{kind}{level}", f"{kind}{level}"
            nodes += [
                helper.make_node("Sub", [cells, cells], [zero]),
                helper.make_node("Add", [zero, f"const_{kind}"], [name]),
            ]
            names[kind].append(name)
    widths = {"score": 1, "box": 4, "point": 10}
    for kind in ("score", "box", "point") if landmarks else ("score", "box"):
        outputs += [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [f"n{name}", widths[kind]]) for name in names[kind]
        ]
    save(path, nodes, [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [1, 3, "h", "w"])], outputs, weights)


def recognizer(path: Path, dimension: int = 128, side: int = 112, seed: int = 0) -> None:
    """An ArcFace-like model: 112x112 in, a vector out (a random projection of the crop, averaged)."""
    random = np.random.default_rng(seed)
    weights = [
        numpy_helper.from_array(random.normal(size=(3 * 49, dimension)).astype(np.float32), "w"),
        numpy_helper.from_array(np.array([1, -1], np.int64), "flat"),
    ]
    nodes = [
        helper.make_node(
            "AveragePool", ["data"], ["pool"], kernel_shape=[side // 7, side // 7], strides=[side // 7, side // 7]
        ),
        helper.make_node("Reshape", ["pool", "flat"], ["row"]),
        helper.make_node("MatMul", ["row", "w"], ["fc1"]),
    ]
    save(
        path,
        nodes,
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["batch", 3, side, side])],
        [helper.make_tensor_value_info("fc1", TensorProto.FLOAT, ["batch", dimension])],
        weights,
    )


def bright_spot() -> np.ndarray:
    picture = np.zeros((160, 160, 3), np.uint8)
    picture[64:72, 80:88] = 255
    # Texture, so that the crop is not refused as blurred.
    picture[::2, ::2] += np.uint8(90)
    return picture


@pytest.mark.parametrize(("strides", "anchors"), [(SCRFD_STRIDES, 2), (RETINA_STRIDES, 1)], ids=["SCRFD", "RetinaFace"])
def test_a_folder_of_insightface_files_is_a_pack(tmp_path: Path, strides: tuple[int, ...], anchors: int) -> None:
    detector(tmp_path / "det.onnx", strides, anchors)
    recognizer(tmp_path / "rec.onnx")
    settings = load_settings(
        {
            "FACEVER_PACK": str(tmp_path),
            "FACEVER_DETECTION_SIZE": "160",
            "FACEVER_MAX_MISFIT": "100",
            "FACEVER_SECOND_FACE_RATIO": "100",
        }
    )
    engine = FaceEngine.load(settings)
    assert [(info.task, info.name) for info in engine.infos] == [("detection", "det"), ("recognition", "rec")]
    found = engine.subject(bright_spot())
    assert found.face.centre == pytest.approx((80, 64), abs=8)
    assert found.face.landmarks.shape == (5, 2)
    assert found.face.confidence == pytest.approx(0.9, abs=0.01)
    vector = engine.embed_image(bright_spot())
    assert vector.shape == (128,)
    template = engine.encode(vector)
    assert engine.compare(template, template).score == 1.0
    with pytest.raises(NoFaceError):
        engine.subject(np.zeros((160, 160, 3), np.uint8))


def test_templates_name_the_models_bytes(tmp_path: Path, engine: FaceEngine) -> None:
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        detector(folder / "det.onnx", SCRFD_STRIDES, 2)
        recognizer(folder / "rec.onnx", seed=seed)
    one, two = (load_models(load_settings({"FACEVER_PACK": str(tmp_path / name)})).identity for name in "12")
    assert one != two
    assert one.startswith("rec-")


def test_a_folder_may_bring_its_calibration(tmp_path: Path) -> None:
    detector(tmp_path / "det.onnx", SCRFD_STRIDES, 2)
    recognizer(tmp_path / "rec.onnx")
    settings = load_settings({"FACEVER_PACK": str(tmp_path)})
    assert load_models(settings).calibration.source == ""
    (tmp_path / CALIBRATION_FILE).write_text('[calibration]\nslope = 12.5\nmidpoint = 0.25\nsource = "mine"\n')
    assert load_models(settings).calibration.slope == 12.5
    (tmp_path / CALIBRATION_FILE).write_text("[calibration]\nslope = 'steep'\n")
    with pytest.raises(SetupError, match=CALIBRATION_FILE):
        load_models(settings)


def test_what_is_no_pack(tmp_path: Path) -> None:
    settings = load_settings({"FACEVER_PACK": str(tmp_path)})
    with pytest.raises(SetupError, match="found: none"):
        load_models(settings)
    recognizer(tmp_path / "rec.onnx")
    with pytest.raises(SetupError, match="detection model"):
        load_models(settings)
    detector(tmp_path / "det.onnx", SCRFD_STRIDES, 2, landmarks=False)
    with pytest.raises(SetupError, match="detection model with landmarks"):
        load_models(settings)
    detector(tmp_path / "det.onnx", SCRFD_STRIDES, 2)
    recognizer(tmp_path / "rec2.onnx")
    with pytest.raises(SetupError, match=r"rec\.onnx, rec2\.onnx"):
        load_models(settings)
    (tmp_path / "rec2.onnx").write_bytes(b"junk")
    with pytest.raises(SetupError, match="cannot load"):
        load_models(settings)
    with pytest.raises(SetupError, match="does not exist"):
        load_models(load_settings({"FACEVER_PACK": str(tmp_path / "nowhere")}))


def test_other_sizes_are_no_recognizers(tmp_path: Path) -> None:
    detector(tmp_path / "det.onnx", SCRFD_STRIDES, 2)
    recognizer(tmp_path / "rec.onnx", side=224)
    with pytest.raises(SetupError, match="recognition model of 112x112"):
        load_models(load_settings({"FACEVER_PACK": str(tmp_path)}))


def test_models_of_other_tasks_are_not_kept_in_memory(tmp_path: Path) -> None:
    detector(tmp_path / "det.onnx", SCRFD_STRIDES, 2)
    recognizer(tmp_path / "rec.onnx")
    recognizer(tmp_path / "attributes.onnx", side=98)
    detector(tmp_path / "det_without_landmarks.onnx", SCRFD_STRIDES, 2, landmarks=False)
    backend = OnnxBackend(("CPUExecutionProvider",))
    load_folder(tmp_path, backend, 0.5)
    assert set(backend._sessions) == {str(tmp_path / "det.onnx"), str(tmp_path / "rec.onnx")}


def test_a_folder_is_read_beside_another_with_files_of_the_same_names(tmp_path: Path) -> None:
    """The older folder's detector is not kept; a map of its own belongs to its templates."""
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        detector(folder / "det.onnx", SCRFD_STRIDES, 2)
        recognizer(folder / "rec.onnx", seed=seed)
    (tmp_path / "1" / CALIBRATION_FILE).write_text("[calibration]\nslope = 12.5\nmidpoint = 0.25\n")
    before = FaceEngine.load(load_settings({"FACEVER_PACK": str(tmp_path / "1")}))
    both = load_settings({"FACEVER_PACK": str(tmp_path / "2"), "FACEVER_ALSO_READ": f"{tmp_path / '1'},open"})
    engine = FaceEngine.load(both)
    assert [info.name for info in engine.infos] == ["det", "rec", "rec", "mobilefacenet"]
    assert set(engine.backend._sessions) == {  # type: ignore[attr-defined]
        *(str(tmp_path / name) for name in ("2/det.onnx", "2/rec.onnx", "1/rec.onnx")),
        "mobilefacenet",
    }
    vectors = np.eye(128, dtype=np.float32)[:2] * np.float32(0.8) + np.eye(128, dtype=np.float32)[2] * np.float32(0.6)
    one, other = (before.encode(vector) for vector in vectors)
    assert engine.compare(one, other) == before.compare(one, other)
    engine.probe()
    for same in (str(tmp_path / "2"), f"{tmp_path}/1/../2", f"{tmp_path}/1,{tmp_path}/1/."):
        with pytest.raises(SetupError, match=r"FACEVER_ALSO_READ: .* (is the pack itself|has the recognition model)"):
            FaceEngine.load(both.changed(also_read=tuple(same.split(","))))


def test_real_pictures_without_a_bright_spot_are_no_crash(tmp_path: Path) -> None:
    detector(tmp_path / "det.onnx", SCRFD_STRIDES, 2, confidence=0.1)
    recognizer(tmp_path / "rec.onnx")
    engine = FaceEngine.load(load_settings({"FACEVER_PACK": str(tmp_path)}))
    with pytest.raises(NoFaceError):
        engine.extract(faces.jpeg(faces.astronaut()))
