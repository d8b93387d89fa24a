"""Passive presentation attack detection (ISO/IEC 30107): a face in an image -> its PAD score, 0 bona fide, 1 attack.

A pack names any number of liveness models; each is a `PadModel`, and `PadEnsemble` combines them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from faceVer.domain.errors import InferenceError
from faceVer.domain.values import Face, Image
from faceVer.inference.backend import LoadedModel
from faceVer.vision.crops import softmax

# Beyond this a model is no surer than it is often right: one that is wrong must not outvote all others.
LOGIT_LIMIT = 7.0


class Feeding(NamedTuple):
    """How a model of the MiniFASNet family is fed.

    scales: how many times the face box is grown about its centre; each view is fed plain and mirrored. side: of the
    crop, pixels. live: the class of bona fide faces among the model's three; the other two are kinds of attack.
    """

    scales: tuple[float, ...]
    side: int
    live: int


# Grown 2.7 times in training, a little less and more beside it: on single photos the mean over these views errs less
# than one view does (docs/liveness.md).
FACEPLUGIN = Feeding((2.4, 2.7, 3.0), 128, 0)
# Scales and sides are in the names of the files of `github.com/minivision-ai/Silent-Face-Anti-Spoofing`.
SILENT_FACE_V2 = Feeding((2.7,), 80, 1)
SILENT_FACE_V1SE = Feeding((4.0,), 80, 1)


class PadModel(Protocol):
    """Scores faces by crops ("views") of the image around them."""

    def pad_score(self, image: Image, face: Face, *, start: int = 0, count: int | None = None) -> float:
        """The PAD score, 0..1, of `face` (in pixels of `image`).

        The mean over `count` of the model's views, from the one numbered `start`, round and round; None = each view
        once. The frames of a video are given consecutive numbers, so that few views of each cover all kinds.
        Raises InferenceError.
        """
        ...


class PadEnsemble:
    """Several models as one: 1 / (1 + exp(-(offset + the sum of weight * logit(score)))).

    Every logit is limited to ±`LOGIT_LIMIT`. With weights that add up to 1 and no offset the score is 0.5 where the
    models' evidence is balanced (docs/decisions/0056).
    """

    def __init__(self, models: Sequence[tuple[PadModel, float]], offset: float = 0.0) -> None:
        """models: each with its weight, above 0; at least one."""
        if not models or not all(weight > 0 for _, weight in models):
            raise ValueError("at least one model is needed, and each with a weight above 0")
        self._models, self._offset = tuple(models), offset

    def pad_score(self, image: Image, face: Face, *, start: int = 0, count: int | None = None) -> float:
        scores = [(model.pad_score(image, face, start=start, count=count), weight) for model, weight in self._models]
        return 1 / (1 + math.exp(-self._offset - sum(weight * logit(score) for score, weight in scores)))


def logit(score: float) -> float:
    """The logarithm of the odds of a score, limited to ±`LOGIT_LIMIT`. score: 0..1."""
    if not 0 < score < 1:
        return math.copysign(LOGIT_LIMIT, score - 0.5)
    return min(max(math.log(score / (1 - score)), -LOGIT_LIMIT), LOGIT_LIMIT)


class MiniFasNet:
    """MiniFASNet (`github.com/minivision-ai/Silent-Face-Anti-Spoofing`): BGR, 0..255 float; three logits.

    On CPUs the views run one by one, as the file has a batch of one; on a device as one batch, with the same result.
    """

    def __init__(self, model: LoadedModel, feeding: Feeding = FACEPLUGIN) -> None:
        self._model, self._feeding = model, feeding

    def pad_score(self, image: Image, face: Face, *, start: int = 0, count: int | None = None) -> float:
        kinds = face_views(image, face, self._feeding.scales)
        wanted = kinds if count is None else [kinds[(start + n) % len(kinds)] for n in range(min(count, len(kinds)))]
        side = self._feeding.side
        crops = {scale: face_crop(image, face, scale, side) for scale in {scale for scale, _ in wanted}}
        views = [crops[scale][:, ::-1] if mirrored else crops[scale] for scale, mirrored in wanted]
        return float(np.mean(self.pad_scores(np.stack(views))))

    def pad_scores(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(N, side, side, 3) uint8 RGB crops -> (N,) PAD scores, 0..1. Raises InferenceError."""
        batch = np.ascontiguousarray(crops[..., ::-1].transpose(0, 3, 1, 2), dtype=np.float32)
        logits = self._model.run(batch)[0]
        if not np.isfinite(logits).all():
            raise InferenceError("the liveness model gave a value that is not finite")
        return np.asarray(1 - softmax(logits)[:, self._feeding.live], dtype=np.float64)


def largest_scale(image: Image, face: Face) -> float:
    """How many times the face box can be grown until a side reaches the picture's."""
    height, width = image.shape[:2]
    return float(min((height - 1) / max(face.height, 1.0), (width - 1) / max(face.width, 1.0)))


def face_views(image: Image, face: Face, grown: Sequence[float]) -> list[tuple[float, bool]]:
    """(scale, mirrored) of every view: the distinct scales of `grown` that the picture allows, plain and mirrored.

    Scale and mirroring alternate from one to the next.
    """
    limit = largest_scale(image, face)
    scales = sorted({min(scale, limit) for scale in grown})
    return [(scale, bool((n + turn) % 2)) for turn in (0, 1) for n, scale in enumerate(scales)]


def face_crop(image: Image, face: Face, scale: float, side: int) -> Image:
    """(side, side, 3) uint8 RGB: the face box grown `scale` times about its centre, shifted to stay inside the picture.

    Resized bilinearly without keeping its aspect, as in training. scale: at most `largest_scale`.
    """
    height, width = image.shape[:2]
    wide, high = face.width * scale, face.height * scale
    x, y = face.centre
    left = int(min(max(x - wide / 2, 0.0), max(width - wide, 0.0)))
    top = int(min(max(y - high / 2, 0.0), max(height - high, 0.0)))
    region = image[top : max(int(top + high), top + 1), left : max(int(left + wide), left + 1)]
    crop: Image = cv2.resize(region, (side, side), interpolation=cv2.INTER_LINEAR)
    return crop
