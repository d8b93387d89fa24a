"""Every method of the API as a request to be sent and a parser of its answer: nothing here does network I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from faceVer.client import folder_parsing, parsing
from faceVer.client.answer import OVERLOADED, Answer, UnreadableError
from faceVer.client.files import File, NamedFile, Source, head_of, load, split_name
from faceVer.client.form import Body, Part, form, single
from faceVer.client.kinds import OCTETS, SOME_IMAGE, image_type, medium_type
from faceVer.client.payload import NAME as PAYLOAD
from faceVer.client.payload import AnalysisRequest, Quality, payload
from faceVer.client.results import Comparison, Folder, Health, Liveness, Match, Verification, Version

PATTERN, LIVENESS = "/v1/face/pattern", "/v1/face/liveness"
DETECT, INSTANT = f"{LIVENESS}/detect", "/api/instant/folders/"
MAX_PARTS = 20_100
"""Parts of one request that a server takes unless it is set otherwise."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request. safe: it changes nothing anywhere, so that repeating it does no harm. statuses: of a result."""

    path: str
    parse: Callable[[Answer], T]
    body: Body | None = None
    headers: Mapping[str, str] | None = None
    safe: bool = True
    statuses: tuple[int, ...] = (200,)

    @property
    def method(self) -> str:
        return "GET" if self.body is None else "POST"

    def read(self, answer: Answer) -> T:
        """The result. Raises ClientError."""
        wrong = ""
        if answer.status in self.statuses:
            try:
                return self.parse(answer)
            except UnreadableError as error:
                wrong = str(error) if answer.status == 200 else ""
        raise answer.error(wrong)


class Calls:
    """Makes the calls. encoded: files go out and templates come back as base64. max_parts: of one request.

    Making one reads the beginnings of files, and raises OSError where they cannot be read.
    """

    def __init__(self, *, encoded: bool, max_parts: int) -> None:
        if max_parts < 2:
            raise ValueError("max_parts must be 2 at least")
        self._encoded, self.max_parts = encoded, max_parts

    def version(self) -> Call[Version]:
        return Call("/version", parsing.version)

    def health(self) -> Call[Health]:
        return Call(f"{PATTERN}/health", parsing.health, statuses=(200, OVERLOADED))

    def liveness_health(self) -> Call[Health]:
        return Call(f"{LIVENESS}/health", parsing.health, statuses=(200, OVERLOADED))

    def extract(self, image: File) -> Call[bytes]:
        return self._call(f"{PATTERN}/extract", partial(parsing.template, encoded=self._encoded), self._image(image))

    def liveness(self, image: File) -> Call[Liveness]:
        return self._call(DETECT, parsing.liveness, self._image(image))

    def compare(self, feature: File, template: File) -> Call[Comparison]:
        parts = (_template("bio_feature", feature), _template("bio_template", template))
        return self._form(f"{PATTERN}/compare", parsing.comparison, parts)

    def verify(self, image: File, template: File) -> Call[Verification]:
        parts = (_sample("sample", image), _template("bio_template", template))
        return self._form(f"{PATTERN}/verify", partial(parsing.verification, encoded=self._encoded), parts)

    def extract_and_compare(self, image: File, other: File) -> Call[Comparison]:
        parts = (_sample("sample_1", image), _sample("sample_2", other))
        return self._form(f"{PATTERN}/extract_and_compare", parsing.comparison, parts)

    def compare_n(self, template: File, templates: Iterable[NamedFile], offset: int = 0) -> Call[list[Match]]:
        many = self._many("templates_n", templates, offset, _template)
        return self._one_to_n("compare_n", _template("template_1", template), many, offset)

    def verify_n(self, image: File, templates: Iterable[NamedFile]) -> Call[list[Match]]:
        many = self._many("templates_n", templates, 0, _template)
        return self._one_to_n("verify_n", _sample("sample_1", image), many)

    def extract_and_compare_n(self, image: File, images: Iterable[NamedFile]) -> Call[list[Match]]:
        many = self._many("samples_n", images, 0, _sample)
        return self._one_to_n("extract_and_compare_n", _sample("sample_1", image), many)

    def analyse(
        self,
        media: Mapping[str, NamedFile],
        analyses: Sequence[AnalysisRequest] | None = None,
        *,
        tags: Mapping[str, Sequence[str]] | None = None,
        meta_data: Mapping[str, Any] | None = None,
        media_meta_data: Mapping[str, Mapping[str, Any]] | None = None,
        resolution_endpoint: str | None = None,
        instant: bool = False,
    ) -> Call[Folder]:
        if PAYLOAD in media:
            raise ValueError(f"no medium can be named {PAYLOAD!r}")
        asked = payload(analyses, tags, meta_data, media_meta_data, resolution_endpoint)
        parts = [_medium(name, file) for name, file in media.items()]
        sent = [(part.name, part.filename or "") for part in parts]
        parse = partial(folder_parsing.folder, sent=sent)
        path = INSTANT if instant else DETECT
        return self._form(path, parse, (*parts, _payload(asked)), safe=resolution_endpoint is None)

    def best_shot(self, medium: NamedFile) -> Call[bytes]:
        part = _medium("medium", medium)
        asked = payload([Quality(extract_best_shot=True)], None, None, None, None)
        parse = partial(folder_parsing.best_shot, sent=[(part.name, part.filename or "")])
        return self._form(DETECT, parse, (part, _payload(asked)))

    def _image(self, file: File) -> Body:
        source = load(file)
        return single(source, image_type(head_of(source)) or SOME_IMAGE, encoded=self._encoded)

    def _form(self, path: str, parse: Callable[[Answer], T], parts: Iterable[Part], *, safe: bool = True) -> Call[T]:
        return self._call(path, parse, form(parts, encoded=self._encoded), safe=safe)

    def _call(self, path: str, parse: Callable[[Answer], T], body: Body, *, safe: bool = True) -> Call[T]:
        return Call(path, parse, body, {parsing.TRANSFER_ENCODING: "base64"} if self._encoded else None, safe)

    def _one_to_n(self, name: str, one: Part, many: Sequence[Part], offset: int = 0) -> Call[list[Match]]:
        return self._form(f"{PATTERN}/{name}", partial(parsing.matches, count=len(many), offset=offset), (one, *many))

    def _many(
        self, part: str, files: Iterable[NamedFile], offset: int, make: Callable[[str, NamedFile, str], Part]
    ) -> list[Part]:
        """The N parts. A file without a name is sent under its place, counted from 1, as the server would call it."""
        parts = [make(part, file, str(place)) for place, file in enumerate(files, offset + 1)]
        if len(parts) >= self.max_parts:
            raise ValueError(
                f"{len(parts)} files and the one they are compared with are more than the {self.max_parts} parts that "
                "a server takes in one request (max_parts=); search() sends a gallery of any size in batches"
            )
        return parts


def _template(part: str, file: NamedFile, unnamed: str = "") -> Part:
    name, inner = split_name(file)
    return Part(part, load(inner), OCTETS, name or unnamed or part)


def _sample(part: str, file: NamedFile, unnamed: str = "") -> Part:
    name, inner = split_name(file)
    source = load(inner)
    return Part(part, source, image_type(head_of(source)) or SOME_IMAGE, name or unnamed or part)


def _payload(data: bytes) -> Part:
    return Part(PAYLOAD, data, "application/json", None)


def _medium(name: str, file: NamedFile) -> Part:
    filename, inner = split_name(file)
    source: Source = load(inner)
    return Part(name, source, medium_type(head_of(source)), filename or name)
