"""An MLServer runtime: ONNX Runtime on the files of a Triton repository. Runs in MLServer's own environment."""

from pathlib import Path

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, MetadataTensor, ResponseOutput


def _tensors(values):
    shapes = [(one.name, [axis if isinstance(axis, int) else -1 for axis in one.shape]) for one in values]
    return [MetadataTensor(name=name, datatype="FP32", shape=shape) for name, shape in shapes]


class OnnxModel(MLModel):
    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(Path(self.settings.parameters.uri)), options)
        self.inputs, self.outputs = _tensors(self._session.get_inputs()), _tensors(self._session.get_outputs())
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        feed = {one.name: np.array(one.data.root, np.float32).reshape(one.shape) for one in payload.inputs}
        outputs = [
            ResponseOutput(name=value.name, shape=list(array.shape), datatype="FP32", data=array.ravel().tolist())
            for value, array in zip(self._session.get_outputs(), self._session.run(None, feed), strict=True)
        ]
        return InferenceResponse(model_name=self.name, outputs=outputs)
