"""The protocol of inference runtimes: they run named models on named tensors, each with a leading batch axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Tensors = Mapping[str, NDArray[Any]]
"""Name -> array. The first axis is the batch; all arrays of one call have the same length there."""
Shape = tuple[int | str | None, ...]
"""Of a tensor; a text or None stands for a free axis."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A model's inputs and outputs by name, in the file's order."""

    inputs: Mapping[str, Shape]
    outputs: Mapping[str, Shape]


class Backend(Protocol):
    """Runs models. `infer` may be called from any thread; the other methods while models are loaded, from one."""

    @property
    def runtime(self) -> str:
        """The runtime and its version, as `/version` names it; a provider other than the CPU follows in brackets."""
        ...

    @property
    def providers(self) -> tuple[str, ...]:
        """The execution providers that the loaded models use, in order of preference."""
        ...

    def load(self, model: str, path: Path) -> Signature:
        """Load a file under a name. Raises SetupError, also where a configured provider cannot be used."""
        ...

    def unload(self, model: str) -> None:
        """Release a loaded model and its memory."""
        ...

    def infer(self, model: str, inputs: Tensors) -> dict[str, NDArray[Any]]:
        """Run a model: the outputs by name, in the file's order. Raises InferenceError, MemoryError."""
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
