"""Screenshots of the console: `python -m tests.browser.screenshots OUTDIR`.

`console-*.png` show only public-domain portraits and may be published: NASA's of scikit-image, and the console's sample
photos. If $FACEVER_DATA is set, the script also takes `data-*.png` of the people in that folder. Do not publish those.
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
from tests.browser.support import PHONE, TIMEOUT, Console, console, executable, launch, picture
from tests.support_media import encode_video
from tests.support_server import Server

STATIC = Path(package.__file__).parent / "static"
ADMIN, PASSWORD = "admin@example.org", "correct horse battery"
COLOURS = 256
"""Size of the palette of a screenshot: the file has a third of the bytes, without a visible difference."""


def sample(number: int) -> Image.Image:
    return Image.open(STATIC / f"sample-{number}.jpg").convert("RGB")


def variants(portrait: Image.Image, name: str) -> list[FilePayload]:
    """Changed copies of one portrait, as of other photos."""
    width, height = portrait.size
    copies = {
        "mirrored": ImageOps.mirror(portrait),
        "grey": ImageOps.grayscale(portrait).convert("RGB"),
        "dark": ImageEnhance.Brightness(portrait).enhance(0.35),
        "small": portrait.resize((width // 3, height // 3)),
        "tilted": portrait.rotate(14, resample=Image.Resampling.BICUBIC).crop(
            (width // 10, height // 12, width * 9 // 10, height * 9 // 10)
        ),
    }
    return [picture(faces.jpeg(copy), f"{name}-{kind}.jpg") for kind, copy in copies.items()]


def presentation(progress: float) -> Pixels:
    """(480, 640, 3): a frame of a clip, at `progress` from 0 to 1. For a third of the clip the astronaut is before the
    camera, then on a screen that is held before the camera."""
    portrait = np.asarray(faces.astronaut().crop((60, 0, 460, 300)))
    if progress < 0.36:
        enlarged = cv2.resize(portrait, None, fx=1.6 + 0.4 * progress, fy=1.6 + 0.4 * progress)
        return np.ascontiguousarray(enlarged[:480, :640])
    displayed = cv2.resize(portrait, (260, 195), interpolation=cv2.INTER_AREA) * np.array([1.25, 1.25, 1.5])
    y, x = np.mgrid[:195, :260]
    moire = (1 + 0.06 * np.sin(2 * np.pi * (0.31 * x + 0.07 * y))) * (1 + 0.06 * np.sin(2 * np.pi * 0.27 * y))
    display = np.clip(displayed * moire[..., None], 0, 255).astype(np.uint8)
    device = cv2.copyMakeBorder(display, 30, 30, 8, 8, cv2.BORDER_CONSTANT, value=(12, 12, 14))
    frame = np.full((480, 640, 3), (96, 82, 70), np.uint8)
    top, left = 104, 150 + round(50 * progress)
    frame[top : top + device.shape[0], left : left + device.shape[1]] = device
    return np.ascontiguousarray(cv2.GaussianBlur(frame, (0, 0), 0.9))


def compare(page: Console, first: FilePayload, second: FilePayload, awaited: str = ".big") -> None:
    page.open()
    page.give("First photo", first)
    page.give("Second photo", second)
    page.page.locator(awaited).first.wait_for(timeout=TIMEOUT)


def search(page: Console, probe: FilePayload, files: list[FilePayload]) -> None:
    page.open("search")
    page.give("Photo to look for", probe)
    page.give("Search in", *files)
    expect(page.page.locator(".count")).to_contain_text(f"{len(files)} of {len(files)} read", timeout=6 * TIMEOUT)
    expect(page.page.get_by_role("button", name="Stop")).to_be_hidden()
    page.page.locator("tbody .badge").first.wait_for(timeout=TIMEOUT)


def liveness(page: Console, file: FilePayload, frame: int) -> None:
    page.open("liveness")
    page.give("Photo or video", file)
    page.section("Statuses").wait_for(timeout=TIMEOUT)
    if frame:
        page.page.locator(".frame-strip button").nth(frame).click()
    page.page.wait_for_timeout(800)  # until the player's controls have disappeared


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


def sign_in(page: Console, view: str = "") -> None:
    page.page.goto(f"{page.url}/folders{view}")
    page.page.get_by_label("Email").fill(ADMIN)
    page.page.get_by_label("Password").fill(PASSWORD)
    page.page.get_by_role("button", name="Sign in").click()
    page.page.locator("tbody, .quiet").first.wait_for()


def upload(page: Console, files: list[FilePayload]) -> None:
    page.page.goto(f"{page.url}/folders#folders")
    page.page.get_by_role("button", name="New folder").click()
    page.page.locator("dialog input[type=file]").set_input_files(files)
    page.page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page.section("Liveness")).to_contain_text("FINISHED", timeout=TIMEOUT)


def stored_folder(page: Console, files: list[FilePayload]) -> None:
    sign_in(page)
    for file in files[2:]:
        upload(page, [file])
    upload(page, files[:2])
    page.page.wait_for_timeout(800)  # until the player shows the first frame


def stored(clip: FilePayload, photos: list[FilePayload]) -> Iterator[Scene]:
    yield "folder", partial(stored_folder, files=[photos[0], clip, *photos[1:]]), {}, 900
    yield "folders", sign_in, {}, 700


Scene = tuple[str, Callable[[Console], None], dict[str, object], int | None]
"""(name of the screenshot, what to do before it, options of the browser, height or None for the full page)."""


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
    portrait = picture(faces.jpeg(astronaut), "portrait.jpg")
    webcam = picture((STATIC / "sample-2.jpg").read_bytes(), "webcam.jpg")
    other = picture(faces.jpeg(officer), "officer.jpg")
    pair = picture(faces.jpeg(both), "two-people.jpg"), picture(faces.jpeg(faces.no_face((640, 480))), "lines.jpg")
    yield "compare", partial(compare, first=portrait, second=webcam), {}, None
    yield "compare-dark", partial(compare, first=portrait, second=other), {"dark": True}, None
    yield "search", partial(search, probe=portrait, files=files), {}, None
    yield "search-dark", partial(search, probe=portrait, files=files), {"dark": True}, None
    yield "liveness", partial(liveness, file=picture(clip, "clip.webm", "video/webm"), frame=9), {}, None
    yield "error", partial(compare, first=pair[0], second=pair[1], awaited=".notice >> nth=1"), {}, None
    yield "status", partial(status, server=server), {"dark": True}, None
    phone: dict[str, object] = {"size": PHONE, "device_scale_factor": 2}
    yield "phone", partial(compare, first=portrait, second=webcam), phone, None
    yield "phone-search", partial(search, probe=portrait, files=files), {**phone, "dark": True}, 1100


def private(data: Path) -> Iterator[Scene]:
    folders = [folder for folder in sorted((data / "lfw-dev" / "images").iterdir()) if len(list(folder.glob("*"))) > 3]
    photos = [picture(path.read_bytes(), path.name) for folder in folders[:8] for path in sorted(folder.iterdir())[:4]]
    yield "compare", partial(compare, first=photos[4], second=photos[5]), {}, None
    yield "search", partial(search, probe=photos[0], files=photos[1:]), {}, None
    for path in sorted((data / "liveness-dev").iterdir()):
        file = picture(path.read_bytes(), path.name, "")
        yield f"liveness-{path.stem}", partial(liveness, file=file, frame=0), {"dark": "spoof" in path.name}, None


def take_screenshot(page: Console, prepare: Callable[[Console], None], path: Path, height: int | None) -> None:
    prepare(page)
    page.page.evaluate("document.activeElement?.blur()")
    page.page.mouse.move(0, 0)
    clip = {"x": 0, "y": 0, "width": page.page.viewport_size["width"], "height": height} if height else None  # type: ignore[index]
    page.page.screenshot(path=path, full_page=True, clip=clip)  # type: ignore[arg-type]
    with Image.open(path) as taken:
        reduced(taken.convert("RGB")).save(path, optimize=True)
    print(f"{path}  {path.stat().st_size / 1024:.0f} KiB")


def reduced(screenshot: Image.Image) -> Image.Image:
    """The screenshot with a palette: the colours of the page's style sheet, and the best ones for the photos."""
    style = (STATIC / "console.css").read_text(encoding="utf-8")
    style_colours = dict.fromkeys(bytes.fromhex(digits) for digits in re.findall(r"#([0-9a-f]{6})\b", style))
    photo_colours = screenshot.quantize(COLOURS - len(style_colours)).getpalette() or []
    palette = np.frombuffer(b"".join(style_colours) + bytes(photo_colours), np.uint8).reshape(-1, 3)
    # Pillow searches the nearest colour approximately: white would become nearly white.
    colours, indices = np.unique(np.asarray(screenshot).reshape(-1, 3), axis=0, return_inverse=True)
    nearest = np.concatenate(
        [
            ((chunk[:, None].astype(np.int32) - palette) ** 2).sum(axis=2).argmin(axis=1)
            for chunk in np.array_split(colours, len(colours) // 4096 + 1)
        ]
    )
    image = Image.fromarray(nearest.astype(np.uint8)[indices].reshape(screenshot.height, screenshot.width), "P")
    image.putpalette(palette.tobytes())
    return image


def main(folder: Path) -> None:
    path = executable()
    if path is None:
        raise SystemExit("no browser: set FACEVER_CHROMIUM")
    folder.mkdir(parents=True, exist_ok=True)
    data = os.environ.get("FACEVER_DATA")
    with tempfile.TemporaryDirectory() as scratch, Server() as server, sync_playwright() as playwright:
        browser = launch(playwright, path, Path(scratch))
        sets = [("console", public(server)), *([("data", private(Path(data)))] if data else [])]
        for prefix, scenes in sets:
            for name, prepare, options, height in scenes:
                with console(browser, server.url, failures=["400"], **options) as page:
                    take_screenshot(page, prepare, folder / f"{prefix}-{name}.png", height)
        clip = encode_video((presentation(number / 47) for number in range(16)), "libvpx", "webm", fps=8)
        portraits = [
            picture(faces.jpeg(faces.astronaut()), "portrait.jpg"),
            picture(faces.jpeg(sample(3)), "officer.jpg"),
        ]
        photos = [*portraits, picture((STATIC / "sample-2.jpg").read_bytes(), "webcam.jpg")]
        with Server(store=f"{scratch}/store", admin_email=ADMIN, admin_password=PASSWORD) as keeping:
            for name, prepare, options, height in stored(picture(clip, "clip.webm", "video/webm"), photos):
                with console(browser, keeping.url, **options) as page:
                    take_screenshot(page, prepare, folder / f"console-{name}.png", height)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
