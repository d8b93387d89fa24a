"""File arguments as the parts of a form."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from faceVer.client.content_types import OCTET_STREAM, media_type, sample_type
from faceVer.client.files import NamedFile, load, split_name
from faceVer.client.form import Part


def template_part(name: str, file: NamedFile, unnamed: str = "") -> Part:
    """unnamed: the file name of a file without one; "" = the part's name."""
    return _part(name, file, lambda _: OCTET_STREAM, unnamed)


def sample_part(name: str, file: NamedFile, unnamed: str = "") -> Part:
    """unnamed: the file name of a file without one; "" = the part's name."""
    return _part(name, file, sample_type, unnamed)


def media_part(name: str, file: NamedFile) -> Part:
    return _part(name, file, media_type)


def many_parts(
    name: str, files: Iterable[NamedFile], make: Callable[[str, NamedFile, str], Part], offset: int = 0
) -> list[Part]:
    """The N parts. A file without a name is sent under its position, counted from 1, as the server would name it."""
    return [make(name, file, str(position)) for position, file in enumerate(files, offset + 1)]


def _part(name: str, file: NamedFile, content_type: Callable[[bytes], str], unnamed: str = "") -> Part:
    """content_type: from the first bytes."""
    filename, inner = split_name(file)
    source = load(inner)
    return Part(name, source, content_type(source.head), filename or unnamed or name)
