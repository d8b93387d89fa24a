"""Attributes of a face beyond detection: head pose and eyes, for the best shot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from faceVer.domain.values import Face, Image
from faceVer.inference.backend import LoadedModel
from faceVer.vision.alignment import tilt
from faceVer.vision.eye_state import EyeStateModel
from faceVer.vision.head_pose import HeadPoseModel
from faceVer.vision.landmarks import EYES, LandmarkModel, eye_opening


@dataclass(frozen=True, slots=True)
class FaceAttributes:
    """yaw, pitch, roll: degrees; 0, 0, 0 looks into the camera, up is positive. eyes_open: 0..1, mean of both eyes.

    eye_ratio: height by width of the eyes' openings, mean of both: about 0.15 closed, 0.3 open.
    """

    yaw: float
    pitch: float
    roll: float
    eyes_open: float
    eye_ratio: float


class FaceAttributeModels:
    """Three small models of the pack: landmarks68, eyestate, headpose."""

    def __init__(self, landmarks: LoadedModel, eyes: LoadedModel, pose: LoadedModel) -> None:
        self.landmarks, self.eyes, self.pose = LandmarkModel(landmarks), EyeStateModel(eyes), HeadPoseModel(pose)

    def measure(self, image: Image, face: Face) -> FaceAttributes:
        """image: see values.Image; `face` is in its pixels. Raises InferenceError."""
        points = self.landmarks.points(image, face)
        yaw, pitch = self.pose.angles(image, face)
        openness = np.mean([self.eyes.openness(image, points[eye]) for eye in EYES])
        ratio = np.mean([eye_opening(points[eye]) for eye in EYES])
        return FaceAttributes(yaw, pitch, tilt(face.landmarks), float(openness), float(ratio))
