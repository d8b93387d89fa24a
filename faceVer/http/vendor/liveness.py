"""Liveness of the vendor profile, /v1/{prefix}/liveness/detect: one sample, and the person's instructions."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from aiohttp import web
from msgspec import Meta

from faceVer.domain.errors import PartTypeError, PayloadError, SampleError, TooLargeError
from faceVer.domain.folders import MediaKind
from faceVer.domain.gestures import DemandedGesture
from faceVer.http.pipeline.context import EXECUTOR, SETTINGS
from faceVer.http.pipeline.folder_forms import service_of
from faceVer.http.pipeline.forms.content_types import media_type
from faceVer.http.pipeline.forms.parser import Part
from faceVer.http.pipeline.part_spec import PartSpec, check_types, read_files
from faceVer.http.pipeline.receiving import with_form
from faceVer.http.pipeline.responses import json_body, plain_decimal
from faceVer.http.pipeline.wire import WireModel
from faceVer.http.vendor.errors import LIVENESS
from faceVer.http.vendor.metadata import MOVE, MOVES, PASSIVE, Metadata, read_metadata
from faceVer.matching.scores import SCORE_DIGITS
from faceVer.media.sniffing import identify
from faceVer.services.folders.service import FolderService
from faceVer.settings.model import Settings

METADATA = PartSpec("metadata", frozenset({"application/json"}), PayloadError, model=Metadata)
SAMPLE = PartSpec("bio_sample", frozenset({"image/*", "video/*"}), SampleError)
PARTS = (METADATA, SAMPLE)


class ActionResult(WireModel, frozen=True, kw_only=True):
    """The outcome of one instruction."""

    type: Annotated[str, Meta(description="The instruction's.")]
    passed: Annotated[bool, Meta(description="Whether it was followed; of a passive one, whether the sample is live.")]


class LivenessResult(WireModel, frozen=True, kw_only=True):
    """The liveness of a sample."""

    passed: Annotated[bool, Meta(description="Whether the sample is live and every instruction was followed.")]
    score: Annotated[float, Meta(ge=0, le=1, description="1 = live, 0 = attack: 1 less the PAD score.")]
    results: Annotated[list[ActionResult], Meta(min_length=1, description="One entry per action, in their order.")]


class _Sample(NamedTuple):
    """kind: as the part's type says, or else its bytes."""

    metadata: Metadata
    data: bytes
    kind: MediaKind


async def detect(request: web.Request) -> web.Response:
    """Detect a presentation attack in a photo or a video, and whether the person followed the instructions."""
    app = request.app

    def read(parts: list[Part]) -> _Sample:
        return _read(parts, app[SETTINGS])

    async def respond(sample: _Sample, _: bool) -> web.Response:
        body = await app[EXECUTOR].run(_answer, service_of(request), sample)
        return json_body(body, content_type=LIVENESS.content_type)

    return await with_form(request, SampleError, read, lambda sample: [sample.data], respond)


def _read(parts: list[Part], settings: Settings) -> _Sample:
    """The checks of the form, in the order of docs/contract.md."""
    for spec in PARTS:
        check_types((part for part in parts if part.name == spec.name), spec)
    metadata = read_metadata(read_files(parts, METADATA, settings).data[0])
    (data,) = read_files(parts, SAMPLE, settings).data
    if len(data) > settings.limits.max_file_bytes:
        raise TooLargeError(f"a sample of {len(data)} bytes; {settings.limits.max_file_bytes} are allowed")
    (stated,) = (part.content_type for part in parts if part.name == SAMPLE.name)
    label = media_type(stated).partition("/")[0]
    kind = label or identify(data)[0]
    if not _fits(kind, metadata, settings.api.vendor_samples):
        raise PartTypeError(f"the sample is labelled {kind}, which does not fit the instructions")
    if identify(data)[0] != kind:
        raise SampleError(f"the sample is no {kind}")
    return _Sample(metadata, data, "image" if kind == "image" else "video")


def _fits(kind: str, metadata: Metadata, accepted: str) -> bool:
    if accepted == "any" and metadata.mnemonic == PASSIVE:
        return kind in ("image", "video")
    return kind == ("image" if metadata.is_for_photo else "video")


def _answer(service: FolderService, sample: _Sample) -> bytes:
    """The response's JSON. For an inference thread."""
    metadata = sample.metadata
    moves = metadata.mnemonic == MOVE
    demanded = [DemandedGesture(action.type, MOVES[action.type]) for action in metadata.actions] if moves else []
    is_live, pad_score, gestures = service.detect_gestures(sample.data, sample.kind, demanded)
    # No words are recognized: spoken digits are never taken for said.
    followed = (
        [one.passed for one in gestures]
        if moves
        else [metadata.mnemonic == PASSIVE and is_live] * len(metadata.actions)
    )
    results = ", ".join(
        f'{{"type": "{action.type}", "passed": {_word(passed)}}}'
        for action, passed in zip(metadata.actions, followed, strict=True)
    )
    score = plain_decimal(round(1 - pad_score, SCORE_DIGITS))
    return f'{{"passed": {_word(is_live and all(followed))}, "score": {score}, "results": [{results}]}}'.encode()


def _word(value: bool) -> str:
    return "true" if value else "false"
