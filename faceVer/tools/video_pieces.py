"""Videos cut into pieces, each scored as a video of its own: many short presentations of few long ones."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from faceVer.domain.errors import FaceError
from faceVer.domain.values import Frame
from faceVer.media.decoder import Decoder
from faceVer.services.folders.examine import Examiner
from faceVer.services.folders.findings import PadScore
from faceVer.services.rules import media_limits
from faceVer.settings.model import Settings

LEAST_PART = 0.5
"""Of a piece's length: a shorter rest at the end is left out."""


class Pieces:
    """Scores pieces of `seconds` seconds, of each as many frames as of a whole video."""

    def __init__(self, examiner: Examiner, settings: Settings, seconds: float) -> None:
        # In this process: the sandbox has memory for the frames of one video.
        self._decoder, self._examiner, self._seconds = Decoder(), examiner, seconds
        self._limits = media_limits(settings)

    def pad_scores(self, data: bytes) -> list[PadScore | FaceError]:
        """A score for each piece of a video, or why it has none. Raises SampleError, InferenceError."""
        return [self._score(frames) for frames in self._cut(data)]

    def _score(self, frames: list[Frame]) -> PadScore | FaceError:
        try:
            return self._examiner.pad_score(frames)
        except FaceError as error:
            return error

    def _cut(self, data: bytes) -> list[list[Frame]]:
        duration = self._decoder.medium(data, "video", replace(self._limits, frames=1, budget=None)).duration or 0.0
        count = ceil(max(duration / self._seconds - LEAST_PART, 1))
        frames = ceil(self._limits.frames * max(duration / self._seconds, 1))
        pieces: list[list[Frame]] = [[] for _ in range(count)]
        for frame in self._decoder.medium(data, "video", replace(self._limits, frames=frames, budget=None)).frames:
            if (number := int(frame.time / self._seconds)) < count:
                pieces[number].append(frame)
        return [piece for piece in pieces if piece]
