"""The PAD score of a media item over its frames.

The frames of a video or an archive are combined by a mean weighted by how frontal the face is: the models score a head
turned aside as less live than it is, and frames of bona fide presentations do fail one by one (docs/liveness.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from faceVer.domain.values import FrameDetection
from faceVer.matching.scores import SCORE_DIGITS
from faceVer.observability.timings import stage
from faceVer.services.folders.findings import FrameScore, PadScore
from faceVer.vision.frame_quality import approximate_yaw
from faceVer.vision.liveness.passive import PadModel

# Degrees of yaw from which a frame has the least weight. It is above 0, so that an attacker cannot hide a presentation
# attack in frames of a head turned aside.
YAW_SPAN, LEAST_WEIGHT = 50.0, 0.25


def score_frames(model: PadModel, detections: Sequence[FrameDetection], views: int) -> PadScore:
    """The PAD score over the frames of a media item.

    detections: at least one. views: least number of crops of the face to score; with fewer frames, several crops of
    each frame are scored. Raises InferenceError.
    """
    per_frame = max(1, math.ceil(views / len(detections)))
    scores = []
    for number, found in enumerate(detections):
        with stage("liveness"):
            score = model.pad_score(found.image, found.face, start=number * per_frame, count=per_frame)
        left, top, right, bottom = (round(float(edge), 1) for edge in found.face.box)
        scores.append(
            FrameScore(
                index=found.frame.index,
                time=found.frame.time,
                name=found.frame.name,
                box=(left, top, right, bottom),
                pad_score=score,
                weight=frame_weight(approximate_yaw(found.face.landmarks)),
                alone=found.alone,
            )
        )
    return PadScore(combine([one.pad_score for one in scores], [one.weight for one in scores]), tuple(scores))


def frame_weight(yaw: float) -> float:
    """The weight of a frame by the degrees its head is turned aside: 1 frontal, at least `LEAST_WEIGHT`."""
    return max(LEAST_WEIGHT, 1 - abs(yaw) / YAW_SPAN)


def combine(scores: Sequence[float], weights: Sequence[float]) -> float:
    """The weighted mean of frame scores (0..1 each, at least one), rounded to 6 digits."""
    mean = float(np.average(np.asarray(scores, dtype=np.float64), weights=np.asarray(weights, dtype=np.float64)))
    return round(min(max(mean, 0.0), 1.0), SCORE_DIGITS)
