"""The second-person rule (docs/contract.md, What counts as the face; docs/faces.md)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from faceVer.domain.errors import SeveralFacesError
from faceVer.domain.values import Face, FrameDetection
from faceVer.vision.detection.rules import DetectionRules


def is_second_person(other: Face, subject: Face, rules: DetectionRules) -> bool:
    """Whether a face other than the subject's is a second person, not one in the background."""
    return (
        other is not subject
        and other.confidence >= rules.second_confidence
        and other.side >= rules.second_ratio * subject.side
    )


def require_single_person(subject: Face, faces: Iterable[Face], rules: DetectionRules) -> None:
    """Raises SeveralFacesError where one of an image's faces is a second person."""
    for other in faces:
        if is_second_person(other, subject, rules):
            raise SeveralFacesError(f"a second face of {other.side / subject.side:.2f} of the subject's side")


def shows_second_person(detections: Sequence[FrameDetection]) -> bool:
    """Whether more than half of the frames that show a face show a second person.

    Frames without a finer copy count only where a second person was found nevertheless.
    """
    counted = [found for found in detections if found.fine or not found.alone]
    return 2 * sum(not found.alone for found in counted) > len(counted)
