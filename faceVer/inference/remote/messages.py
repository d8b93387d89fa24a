"""Requests and responses of the Open Inference Protocol (KServe v2, REST) as bytes, and their checks.

Tensors travel raw where the server has the extension `binary_tensor_data` (Triton has): a JSON head, whose length the
header Inference-Header-Content-Length gives, then the tensors' bytes, little endian. Otherwise as JSON numbers.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceVer.inference.backend import Shape, Signature, Tensors

HEAD_LENGTH = "Inference-Header-Content-Length"
BINARY = "binary_tensor_data"
"""The extension's name in a server's metadata."""
FLOAT = np.dtype("<f4")
DATATYPE = "FP32"
"""All tensors of all models."""


class ProtocolError(Exception):
    """A response is not what the protocol, or the model's signature, says."""


def encode(inputs: Tensors, outputs: tuple[str, ...], *, binary: bool) -> tuple[bytes, dict[str, str]]:
    """The body and headers of an inference request."""
    heads: list[dict[str, Any]] = []
    raw: list[bytes] = []
    for name, array in inputs.items():
        values = np.ascontiguousarray(array, dtype=FLOAT)
        head: dict[str, Any] = {"name": name, "shape": list(values.shape), "datatype": DATATYPE}
        if binary:
            raw.append(values.tobytes())
            head["parameters"] = {"binary_data_size": values.nbytes}
        else:
            head["data"] = values.ravel().tolist()
        heads.append(head)
    wanted = [{"name": name, **({"parameters": {"binary_data": True}} if binary else {})} for name in outputs]
    text = json.dumps({"inputs": heads, "outputs": wanted}, separators=(",", ":")).encode()
    if not binary:
        return text, {"Content-Type": "application/json"}
    return b"".join([text, *raw]), {"Content-Type": "application/octet-stream", HEAD_LENGTH: str(len(text))}


def decode(body: bytes, head_length: str | None, outputs: tuple[str, ...], rows: int) -> dict[str, NDArray[np.float32]]:
    """The outputs of an inference response, each with `rows` rows. head_length: of the response's header.

    Raises ProtocolError.
    """
    length = len(body)
    if head_length is not None:
        # Digits of other scripts and signs are numbers for int(), but not in a header.
        if not (head_length.isascii() and head_length.isdecimal() and len(head_length) < 12):
            raise ProtocolError("the length of the response's head is not a number")
        length = int(head_length)
        if length > len(body):
            raise ProtocolError("the response is shorter than its head")
    found, place = {}, length
    for entry in _list(read_object(body[:length]), "outputs"):
        name, shape = entry.get("name"), entry.get("shape")
        if entry.get("datatype") != DATATYPE or not isinstance(name, str) or not _is_shape(shape):
            raise ProtocolError("an output has no name, no shape or another datatype")
        items = math.prod(shape or ())
        parameters = entry.get("parameters")
        size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
        if size is None:
            found[name] = _numbers(entry.get("data"), items).reshape(shape)
            continue
        if type(size) is not int or size != items * FLOAT.itemsize or place + size > len(body):
            raise ProtocolError("an output's bytes are more or fewer than its shape says")
        found[name] = np.frombuffer(body, FLOAT, items, place).reshape(shape).copy()
        place += size
    if place != len(body):
        raise ProtocolError("the response has bytes that belong to no output")
    if not set(outputs) <= set(found) or any(found[name].shape[0] != rows for name in outputs):
        raise ProtocolError("an output is missing, or has another number of rows than were sent")
    return {name: found[name] for name in outputs}


def read_object(text: bytes) -> dict[str, Any]:
    """A JSON object. Raises ProtocolError."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ProtocolError("the response is not JSON") from None
    if not isinstance(found, dict):
        raise ProtocolError("the response is not a JSON object")
    return found


def read_signature(document: dict[str, Any]) -> Signature:
    """A model's metadata; free axes are None. Raises ProtocolError."""
    return Signature(_shapes(_list(document, "inputs")), _shapes(_list(document, "outputs")))


def _shapes(entries: list[dict[str, Any]]) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    for entry in entries:
        name, shape = entry.get("name"), entry.get("shape")
        axes = isinstance(shape, list) and shape and all(type(axis) is int and axis >= -1 for axis in shape)
        if not isinstance(name, str) or not axes or entry.get("datatype") != DATATYPE:
            raise ProtocolError("the model's metadata has a tensor without a name or a shape, or not of FP32")
        shapes[name] = tuple(None if axis == -1 else axis for axis in entry["shape"])
    return shapes


def _list(document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    entries = document.get(key)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ProtocolError(f"the response has no {key}")
    return entries


def _is_shape(shape: object) -> bool:
    """1 to 8 axes of plausible length: their product must not be the work of big integers."""
    return isinstance(shape, list) and 0 < len(shape) <= 8 and all(type(n) is int and 0 <= n < 1 << 31 for n in shape)


def _numbers(data: object, items: int) -> NDArray[np.float32]:
    try:
        values = np.asarray(data, dtype=FLOAT)
    except (ValueError, TypeError, OverflowError):
        raise ProtocolError("an output is no list of numbers") from None
    if not isinstance(data, list) or values.size != items:
        raise ProtocolError("an output has more or fewer numbers than its shape says")
    return values.ravel()
