"""The vector of the face in a media item, and whether its frames show one person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from faceVer.domain.errors import ExtractionError, FaceError
from faceVer.domain.values import FrameDetection, Image
from faceVer.services.faces import FaceEngine
from faceVer.services.folders.best_shot import RankedFrames
from faceVer.services.templates import Vector

# A frontal frame scores above this against the best frame of the same person, even with the mouth open or the eyes
# shut; about 95 % of frames of another person do not (cosine 0.2, false match rate 2e-2: docs/accuracy.md).
STRANGERS = 0.015
# Frames compared with the best one, evenly spaced. Heads turned up, down or aside score like other persons: only frames
# whose pose term (docs/best-shot.md) is at least this are compared.
CHECKED, LEAST_POSE = 6, 0.6


class FrameVectors:
    """The vectors of the frames of one media item, each computed once. Not thread-safe. ranked: may be empty."""

    def __init__(self, engine: FaceEngine, ranked: RankedFrames) -> None:
        self._engine = engine
        self._ranked = ranked
        self._known: dict[FrameDetection, Vector | None] = {}
        """None for a frame that no template can be made of."""

    def mean(self, count: int) -> Vector:
        """(D,) float32 unit vector: the mean of the vectors of the `count` best frames that a template can be made of.

        Raises ExtractionError where there is no such frame, InferenceError.
        """
        vectors: list[Vector] = []
        for frame in self._ranked:
            if len(vectors) == count:
                break
            vector = self._vector(frame.found)
            if vector is not None:
                vectors.append(vector)
        if not vectors:
            raise ExtractionError("no frame shows a face a template can be made of")
        mean = np.mean(vectors, axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), dtype=np.float32)

    def is_one_person(self) -> bool:
        """Whether the frames show one person, by the comparison of their vectors. Raises InferenceError.

        The PAD score is over all frames, the template is of the best ones: a recording of two persons could pass PAD by
        one of them and match by the other.
        """
        if not self._ranked:
            return True
        frontal = sorted(
            (frame.found for frame in self._ranked if frame.quality.pose >= LEAST_POSE),
            key=lambda found: found.frame.index,
        )
        spread = frontal[:: -(-len(frontal) // CHECKED) or 1]
        compared = [self._vector(found) for found in dict.fromkeys((self._ranked[0].found, *spread))]
        return are_one_person(self._engine, [vector for vector in compared if vector is not None])

    def _vector(self, found: FrameDetection) -> Vector | None:
        if found not in self._known:
            self._known[found] = vector_of(self._engine, found.image)
        return self._known[found]


def vector_of(engine: FaceEngine, image: Image) -> Vector | None:
    """The vector of an image's subject, None where no template can be made of it. Raises InferenceError."""
    try:
        return engine.embed_image(image)
    except FaceError:
        return None


def are_one_person(engine: FaceEngine, vectors: Sequence[Vector]) -> bool:
    """Whether the first vector may be of the same person as each of the others. Raises InferenceError."""
    return len(vectors) < 2 or all(one.score >= STRANGERS for one in engine.match(vectors[0], vectors[1:]))
