"""Pictures of the console: `python -m tests.browser.screenshots OUTDIR`.

`console-*.png` show public-domain portraits only and may be published: NASA's that scikit-image carries, and the
samples of the console. With $FACEVER_DATA set there are `data-*.png`, too, of the people in it: not for publishing.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageEnhance, ImageOps
from playwright.sync_api import FilePayload, expect, sync_playwright

from faceVer.domain.values import Image as Pixels
from faceVer.http import console as package
from tests import support_faces as faces
from tests.browser.support import PHONE, SLOW, Console, console, executable, launch, picture
from tests.support_media import encode_video
from tests.support_server import Server

STATIC = Path(package.__file__).parent / "static"
COLOURS = 256
"""Of the palette of a published picture: a third of the bytes, no difference to be seen."""


def sample(number: int) -> Image.Image:
    return Image.open(STATIC / f"sample-{number}.jpg").convert("RGB")


def variants(portrait: Image.Image, name: str) -> list[FilePayload]:
    """One portrait as other cameras might have taken it."""
    width, height = portrait.size
    made = {
        "mirrored": ImageOps.mirror(portrait),
        "grey": ImageOps.grayscale(portrait).convert("RGB"),
        "dark": ImageEnhance.Brightness(portrait).enhance(0.35),
        "small": portrait.resize((width // 3, height // 3)),
        "tilted": portrait.rotate(14, resample=Image.Resampling.BICUBIC).crop(
            (width // 10, height // 12, width * 9 // 10, height * 9 // 10)
        ),
    }
    return [picture(faces.jpeg(one), f"{name}-{kind}.jpg") for kind, one in made.items()]


def presentation(share: float) -> Pixels:
    """(480, 640, 3): the astronaut before the camera, and after a third of the clip on a screen held before it."""
    portrait = np.asarray(faces.astronaut().crop((60, 0, 460, 300)))
    if share < 0.36:
        grown = cv2.resize(portrait, None, fx=1.6 + 0.4 * share, fy=1.6 + 0.4 * share)
        return np.ascontiguousarray(grown[:480, :640])
    shown = cv2.resize(portrait, (260, 195), interpolation=cv2.INTER_AREA) * np.array([1.25, 1.25, 1.5])
    down, across = np.mgrid[:195, :260]
    grid = (1 + 0.06 * np.sin(2 * np.pi * (0.31 * across + 0.07 * down))) * (1 + 0.06 * np.sin(2 * np.pi * 0.27 * down))
    glass = np.clip(shown * grid[..., None], 0, 255).astype(np.uint8)
    screen = cv2.copyMakeBorder(glass, 30, 30, 8, 8, cv2.BORDER_CONSTANT, value=(12, 12, 14))
    table = np.full((480, 640, 3), (96, 82, 70), np.uint8)
    top, left = 104, 150 + round(50 * share)
    table[top : top + screen.shape[0], left : left + screen.shape[1]] = screen
    return np.ascontiguousarray(cv2.GaussianBlur(table, (0, 0), 0.9))


def compare(page: Console, first: FilePayload, second: FilePayload, wanted: str = ".big") -> None:
    page.open()
    page.give("First photo", first)
    page.give("Second photo", second)
    page.page.locator(wanted).first.wait_for(timeout=SLOW)


def search(page: Console, probe: FilePayload, files: list[FilePayload]) -> None:
    page.open("search")
    page.give("Photo to look for", probe)
    page.give("Search in", *files)
    expect(page.page.locator(".count")).to_contain_text(f"{len(files)} of {len(files)} read", timeout=6 * SLOW)
    expect(page.page.get_by_role("button", name="Stop")).to_be_hidden()
    page.page.locator("tbody .badge").first.wait_for(timeout=SLOW)


def liveness(page: Console, medium: FilePayload, frame: int) -> None:
    page.open("liveness")
    page.give("Media item", medium)
    page.section("Statuses").wait_for(timeout=SLOW)
    if frame:
        page.page.locator(".strip-of-frames button").nth(frame).click()
    page.page.wait_for_timeout(800)  # until the player's controls have settled


def status(page: Console, server: Server) -> None:
    page.page.clock.install(time=0)
    page.page.clock.pause_at(1)
    page.open("status")
    small = faces.jpeg(faces.astronaut().resize((160, 160)))
    for minute in range(48):
        for _ in range(round(7 + 5 * np.sin(minute / 5) + minute % 3)):
            server.extract(small)
        with page.page.expect_response("**/console/status"):
            page.page.clock.run_for(2000)


Scene = tuple[str, Callable[[Console], None], dict[str, object], int | None]
"""A picture's name, how to come to it, the browser's options, and its height (None: the whole page)."""


def public(server: Server) -> Iterator[Scene]:
    astronaut, officer = faces.astronaut(), sample(3)
    files = [
        *variants(astronaut, "astronaut"),
        *variants(officer, "officer")[:3],
        picture(server.template(faces.jpeg(astronaut)), "stored.fvt", ""),
        picture(faces.jpeg(faces.no_face((640, 480))), "lines.jpg"),
        picture(faces.jpeg(faces.astronaut().resize((48, 48)).resize((512, 512))), "blurred.jpg"),
    ]
    clip = encode_video((presentation(number / 47) for number in range(48)), "libvpx", "webm", fps=8)
    both = Image.new("RGB", (620, 400), "white")
    both.paste(sample(1).resize((310, 400)), (0, 0))
    both.paste(officer.resize((310, 400)), (310, 0))
    one, two = (
        picture(faces.jpeg(astronaut), "portrait.jpg"),
        picture((STATIC / "sample-2.jpg").read_bytes(), "webcam.jpg"),
    )
    other = picture(faces.jpeg(officer), "officer.jpg")
    pair = picture(faces.jpeg(both), "two-people.jpg"), picture(faces.jpeg(faces.no_face((640, 480))), "lines.jpg")
    yield "compare", partial(compare, first=one, second=two), {}, None
    yield "compare-dark", partial(compare, first=one, second=other), {"dark": True}, None
    yield "search", partial(search, probe=one, files=files), {}, None
    yield "search-dark", partial(search, probe=one, files=files), {"dark": True}, None
    yield "liveness", partial(liveness, medium=picture(clip, "clip.webm", "video/webm"), frame=9), {}, None
    yield "error", partial(compare, first=pair[0], second=pair[1], wanted=".notice >> nth=1"), {}, None
    yield "status", partial(status, server=server), {"dark": True}, None
    phone: dict[str, object] = {"size": PHONE, "device_scale_factor": 2}
    yield "phone", partial(compare, first=one, second=two), phone, None
    yield "phone-search", partial(search, probe=one, files=files), {**phone, "dark": True}, 1100


def private(data: Path) -> Iterator[Scene]:
    folders = [folder for folder in sorted((data / "lfw-dev" / "images").iterdir()) if len(list(folder.glob("*"))) > 3]
    photos = [picture(path.read_bytes(), path.name) for folder in folders[:8] for path in sorted(folder.iterdir())[:4]]
    yield "compare", partial(compare, first=photos[4], second=photos[5]), {}, None
    yield "search", partial(search, probe=photos[0], files=photos[1:]), {}, None
    for path in sorted((data / "liveness-dev").iterdir()):
        medium = picture(path.read_bytes(), path.name, "")
        yield f"liveness-{path.stem}", partial(liveness, medium=medium, frame=0), {"dark": "spoof" in path.name}, None


def shoot(page: Console, scene: Callable[[Console], None], path: Path, height: int | None) -> None:
    scene(page)
    page.page.evaluate("document.activeElement?.blur()")
    page.page.mouse.move(0, 0)
    clip = {"x": 0, "y": 0, "width": page.page.viewport_size["width"], "height": height} if height else None  # type: ignore[index]
    page.page.screenshot(path=path, full_page=True, clip=clip)  # type: ignore[arg-type]
    with Image.open(path) as taken:
        reduced(taken.convert("RGB")).save(path, optimize=True)
    print(f"{path}  {path.stat().st_size / 1024:.0f} KiB")


def reduced(taken: Image.Image) -> Image.Image:
    """The picture with a palette: the page's own colours, and those that the rest needs most."""
    style = (STATIC / "console.css").read_text(encoding="utf-8")
    own = dict.fromkeys(bytes.fromhex(digits) for digits in re.findall(r"#([0-9a-f]{6})\b", style))
    rest = taken.quantize(COLOURS - len(own)).getpalette() or []
    palette = np.frombuffer(b"".join(own) + bytes(rest), np.uint8).reshape(-1, 3)
    # Pillow's own search is not exact: white would become nearly white.
    colours, places = np.unique(np.asarray(taken).reshape(-1, 3), axis=0, return_inverse=True)
    nearest = np.concatenate(
        [
            ((some[:, None].astype(np.int32) - palette) ** 2).sum(axis=2).argmin(axis=1)
            for some in np.array_split(colours, len(colours) // 4096 + 1)
        ]
    )
    picture = Image.fromarray(nearest.astype(np.uint8)[places].reshape(taken.height, taken.width), "P")
    picture.putpalette(palette.tobytes())
    return picture


def main(folder: Path) -> None:
    path = executable()
    if path is None:
        raise SystemExit("no browser: set FACEVER_CHROMIUM")
    folder.mkdir(parents=True, exist_ok=True)
    data = os.environ.get("FACEVER_DATA")
    with Server() as server, sync_playwright() as playwright, tempfile.TemporaryDirectory() as scratch:
        browser = launch(playwright, path, Path(scratch))
        sets = [("console", public(server)), *([("data", private(Path(data)))] if data else [])]
        for prefix, scenes in sets:
            for name, scene, options, height in scenes:
                with console(browser, server.url, failures=["400"], **options) as page:
                    shoot(page, scene, folder / f"{prefix}-{name}.png", height)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
