"""The subject in the frames of a media item."""

from __future__ import annotations

from collections.abc import Sequence

from faceVer.domain.errors import NoFaceError, SeveralFacesError
from faceVer.domain.face_choice import FaceChoice
from faceVer.domain.values import Frame, FrameDetection, Image
from faceVer.observability.timings import count_faces, stage
from faceVer.services.faces import FaceEngine
from faceVer.services.rules import detection_rules
from faceVer.settings.model import Settings
from faceVer.vision.detection.frames import detect_subjects
from faceVer.vision.detection.second_person import shows_second_person


class SubjectDetector:
    """Uses the engine's detection model. Synchronous, without state between calls, for any number of threads."""

    def __init__(self, engine: FaceEngine, settings: Settings) -> None:
        self._engine = engine
        self._rules = detection_rules(settings)

    def in_medium(self, frames: Sequence[Frame], *, is_photo: bool) -> list[FrameDetection]:
        """The subject in each frame that shows one; at least one.

        Raises NoFaceError, SeveralFacesError (in a video or an archive: a second person in most of the frames).
        """
        if is_photo:
            return self.in_photo(frames[0].image)
        detections = self.in_frames(frames)
        if not detections:
            raise NoFaceError("no frame shows a face")
        if shows_second_person(detections):
            raise SeveralFacesError("more than half of the frames show a second face")
        return detections

    def in_photo(self, image: Image, choice: FaceChoice | None = None, scale: float = 1.0) -> list[FrameDetection]:
        """The one face of a photo, or the chosen one: see `FaceEngine.subject`.

        Raises NoFaceError, SeveralFacesError.
        """
        subject = self._engine.subject(image, choice, scale)
        return [FrameDetection(Frame(image), subject.image, subject.face)]

    def in_frames(self, frames: Sequence[Frame]) -> list[FrameDetection]:
        """The subject in every frame of a video or an archive that shows one; a second person is noted there."""
        with stage("detect"):
            detections = detect_subjects(self._engine.detector, frames, self._rules)
        count_faces(len(detections))
        return detections
