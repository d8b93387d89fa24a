"""The parts that an endpoint expects in a form, and how it reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from faceVer.domain.errors import FaceVerError, PartTypeError, SampleError, TemplateError
from faceVer.domain.face_choice import FaceChoice
from faceVer.http.pipeline.forms.content_types import IMAGE_TYPES, TEMPLATE_TYPES, accepts, media_type
from faceVer.http.pipeline.forms.parser import Part
from faceVer.http.pipeline.forms.transfer_encoding import decoded
from faceVer.observability.timings import stage
from faceVer.settings.model import Settings


@dataclass(frozen=True, slots=True)
class PartSpec:
    """A part that an endpoint expects. types: accepted media types. error: raised if it is missing or unreadable.

    many: one or more parts of this name, otherwise exactly one. model: of its JSON; None = it holds something else.
    """

    name: str
    types: frozenset[str]
    error: type[FaceVerError]
    many: bool = False
    model: Any = None

    @property
    def is_image(self) -> bool:
        return self.error is SampleError


def sample(name: str, *, many: bool = False, types: frozenset[str] = IMAGE_TYPES) -> PartSpec:
    """A part that holds a biometric sample."""
    return PartSpec(name, types, SampleError, many)


def template(name: str, *, many: bool = False, types: frozenset[str] = TEMPLATE_TYPES) -> PartSpec:
    """A part that holds a template."""
    return PartSpec(name, types, TemplateError, many)


class Files(NamedTuple):
    """The parts of one spec. data: their bytes, decoded from base64. names: their names in a 1:N response.

    face: the one that counts in each of the photos; None = the only one.
    """

    data: list[bytes]
    names: list[str]
    face: FaceChoice | None = None


def read_pair(
    parts: Sequence[Part], first: PartSpec, second: PartSpec, settings: Settings
) -> tuple[Files, Files | FaceVerError]:
    """(the first spec's files, the second's files or their error). Raises the first spec's errors."""
    with stage("unpack"):
        files = read_files(parts, first, settings)
        try:
            return files, read_files(parts, second, settings)
        except FaceVerError as error:
            return files, error.with_traceback(None)


def read_files(parts: Sequence[Part], spec: PartSpec, settings: Settings) -> Files:
    """The parts of one spec, checked and decoded from base64. Raises the spec's error, PartTypeError, TooLargeError."""
    found = [part for part in parts if part.name == spec.name]
    if not found or (len(found) > 1 and not spec.many):
        raise spec.error(f"part {spec.name} is {'sent twice' if found else 'missing'}", exposed=spec.name)
    check_types(found, spec)
    data = [
        decoded(part.data, part.encoding, settings, spec.error, spec.name) if part.encoding else part.data
        for part in found
    ]
    return Files(
        data, [str(number) if part.filename is None else part.filename for number, part in enumerate(found, 1)]
    )


def check_types(found: Iterable[Part], spec: PartSpec) -> None:
    """Raises PartTypeError where a part of the spec's name states a type that is not accepted."""
    for content_type in {part.content_type: None for part in found}:  # thousands of parts may share one type
        if content_type is not None and not accepts(spec.types, media_type(content_type)):
            raise PartTypeError(f"part {spec.name} has Content-Type {content_type!r}")
