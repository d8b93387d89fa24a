"""The protocol of inference runtimes: they run named models on named tensors, each with a leading batch axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Tensors = Mapping[str, NDArray[Any]]
"""Name -> array. The first axis is the batch; arrays of one call have the same length there."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A model's inputs and outputs in the file's order: name -> shape, a text or None standing for a free axis."""

    inputs: Mapping[str, tuple[int | str | None, ...]]
    outputs: Mapping[str, tuple[int | str | None, ...]]


class Backend(Protocol):
    """Runs models. Every method may be called from any thread, once the models are loaded."""

    @property
    def runtime(self) -> str:
        """The runtime and its version, as `/version` names it; a device other than the CPU follows in brackets."""
        ...

    @property
    def providers(self) -> tuple[str, ...]:
        """What the loaded models really run on, in order of preference."""
        ...

    def load(self, model: str, path: Path) -> Signature:
        """Load a file under a name. Raises SetupError."""
        ...

    def infer(self, model: str, inputs: Tensors) -> dict[str, NDArray[Any]]:
        """Run a model: the outputs by name, in the file's order. Raises InferenceError."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """One model of a backend, for adapters that feed one input."""

    backend: Backend
    name: str
    signature: Signature

    @classmethod
    def load(cls, backend: Backend, name: str, path: Path) -> LoadedModel:
        """Raises SetupError."""
        return cls(backend, name, backend.load(name, path))

    def run(self, batch: NDArray[np.float32]) -> list[NDArray[Any]]:
        """The outputs, in the file's order, of a batch fed to the first input. Raises InferenceError.

        A file whose batch is fixed to one runs item by item.
        """
        name, shape = next(iter(self.signature.inputs.items()))
        if len(batch) > 1 and shape[0] == 1:
            items = [self.backend.infer(self.name, {name: batch[row : row + 1]}) for row in range(len(batch))]
            return [np.concatenate([item[output] for item in items]) for output in items[0]]
        return list(self.backend.infer(self.name, {name: batch}).values())
