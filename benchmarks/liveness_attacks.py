"""Simulated presentation attacks: a press photo shown on a screen or printed, as a camera might record it.

They lack what real recapture has (a real sensor, real light, real paper), so that they can rank ways of combining
models but state no error rate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from faceVer.domain.values import Image

WIDTH, HEIGHT = 640, 480


def screen(photo: Image, random: np.random.Generator) -> Image:
    """Moire of the display's and the camera's grids, a blue cast, a reflection, the bezel around."""
    shown = _levels(photo, gain=random.uniform(0.85, 1.1), tint=(0.93, 0.99, 1.08))
    scene, inside = _held(shown, random, border=0.06, colour=12)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    angle, period = random.uniform(0, np.pi), random.uniform(3, 9)
    wave = np.sin(2 * np.pi * (rows * np.sin(angle) + columns * np.cos(angle)) / period)
    bands = np.sin(2 * np.pi * (columns + 0.4 * wave * period) / random.uniform(2.2, 3.5))
    scene *= (1 + inside * (0.05 * wave + 0.03 * bands))[..., None]
    centre = random.uniform((0, 0), (HEIGHT, WIDTH))
    spot = np.exp(-((rows - centre[0]) ** 2 + (columns - centre[1]) ** 2) / (2 * random.uniform(40, 110) ** 2))
    return _recorded(scene + (70 * inside * spot)[..., None], random)


def print_(photo: Image, random: np.random.Generator) -> Image:
    """Fewer colours and less contrast, paper grain, a white border."""
    grey = photo.mean(axis=2, keepdims=True)
    pale = 28 + 0.78 * (grey + random.uniform(0.6, 0.9) * (photo - grey))
    scene, inside = _held(pale, random, border=random.uniform(0.03, 0.1), colour=232)
    grain = cv2.GaussianBlur(random.normal(0, 9, (HEIGHT, WIDTH)), (0, 0), 0.8)
    return _recorded(scene + (inside * grain)[..., None], random)


def recorded(photo: Image, random: np.random.Generator) -> Image:
    """No attack: the photo itself, as large and as degraded as in the attacks, so that neither tells them apart."""
    extent = int(random.uniform(0.85, 1.05) * HEIGHT)
    large = cv2.resize(photo, (extent, extent), interpolation=cv2.INTER_CUBIC)
    return _recorded(large.astype(np.float64), random)


def cut_out(photo: Image, random: np.random.Generator) -> Image:
    """A print cut along the head, without any straight edge, in front of the background."""
    pale = 20 + 0.85 * photo.astype(np.float64)
    scene, inside = _held(pale, random, border=0.0, colour=0, oval=True)
    grain = cv2.GaussianBlur(random.normal(0, 6, (HEIGHT, WIDTH)), (0, 0), 0.8)
    return _recorded(scene + (inside * grain)[..., None], random)


ATTACKS: Mapping[str, Callable[[Image, np.random.Generator], Image]] = {
    "screen": screen,
    "print": print_,
    "cut-out": cut_out,
}


def _levels(photo: Image, gain: float, tint: tuple[float, float, float]) -> NDArray[np.float64]:
    return 255 * (photo / 255.0) ** 1.15 * gain * np.array(tint)


def _held(
    shown: NDArray[np.float64], random: np.random.Generator, *, border: float, colour: float, oval: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(scene (HEIGHT, WIDTH, 3), 0..1 where the picture is): it is held a little askew before a blurred room."""
    side = shown.shape[0]
    edge = int(side * border)
    shown = cv2.copyMakeBorder(shown, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(colour, colour, colour))
    full = shown.shape[0]
    extent = random.uniform(0.75, 1.05) * HEIGHT
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * extent / 2 * random.uniform(0.93, 1.0, (4, 2))
    middle = np.array([WIDTH, HEIGHT]) / 2 + random.uniform(-25, 25, 2)
    warp = cv2.getPerspectiveTransform(
        np.array([(0, 0), (full, 0), (full, full), (0, full)], np.float32), (corners + middle).astype(np.float32)
    )
    mask = np.ones((full, full))
    if oval:
        mask = cv2.ellipse(
            np.zeros((full, full)), (full // 2, full // 2), (full // 3, int(full / 2.2)), 0, 0, 360, 1, -1
        )
    inside = cv2.warpPerspective(mask, warp, (WIDTH, HEIGHT))
    light = random.uniform(40, 200, (5, 6, 1)) + random.normal(0, 12, (5, 6, 3))
    room = cv2.resize(light, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    scene = cv2.warpPerspective(shown, warp, (WIDTH, HEIGHT)) * inside[..., None] + room * (1 - inside[..., None])
    return scene, inside


def _recorded(scene: NDArray[np.float64], random: np.random.Generator) -> Image:
    """The camera's blur, noise and JPEG."""
    blurred = cv2.GaussianBlur(scene, (0, 0), random.uniform(0.5, 1.1)) + random.normal(0, 2.5, scene.shape)
    pixels = np.clip(blurred, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(70, 93))])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
