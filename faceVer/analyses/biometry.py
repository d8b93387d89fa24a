"""Biometry analysis: one template per medium, every pair of media compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from faceVer.analyses.facts import BiometryOutcome, PairScore
from faceVer.config import Settings
from faceVer.engine import FaceEngine, Vector
from faceVer.errors import ExtractionError, FaceError
from faceVer.vision.quality import FaceQuality
from faceVer.vision.sight import Sighting


class BiometryService:
    """Synchronous, without state between calls, for any number of threads."""

    def __init__(self, engine: FaceEngine, settings: Settings) -> None:
        self._engine = engine
        self._frames = settings.biometry_frames

    def photo_vector(self, sighting: Sighting) -> Vector:
        """(D,) float32 unit vector of a photo's face. Raises ExtractionError, InferenceError."""
        return self._engine.embed_image(sighting.image)

    def frames_vector(self, ranked: Sequence[tuple[FaceQuality, Sighting]]) -> Vector:
        """(D,) float32 unit vector of a video's or an archive's face: the mean of its best frames' vectors.

        ranked: best first (QualityService.ranked). Frames no template can be made of are passed over.
        Raises ExtractionError where none is left, InferenceError.
        """
        vectors: list[Vector] = []
        for _, found in ranked:
            if len(vectors) == self._frames:
                break
            try:
                vectors.append(self._engine.embed_image(found.image))
            except FaceError:
                continue
        if not vectors:
            raise ExtractionError("no frame shows a face a template can be made of")
        mean = np.mean(vectors, axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), dtype=np.float32)

    def compare(self, vectors: Mapping[str, Vector]) -> BiometryOutcome:
        """Every pair of media, by key, in order; at least two."""
        pairs = [
            PairScore(left, right, self._engine.match(vectors[left], [vectors[right]])[0].score)
            for left, right in combinations(vectors, 2)
        ]
        return BiometryOutcome(tuple(pairs))
