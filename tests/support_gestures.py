"""Tracks of made-up movements, and clips of a flat picture that is moved before the camera."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from faceVer.domain.values import Frame, Image
from faceVer.vision.gestures.track import Sample, Shape

FPS = 12
REST = Sample(
    0, 0.0, (100.0, 100.0, 200.0, 220.0), yaw=2.0, pitch=-10.0, eyes=0.95, shape=Shape(50.0, 1.1, 0.9, 0.3, 0.0, 0.55)
)
"""A face that looks into the camera."""
RELIEF_X, RELIEF_Y = 0.0095, 0.009
"""What the nose of a head moves per degree, as in real-1.mp4."""


def pose(yaw: float = 0.0, pitch: float = 0.0, *, flat: bool = False) -> Sample:
    """A head turned and tilted by so many degrees; flat: a picture that seems to be."""
    shape = REST.shape
    if not flat:
        shape = replace(shape, nose_x=shape.nose_x - yaw * RELIEF_X, nose_y=shape.nose_y - pitch * RELIEF_Y)
    if abs(yaw) > 60:
        shape = Shape()
    return replace(REST, yaw=REST.yaw + yaw, pitch=REST.pitch + pitch, shape=shape)


def movement(peak: Callable[[float], Sample], *, rest: int = 8, rise: int = 6, hold: int = 5) -> list[Sample]:
    """At rest, to the peak (1.0) and back. peak: the sample at a share of the movement."""
    shares = (
        [0.0] * rest + [n / rise for n in range(1, rise)] + [1.0] * hold + [n / rise for n in range(rise - 1, 0, -1)]
    )
    return [peak(share) for share in [*shares, *[0.0] * rest]]


def timed(samples: Sequence[Sample], fps: float = FPS) -> list[Sample]:
    """The samples as consecutive frames."""
    return [replace(sample, index=n, time=n / fps) for n, sample in enumerate(samples)]


def held(picture: Image, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0, distance: float = 2.5) -> Image:
    """A picture of the face held before the camera, turned by degrees about its middle.

    distance: from the camera, in widths of the picture. Beyond its edge there is a wall.
    """
    height, width = picture.shape[:2]
    a, b, c = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    plane = np.concatenate([(corners - [width / 2, height / 2]) / width, np.zeros((4, 1))], axis=1)
    turned = plane @ (about_z @ about_x @ about_y).T
    seen = turned[:, :2] / (turned[:, 2:] + distance) * distance * width * 0.8 + [width / 2, height / 2]
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), seen.astype(np.float32))
    return np.asarray(cv2.warpPerspective(picture, matrix, (width, height), borderValue=(120, 130, 140)), np.uint8)


def bent(picture: Image, yaw: float = 0.0, pitch: float = 0.0, radius: float = 0.5) -> Image:
    """A picture bent around an upright cylinder, convex, then turned. radius: in widths of the picture."""
    height, width = picture.shape[:2]
    a, b = np.radians([yaw, pitch])
    u, v = np.meshgrid((np.arange(width) - width / 2) / width, (np.arange(height) - height / 2) / width)
    # Where each pixel of the view comes from: rays are parallel, the cylinder's axis goes through the middle.
    x, y = u / 0.8, v / 0.8 / np.cos(b)
    inside = np.abs(x) < radius
    angle = np.arcsin(np.clip(x / radius, -1, 1)) - a
    depth = np.sqrt(np.clip(radius**2 - x**2, 0, None)) - radius
    columns = np.where(inside, angle * radius * width + width / 2, -1e4).astype(np.float32)
    rows = ((y + np.tan(b) * depth) * width + height / 2).astype(np.float32)
    return np.asarray(cv2.remap(picture, columns, rows, cv2.INTER_LINEAR, borderValue=(120, 130, 140)), np.uint8)


def clip(pictures: Sequence[Image], fps: float = FPS) -> list[Frame]:
    return [Frame(picture, n, n / fps) for n, picture in enumerate(pictures)]
