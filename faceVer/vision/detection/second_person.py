"""The second-person rule (docs/contract.md, What counts as the face; docs/faces.md)."""

from __future__ import annotations

from collections.abc import Iterable

from faceVer.domain.errors import SeveralFacesError
from faceVer.domain.values import Face
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
