"""Every method of the API as a request to send and a parser of its response. No network I/O.

The clients make their methods of these (`blocking.py`, `asynchronous.py`): signature and docstring are theirs, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypedDict, TypeVar, Unpack

from faceVer.client import folder_parsing, parsing
from faceVer.client.content_types import OCTET_STREAM, media_type, sample_type
from faceVer.client.files import File, NamedFile, Source, load, split_name
from faceVer.client.form import Body, Part, form
from faceVer.client.payload import NAME as PAYLOAD
from faceVer.client.payload import AnalysisRequest, Quality, payload
from faceVer.client.response import OVERLOADED, Response, UnreadableError
from faceVer.client.results import Comparison, Folder, Health, Liveness, Match, Verification, Version
from faceVer.client.retry import Timeouts

PATTERN, LIVENESS = "/v1/face/pattern", "/v1/face/liveness"
DETECT, INSTANT = f"{LIVENESS}/detect", "/api/instant/folders/"
MAX_PARTS = 20_100
"""Parts of one request that a server accepts by default."""
T = TypeVar("T")


class Options(TypedDict, total=False):
    """Options of a single call. request_id: 1 to 128 visible ASCII characters. timeout: replaces the client's."""

    request_id: str
    timeout: float | Timeouts | None


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request. safe: repeating it does no harm, since it changes nothing. statuses: HTTP statuses of a result."""

    path: str
    parse: Callable[[Response], T]
    options: Options
    body: Body | None = None
    headers: Mapping[str, str] | None = None
    safe: bool = True
    statuses: tuple[int, ...] = (200,)

    @property
    def method(self) -> str:
        return "GET" if self.body is None else "POST"

    def read(self, response: Response) -> T:
        """The result. Raises ClientError."""
        reason = ""
        if response.status in self.statuses:
            try:
                return self.parse(response)
            except UnreadableError as error:
                reason = str(error) if response.status == 200 else ""
        raise response.error(reason)


class Calls:
    """Makes the calls. encoded: send files and request templates in base64. max_parts: of one request.

    Making a call reads the first bytes of its files, and raises OSError where they cannot be read.
    """

    def __init__(self, *, encoded: bool, max_parts: int) -> None:
        if max_parts < 2:
            raise ValueError("max_parts must be 2 at least")
        self._encoded, self.max_parts = encoded, max_parts

    def version(self, **options: Unpack[Options]) -> Call[Version]:
        """Of the server, its inference runtime and its models."""
        return Call("/version", parsing.version, options)

    def health(self, **options: Unpack[Options]) -> Call[Health]:
        """Whether faces can be compared. A server that is not well is a result, not an error."""
        return Call(f"{PATTERN}/health", parsing.health, options, statuses=(200, OVERLOADED))

    def liveness_health(self, **options: Unpack[Options]) -> Call[Health]:
        """Whether liveness can be scored."""
        return Call(f"{LIVENESS}/health", parsing.health, options, statuses=(200, OVERLOADED))

    def extract(self, image: File, **options: Unpack[Options]) -> Call[bytes]:
        """The template of the face in an image."""
        parse = partial(parsing.template, encoded=self._encoded)
        return self._call(f"{PATTERN}/extract", parse, self._image(image), options)

    def liveness(self, image: File, **options: Unpack[Options]) -> Call[Liveness]:
        """Whether an image is bona fide or a presentation attack."""
        return self._call(DETECT, parsing.liveness, self._image(image), options)

    def compare(self, feature: File, template: File, **options: Unpack[Options]) -> Call[Comparison]:
        """Compare two templates."""
        parts = (_template("bio_feature", feature), _template("bio_template", template))
        return self._form(f"{PATTERN}/compare", parsing.comparison, parts, options)

    def verify(self, image: File, template: File, **options: Unpack[Options]) -> Call[Verification]:
        """Compare an image with a template; the result includes the image's own template."""
        parts = (_sample("sample", image), _template("bio_template", template))
        return self._form(f"{PATTERN}/verify", partial(parsing.verification, encoded=self._encoded), parts, options)

    def extract_and_compare(self, image: File, other: File, **options: Unpack[Options]) -> Call[Comparison]:
        """Compare two images."""
        parts = (_sample("sample_1", image), _sample("sample_2", other))
        return self._form(f"{PATTERN}/extract_and_compare", parsing.comparison, parts, options)

    def compare_n(
        self, template: File, templates: Iterable[NamedFile], **options: Unpack[Options]
    ) -> Call[list[Match]]:
        """Compare a template with each of N. Raises ValueError where they are too many for one request."""
        return self.compare_batch(template, templates, 0, options)

    def compare_batch(
        self, template: File, templates: Iterable[NamedFile], offset: int, options: Options
    ) -> Call[list[Match]]:
        """As `compare_n`. offset: index of the first of the templates in the gallery."""
        parts = _many("templates_n", templates, _template, offset)
        return self._one_to_n("compare_n", _template("template_1", template), parts, options, offset)

    def verify_n(self, image: File, templates: Iterable[NamedFile], **options: Unpack[Options]) -> Call[list[Match]]:
        """Compare an image with each of N templates. Raises ValueError as `compare_n` does."""
        parts = _many("templates_n", templates, _template)
        return self._one_to_n("verify_n", _sample("sample_1", image), parts, options)

    def extract_and_compare_n(
        self, image: File, images: Iterable[NamedFile], **options: Unpack[Options]
    ) -> Call[list[Match]]:
        """Compare an image with each of N images. Raises ValueError as `compare_n` does."""
        parts = _many("samples_n", images, _sample)
        return self._one_to_n("extract_and_compare_n", _sample("sample_1", image), parts, options)

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
        **options: Unpack[Options],
    ) -> Call[Folder]:
        """Analyse images, videos and archives, each under its own name.

        analyses: Quality, Biometry; by default one Quality. tags, media_meta_data: by the names of media. meta_data: of
        the folder. resolution_endpoint: where the server also sends the document; such a call is not repeated once its
        body may have arrived. instant: use /api/instant/folders/ instead of detect.
        """
        if PAYLOAD in media:
            raise ValueError(f"no media item can be named {PAYLOAD!r}")
        request = payload(analyses, tags, meta_data, media_meta_data, resolution_endpoint)
        path, safe = INSTANT if instant else DETECT, resolution_endpoint is None
        return self._folder(media, request, folder_parsing.folder, options, path=path, safe=safe)

    def best_shot(self, medium: NamedFile, **options: Unpack[Options]) -> Call[bytes]:
        """The best frame of a video or an archive, as a JPEG. Raises AnalysisFailed where there is none."""
        request = payload([Quality(extract_best_shot=True)])
        return self._folder({"medium": medium}, request, folder_parsing.best_shot, options)

    def _folder(
        self,
        media: Mapping[str, NamedFile],
        request: bytes,
        parse: Callable[[Response, folder_parsing.Sent], T],
        options: Options,
        *,
        path: str = DETECT,
        safe: bool = True,
    ) -> Call[T]:
        parts = [_part(name, file, media_type) for name, file in media.items()]
        sent = [(part.name, part.filename or "") for part in parts]
        parts.append(Part(PAYLOAD, Source.of(request), "application/json", None))
        return self._form(path, lambda response: parse(response, sent), parts, options, safe=safe)

    def _one_to_n(
        self, name: str, one: Part, many: Sequence[Part], options: Options, offset: int = 0
    ) -> Call[list[Match]]:
        if len(many) >= self.max_parts:
            raise ValueError(
                f"{len(many)} files and the one they are compared with are more than the {self.max_parts} parts that "
                "a server takes in one request (max_parts=); search() sends a gallery of any size in batches"
            )
        parse = partial(parsing.matches, count=len(many), offset=offset)
        return self._form(f"{PATTERN}/{name}", parse, (one, *many), options)

    def _image(self, file: File) -> Body:
        source = load(file)
        return Body(sample_type(source.head), ((source, self._encoded),))

    def _form(
        self,
        path: str,
        parse: Callable[[Response], T],
        parts: Iterable[Part],
        options: Options,
        *,
        safe: bool = True,
    ) -> Call[T]:
        return self._call(path, parse, form(parts, encoded=self._encoded), options, safe=safe)

    def _call(
        self, path: str, parse: Callable[[Response], T], body: Body, options: Options, *, safe: bool = True
    ) -> Call[T]:
        headers = {parsing.TRANSFER_ENCODING: "base64"} if self._encoded else None
        return Call(path, parse, options, body, headers, safe)


def _part(name: str, file: NamedFile, content_type: Callable[[bytes], str], unnamed: str = "") -> Part:
    """content_type: from the first bytes. unnamed: the file name of a file without one; "" = the part's name."""
    filename, inner = split_name(file)
    source = load(inner)
    return Part(name, source, content_type(source.head), filename or unnamed or name)


def _template(name: str, file: NamedFile, unnamed: str = "") -> Part:
    return _part(name, file, lambda _: OCTET_STREAM, unnamed)


def _sample(name: str, file: NamedFile, unnamed: str = "") -> Part:
    return _part(name, file, sample_type, unnamed)


def _many(
    name: str, files: Iterable[NamedFile], make: Callable[[str, NamedFile, str], Part], offset: int = 0
) -> list[Part]:
    """The N parts. A file without a name is sent under its position, counted from 1, as the server would name it."""
    return [make(name, file, str(position)) for position, file in enumerate(files, offset + 1)]
