"""Every method of the API as a request to send and a parser of its response. No network I/O.

The methods of both clients are made of these, with signature and docstring (`blocking.py`, `asynchronous.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar, Unpack
from urllib.parse import urlencode

from faceVer.client import folder_parsing, parsing
from faceVer.client.call import Call, Options
from faceVer.client.content_types import sample_type
from faceVer.client.files import Face, File, NamedFile, Source, load
from faceVer.client.form import Body, Part, form
from faceVer.client.parts import many_parts, media_part, sample_part, template_part
from faceVer.client.payload import NAME as PAYLOAD
from faceVer.client.payload import AnalysisRequest, Quality, payload
from faceVer.client.response import OVERLOADED, Response
from faceVer.client.results import Comparison, Folder, Health, Liveness, Match, Verification, Version

PATTERN, LIVENESS = "/v1/face/pattern", "/v1/face/liveness"
DETECT, INSTANT = f"{LIVENESS}/detect", "/api/instant/folders/"
MAX_PARTS = 20_100
"""Parts of one request that a server accepts by default."""
T = TypeVar("T")


class Calls:
    """Makes the calls. encoded: send files and request templates in base64. max_parts: of one request.

    Making a call reads the first bytes of its files, and raises OSError where they cannot be read.
    """

    def __init__(self, *, encoded: bool, max_parts: int) -> None:
        if max_parts < 2:
            raise ValueError("max_parts must be 2 at least")
        self.encoded, self.max_parts = encoded, max_parts

    def version(self, **options: Unpack[Options]) -> Call[Version]:
        """Of the server, its inference runtime and its models."""
        return Call("/version", parsing.version, options)

    def health(self, **options: Unpack[Options]) -> Call[Health]:
        """Whether faces can be compared. A server that is not well is a result, not an error."""
        return Call(f"{PATTERN}/health", parsing.health, options, statuses=(200, OVERLOADED))

    def liveness_health(self, **options: Unpack[Options]) -> Call[Health]:
        """Whether liveness can be scored."""
        return Call(f"{LIVENESS}/health", parsing.health, options, statuses=(200, OVERLOADED))

    def extract(self, image: File, *, face: Face | None = None, **options: Unpack[Options]) -> Call[bytes]:
        """The template of the face in an image. face: which one, of several."""
        parse = partial(parsing.template, encoded=self.encoded)
        return Call(f"{PATTERN}/extract{_chosen(face=face)}", parse, options, self._image(image))

    def liveness(self, image: File, *, face: Face | None = None, **options: Unpack[Options]) -> Call[Liveness]:
        """Whether an image is bona fide or a presentation attack. face: which one, of several."""
        return Call(f"{DETECT}{_chosen(face=face)}", parsing.liveness, options, self._image(image))

    def compare(self, feature: File, template: File, **options: Unpack[Options]) -> Call[Comparison]:
        """Compare two templates."""
        parts = (template_part("bio_feature", feature), template_part("bio_template", template))
        return self._form(f"{PATTERN}/compare", parsing.comparison, parts, options)

    def verify(
        self, image: File, template: File, *, face: Face | None = None, **options: Unpack[Options]
    ) -> Call[Verification]:
        """Compare an image with a template; the result includes the image's own template. face: in the image."""
        parts = (sample_part("sample", image), template_part("bio_template", template))
        parse = partial(parsing.verification, encoded=self.encoded)
        return self._form(f"{PATTERN}/verify{_chosen(face=face)}", parse, parts, options)

    def extract_and_compare(
        self,
        image: File,
        other: File,
        *,
        face: Face | None = None,
        other_face: Face | None = None,
        **options: Unpack[Options],
    ) -> Call[Comparison]:
        """Compare two images. face, other_face: which one, in an image of several."""
        parts = (sample_part("sample_1", image), sample_part("sample_2", other))
        chosen = _chosen(face_1=face, face_2=other_face)
        return self._form(f"{PATTERN}/extract_and_compare{chosen}", parsing.comparison, parts, options)

    def compare_n(
        self, template: File, templates: Iterable[NamedFile], **options: Unpack[Options]
    ) -> Call[list[Match]]:
        """Compare a template with each of N. Raises ValueError where they are too many for one request."""
        return self.compare_batch(template, templates, 0, options)

    def compare_batch(
        self, template: File, templates: Iterable[NamedFile], offset: int, options: Options
    ) -> Call[list[Match]]:
        """As `compare_n`. offset: index of the first of the templates in the gallery."""
        parts = many_parts("templates_n", templates, template_part, offset)
        return self._one_to_n("compare_n", template_part("template_1", template), parts, options, offset)

    def verify_n(
        self, image: File, templates: Iterable[NamedFile], *, face: Face | None = None, **options: Unpack[Options]
    ) -> Call[list[Match]]:
        """Compare an image with each of N templates. face: in the image. Raises ValueError as `compare_n` does."""
        parts = many_parts("templates_n", templates, template_part)
        return self._one_to_n(f"verify_n{_chosen(face=face)}", sample_part("sample_1", image), parts, options)

    def extract_and_compare_n(
        self,
        image: File,
        images: Iterable[NamedFile],
        *,
        face: Face | None = None,
        images_face: Face | None = None,
        **options: Unpack[Options],
    ) -> Call[list[Match]]:
        """Compare an image with each of N images. face: in the image; images_face: in each of the others.

        Raises ValueError as `compare_n` does.
        """
        parts = many_parts("samples_n", images, sample_part)
        method = f"extract_and_compare_n{_chosen(face_1=face, face_n=images_face)}"
        return self._one_to_n(method, sample_part("sample_1", image), parts, options)

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
        parts = [media_part(name, file) for name, file in media.items()]
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
        return Body(sample_type(source.head), ((source, self.encoded),))

    def _form(
        self, path: str, parse: Callable[[Response], T], parts: Iterable[Part], options: Options, *, safe: bool = True
    ) -> Call[T]:
        return Call(path, parse, options, form(parts, encoded=self.encoded), safe)


def _chosen(**faces: Face | None) -> str:
    """The query string of chosen faces, "" = none."""
    given = {
        name: ",".join(f"{value:.3f}" for value in face) if isinstance(face, tuple) else str(face)
        for name, face in faces.items()
        if face is not None
    }
    return f"?{urlencode(given, safe=',')}" if given else ""
