"""What does the work of a command: the engine in this process, or a server. Commands know only this protocol.

Both return the client's result types.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from faceVer.client import Comparison, Liveness

BAD_TEMPLATE = "BPE-002004"
"""Code of a template that cannot be read, or is of another model."""
NO_CHOICE = "LDE-002006"
"""Code of a choice of a face where none is possible."""
TOO_LARGE, TOO_LARGE_MEDIA = "BPE-002007", "LDE-002007"
"""Codes of too large files, of the face and the liveness methods."""


class FileError(Exception):
    """A file gave no result; other files may. `str` is the message of the code.

    code: the API's error code, or the system's. detail: more than the message says; servers do not send it.
    """

    def __init__(self, code: str, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.code, self.detail = code, detail

    @property
    def text(self) -> str:
        """Code, message and detail, for people."""
        return f"{self.code}: {self}" + (f" ({self.detail})" if self.detail else "")


class Backend(Protocol):
    """Thread-safe. Every method raises FileError for the contents of files, SetupError for everything else."""

    jobs: int
    """Files that are worth working on at a time."""

    def extract(self, photo: bytes, face: str | None = None) -> bytes:
        """The template of a photo. face: which one, of several (docs/faces.md, Choosing a face)."""
        ...

    def compare(self, template: bytes, others: Sequence[bytes]) -> list[Comparison]:
        """One template with N (at least one), in their order. One unreadable template fails all."""
        ...

    def verify(self, photo: bytes, others: Sequence[bytes], face: str | None = None) -> list[Comparison]:
        """A photo with N templates, in their order; some may be of older models that are read (FACEVER_ALSO_READ).

        face: in the photo, as for `extract`.
        """
        ...

    def liveness(self, media: bytes, face: str | None = None) -> Liveness:
        """Score a photo, a video or an archive. face: in a photo, as for `extract`."""
        ...

    def best_shot(self, media: bytes) -> bytes:
        """The best frame of a video or an archive, as a JPEG."""
        ...


def refuse_choice(face: str | None) -> None:
    """Raises FileError where a face is chosen in a file that is a video or an archive, as the server does."""
    if face is not None:
        raise FileError(NO_CHOICE, "a face is chosen in photos only")


def is_template(data: bytes) -> bool:
    """Whether a file begins like a template, readable or not; otherwise it is a photo."""
    from faceVer.client import TEMPLATE_MAGIC

    return data.startswith(TEMPLATE_MAGIC)


class Probe(NamedTuple):
    """What is compared with others. photo: that the template was made of, where it was. face: in the photo."""

    template: bytes
    photo: bytes | None = None
    face: str | None = None

    @classmethod
    def of(cls, backend: Backend, data: bytes, face: str | None = None) -> Self:
        """The template in a file, or that of a photo. Raises FileError."""
        return cls(data) if is_template(data) else cls(backend.extract(data, face), data, face)

    def compare(self, backend: Backend, others: Sequence[bytes]) -> list[Comparison]:
        """With N templates, in their order; by the photo where one is of another model. Raises FileError."""
        try:
            return backend.compare(self.template, others)
        except FileError as error:
            if self.photo is None or error.code != BAD_TEMPLATE:
                raise
            return backend.verify(self.photo, others, self.face)
