"""Baseline "plain": the API as a tutorial would serve it. One process, published model files, inference in the handler.

    python plain.py PORT FOLDER     (FOLDER holds detection.onnx and recognition.onnx)

Its templates are 512 float32 numbers, raw. Imports nothing of the product.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime
from aiohttp import BodyPartReader, web
from insightface.utils import face_align

THRESHOLD, OVERLAP = 0.5, 0.3


def free_shape(data: bytes) -> bytes:
    """The file fixes its input to 10x3x32x32; without this it cannot be run on a picture at all."""
    model = onnx.load_from_string(data)
    for value in (*model.graph.input, *model.graph.output):
        dims = value.type.tensor_type.shape.dim
        if len(dims) == 4:
            for axis in (0, 2, 3):
                dims[axis].dim_param = f"{value.name}_{axis}"
    del model.graph.value_info[:]
    return bytes(model.SerializeToString())


class Pipeline:
    """Picture bytes to a unit vector: CenterFace at the picture's own size, norm_crop, MobileFaceNet."""

    def __init__(self, folder: Path) -> None:
        cpu = ["CPUExecutionProvider"]
        detection = free_shape((folder / "detection.onnx").read_bytes())
        self.detector = onnxruntime.InferenceSession(detection, providers=cpu)
        self.recognizer = onnxruntime.InferenceSession(str(folder / "recognition.onnx"), providers=cpu)
        self.detector_input = self.detector.get_inputs()[0].name
        self.recognizer_input = self.recognizer.get_inputs()[0].name

    def landmarks(self, image: Any) -> Any:
        """(5, 2) landmarks of the largest face of a BGR picture."""
        height, width = image.shape[:2]
        padded = cv2.copyMakeBorder(image, 0, -height % 32, 0, -width % 32, cv2.BORDER_CONSTANT)
        blob = cv2.dnn.blobFromImage(padded, swapRB=True)
        heat, scale, offset, points = (out[0] for out in self.detector.run(None, {self.detector_input: blob}))
        boxes, confidences, marks = [], [], []
        for row, column in zip(*np.where(heat[0] > THRESHOLD), strict=True):
            high, wide = np.exp(scale[:, row, column]) * 4
            top = (row + offset[0, row, column] + 0.5) * 4 - high / 2
            left = (column + offset[1, row, column] + 0.5) * 4 - wide / 2
            boxes.append([float(left), float(top), float(wide), float(high)])
            confidences.append(float(heat[0, row, column]))
            face = points[:, row, column].reshape(5, 2)
            marks.append(np.stack([face[:, 1] * wide + left, face[:, 0] * high + top], axis=1))
        kept = cv2.dnn.NMSBoxes(boxes, confidences, THRESHOLD, OVERLAP)
        if not len(kept):
            raise web.HTTPBadRequest(text="no face")
        best = max(kept, key=lambda index: boxes[index][2] * boxes[index][3])
        return marks[best].astype(np.float32)

    def embed(self, data: bytes) -> Any:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        crop = face_align.norm_crop(image, self.landmarks(image))
        blob = cv2.dnn.blobFromImage(crop, 1 / 128, (112, 112), (127.5, 127.5, 127.5))
        vector = self.recognizer.run(None, {self.recognizer_input: blob})[0][0]
        return vector / np.linalg.norm(vector)


def compare(left: Any, right: Any) -> dict[str, Any]:
    score = float(np.dot(left, right) / (np.linalg.norm(left) * np.linalg.norm(right)))
    return {"score": score, "decision": "approved" if score >= 0.41 else "declined"}


def vector(data: bytes) -> Any:
    return np.frombuffer(data, np.float32)


async def form(request: web.Request) -> list[tuple[str, str, bytes]]:
    """(name, file name, bytes) of every part, by aiohttp's own reader."""
    parts = []
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        assert isinstance(part, BodyPartReader)
        parts.append((part.name or "", part.filename or "", bytes(await part.read())))
    return parts


class Api:
    def __init__(self, pipeline: Pipeline) -> None:
        self.embed = pipeline.embed

    async def health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": 0, "message": ""})

    async def extract(self, request: web.Request) -> web.Response:
        template = self.embed(await request.read()).tobytes()
        return web.Response(body=template, content_type="application/octet-stream")

    async def compare(self, request: web.Request) -> web.Response:
        parts = {name: data for name, _, data in await form(request)}
        return web.json_response(compare(vector(parts["bio_feature"]), vector(parts["bio_template"])))

    async def compare_n(self, request: web.Request) -> web.Response:
        return await self._many(request, vector, vector)

    async def verify_n(self, request: web.Request) -> web.Response:
        return await self._many(request, self.embed, vector)

    async def extract_and_compare_n(self, request: web.Request) -> web.Response:
        return await self._many(request, self.embed, self.embed)

    async def _many(self, request: web.Request, first: Any, rest: Any) -> web.Response:
        (_, _, one), *others = await form(request)
        probe = first(one)
        return web.json_response({"results": [{"filename": f, **compare(probe, rest(d))} for _, f, d in others]})


def main() -> None:
    api = Api(Pipeline(Path(sys.argv[2])))
    app = web.Application(client_max_size=2**30)
    app.router.add_get("/v1/face/pattern/health", api.health)
    for name in ("extract", "compare", "compare_n", "verify_n", "extract_and_compare_n"):
        app.router.add_post(f"/v1/face/pattern/{name}", getattr(api, name))
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)


if __name__ == "__main__":
    main()
