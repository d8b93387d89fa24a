"""A real browser for tests, and a driver of the console's page."""

from __future__ import annotations

import base64
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, FilePayload, Locator, Page, Playwright, Request

from tests.support_media import face_image, jpeg

NAMES = ("chromium", "chromium-browser", "google-chrome")
WIDE, PHONE = (1280, 900), (360, 740)
_DROP = """(element, [kind, files]) => {
    const data = new DataTransfer();
    for (const [base64, name, type] of files) {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        data.items.add(new File([bytes], name, { type }));
    }
    const Kind = kind === "paste" ? ClipboardEvent : DragEvent;
    const field = kind === "paste" ? "clipboardData" : "dataTransfer";
    element.dispatchEvent(new Kind(kind, { [field]: data, bubbles: true, cancelable: true }));
}"""
TIMEOUT = 20_000
"""Milliseconds that a response of the server may take on a busy machine."""


def executable() -> str | None:
    """The path of the browser: $FACEVER_CHROMIUM, or the first of `NAMES` on the PATH."""
    return os.environ.get("FACEVER_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def launch(playwright: Playwright, path: str, folder: Path) -> Browser:
    """Start the browser without its own network requests, and with a simulated camera that shows a face."""
    camera = folder / "camera.mjpeg"
    camera.write_bytes(b"".join(jpeg(face_image(640, 480, shift=number / 20)) for number in range(20)))
    return playwright.chromium.launch(
        executable_path=path,
        headless=True,
        args=[
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--process-per-site",
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={camera}",
        ],
    )


def picture(data: bytes, name: str = "photo.jpg", kind: str = "image/jpeg") -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": data}


def fast_forward_until(page: Page, milliseconds: int, awaited: Locator) -> None:
    """Advance the page's clock in steps until an element is visible."""
    for _ in range(TIMEOUT // 100):
        page.clock.fast_forward(milliseconds)
        page.wait_for_timeout(100)
        if awaited.is_visible():
            return
    awaited.wait_for()


class Console:
    """The page, with methods for the actions of a user."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url

    def open(self, view: str = "compare") -> None:
        self.page.goto(f"{self.url}/#{view}")
        self.page.locator(f".view.{view} h1").wait_for(timeout=TIMEOUT)

    def section(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=name, exact=True)

    def give(self, section: str, *files: FilePayload) -> None:
        """Choose files in a section of the page."""
        self.section(section).locator("input[type=file]").first.set_input_files(list(files))

    def drop(self, target: Locator, *files: FilePayload, kind: str = "drop") -> None:
        """Drop files on an element, or paste them there (kind="paste")."""
        encoded = [[base64.b64encode(file["buffer"]).decode(), file["name"], file["mimeType"]] for file in files]
        target.evaluate(_DROP, [kind, encoded])

    def compare(self, first: bytes, second: bytes) -> Locator:
        """Choose both photos. Returns the section with the result."""
        self.give("First photo", picture(first, "first.jpg"))
        self.give("Second photo", picture(second, "second.jpg"))
        return self.section("Result")


@contextmanager
def console(browser: Browser, url: str, *, failures: Sequence[str] = (), **options: Any) -> Iterator[Console]:
    """The console in a new browser profile. failures: see `page_of`; options: see `profile`."""
    with closing(profile(browser, **options)) as context, page_of(context, url, failures) as page:
        yield page


def profile(browser: Browser, *, size: tuple[int, int] = WIDE, dark: bool = False, **options: Any) -> BrowserContext:
    """A new profile. options: of Playwright's `new_context`."""
    width, height = size
    settings: Mapping[str, Any] = {
        "viewport": {"width": width, "height": height},
        "color_scheme": "dark" if dark else "light",
        "is_mobile": size == PHONE,
        "has_touch": size == PHONE,
        "permissions": ["camera", "clipboard-read", "clipboard-write"],
        **options,
    }
    return browser.new_context(**settings)


@contextmanager
def page_of(context: BrowserContext, url: str, failures: Sequence[str] = ()) -> Iterator[Console]:
    """The console in a new page. Fails if the browser reported an error or sent a request to another host.

    failures: texts of the errors that are expected because a request fails, for example its status.
    """
    page = context.new_page()
    errors: list[str] = []
    foreign_urls: list[str] = []

    def check_host(request: Request) -> None:
        if not request.url.startswith((url, "blob:", "data:")):
            foreign_urls.append(request.url)

    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", check_host)
    try:
        yield Console(page, url)
    finally:
        page.close()
    expected = re.compile("|".join(map(re.escape, failures)) or r"(?!)")
    unexpected = [text for text in errors if not (text.startswith("Failed to load resource") and expected.search(text))]
    assert not unexpected
    assert not foreign_urls
