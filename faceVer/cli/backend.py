"""What does the work of a command: the engine in this process, or a server. Commands know only this protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from faceVer.cli.exit_codes import OF_DECISION

if TYPE_CHECKING:
    from faceVer.domain.values import Decision


BAD_TEMPLATE = "BPE-002004"
"""The code of a template that cannot be read, or is another model's."""
TOO_LARGE, TOO_LARGE_MEDIUM = "BPE-002007", "LDE-002007"
"""The codes of too many bytes, of the methods for faces and for liveness."""


@dataclass(frozen=True, slots=True)
class Match:
    """One comparison. score: 0..1."""

    score: float
    decision: Decision

    @property
    def status(self) -> int:
        """The exit status that says it."""
        return OF_DECISION[self.decision]


@dataclass(frozen=True, slots=True)
class Liveness:
    """One media item. score: the PAD score, 0..1, higher for an attack. passed: not above the threshold."""

    passed: bool
    score: float


class RefusedError(Exception):
    """A file gave no answer; other files may. `str` is the contract's words.

    code: the API's error code. detail: what is known beyond the words; a server does not tell it.
    """

    def __init__(self, code: str, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.code, self.detail = code, detail

    @property
    def told(self) -> str:
        """The whole of it for people."""
        return f"{self.code}: {self}" + (f" ({self.detail})" if self.detail else "")


class Backend(Protocol):
    """For any number of threads. Every method raises RefusedError for what is in the files, SetupError for all else."""

    jobs: int
    """Files that are worth working on at a time."""

    def extract(self, photo: bytes) -> bytes:
        """The template of a photo."""
        ...

    def compare(self, template: bytes, others: Sequence[bytes]) -> list[Match]:
        """One template with N (at least one), in their order. One bad template refuses all."""
        ...

    def liveness(self, medium: bytes) -> Liveness:
        """A photo, a video or an archive."""
        ...

    def best_shot(self, medium: bytes) -> bytes:
        """The best frame of a video or an archive, as a JPEG."""
        ...

    def close(self) -> None: ...


def is_template(data: bytes) -> bool:
    """Whether a file is, or means to be, one of our templates; else it is a photo."""
    from faceVer.matching.template import MAGIC

    return data.startswith(MAGIC)


def template_of(backend: Backend, data: bytes) -> bytes:
    """The template that a photo or a template file stands for. Raises RefusedError."""
    return data if is_template(data) else backend.extract(data)
