"""Gestures that a video is to show, and what was found. Tags and wire texts are not here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Gesture(StrEnum):
    """What a person is to do. Left and right are the person's own, as in a picture that is not mirrored."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    SMILE = "smile"
    BLINK = "blink"
    ZOOM = "zoom"
    """The camera moves away, then near."""
    BROWS = "brows"
    """Raised eyebrows."""
    NONE = "none"
    """Nothing but to look into the camera."""


class GestureFault(StrEnum):
    """Why a gesture was not accepted."""

    NO_VIDEO = "no_video"
    """The media item is a photo or an archive."""
    NO_FRONTAL_FACE = "no_frontal_face"
    """The face does not look into the camera at the beginning."""
    NOT_SEEN = "not_seen"
    """The gesture does not occur, is too weak, or ends too soon."""
    WRONG_ORDER = "wrong_order"
    """It occurs only before the gesture that was to precede it."""
    NOT_ENDED = "not_ended"
    """The face does not look into the camera again after it."""
    FLAT = "flat"
    """The features of the face move as those of a flat picture do."""
    OTHER_GESTURE = "other_gesture"
    """Another gesture, which was not demanded, dominates."""
    OTHER_PERSON = "other_person"
    """The faces before, in and after the gesture differ, or cannot be compared."""


class DemandedGesture(NamedTuple):
    """name: as the request calls it."""

    name: str
    gesture: Gesture


@dataclass(frozen=True, slots=True)
class GestureResult:
    """One demanded gesture. name: as the request calls it. fault: None = accepted. time: seconds from the video's start
    to the gesture's peak, None where it was not found.
    """

    name: str
    gesture: Gesture
    fault: GestureFault | None = None
    time: float | None = None

    @property
    def passed(self) -> bool:
        return self.fault is None
