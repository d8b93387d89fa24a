"""Biometry analysis: one template per medium, every pair of media compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from faceVer.domain.errors import ExtractionError, FaceError
from faceVer.domain.folders import BiometryOutcome, PairScore
from faceVer.services.faces import FaceEngine, Vector
from faceVer.settings.model import Settings
from faceVer.vision.detection.frames import Sighting
from faceVer.vision.frame_quality import FaceQuality

# A frontal frame of one person scores above this against the best one even with the mouth open or the eyes shut; some
# 95 % of strangers do not (cosine 0.2, a false match rate of 2e-2: docs/accuracy.md).
STRANGERS = 0.015
# Frames compared with the best one, evenly spaced. Heads turned up, down or aside score like strangers: only frames
# whose pose term (docs/best-shot.md) is at least this are compared.
CHECKED, LEAST_POSE = 6, 0.6


Ranked = Sequence[tuple[FaceQuality, Sighting]]
Known = dict[Sighting, Vector | None]
"""The vectors of a medium's frames, None for those no template can be made of: each is made once."""


class BiometryService:
    """Synchronous, without state between calls, for any number of threads."""

    def __init__(self, engine: FaceEngine, settings: Settings) -> None:
        self._engine = engine
        self._frames = settings.liveness.biometry_frames

    def photo_vector(self, sighting: Sighting) -> Vector:
        """(D,) float32 unit vector of a photo's face. Raises ExtractionError, InferenceError."""
        return self._engine.embed_image(sighting.image)

    def frames_vector(self, ranked: Ranked, known: Known) -> Vector:
        """(D,) float32 unit vector of a video's or an archive's face: the mean of its best frames' vectors.

        ranked: best first (QualityService.ranked). Frames no template can be made of are passed over. known: what was
        found of the medium's frames already; more is added.
        Raises ExtractionError where none is left, InferenceError.
        """
        vectors: list[Vector] = []
        for _, found in ranked:
            if len(vectors) == self._frames:
                break
            vector = self._vector(found, known)
            if vector is not None:
                vectors.append(vector)
        if not vectors:
            raise ExtractionError("no frame shows a face a template can be made of")
        mean = np.mean(vectors, axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), dtype=np.float32)

    def one_person(self, ranked: Ranked, known: Known) -> bool:
        """Whether a video's or an archive's frames show one person, as far as templates can tell.

        Liveness is judged over all frames, identity by the best ones: were the frames of two people let through, one
        could lend the other a live face. ranked, known: as for `frames_vector`. Raises InferenceError.
        """
        frontal = sorted(
            (found for rated, found in ranked if rated.pose >= LEAST_POSE), key=lambda found: found.frame.index
        )
        spread = frontal[:: -(-len(frontal) // CHECKED) or 1]
        looked = [self._vector(found, known) for found in dict.fromkeys((ranked[0][1], *spread))]
        vectors = [vector for vector in looked if vector is not None]
        if len(vectors) < 2:
            return True
        return min(outcome.score for outcome in self._engine.match(vectors[0], vectors[1:])) >= STRANGERS

    def _vector(self, found: Sighting, known: Known) -> Vector | None:
        if found not in known:
            try:
                known[found] = self._engine.embed_image(found.image)
            except FaceError:
                known[found] = None
        return known[found]

    def compare(self, vectors: Mapping[str, Vector]) -> BiometryOutcome:
        """Every pair of media, by key, in order; at least two."""
        pairs = [
            PairScore(left, right, self._engine.match(vectors[left], [vectors[right]])[0].score)
            for left, right in combinations(vectors, 2)
        ]
        return BiometryOutcome(tuple(pairs))
