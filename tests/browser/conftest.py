"""One browser for all tests of this folder; they are skipped where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.support import NAMES, Console, console, executable, launch
from tests.support_server import Server

Visit = Callable[..., AbstractContextManager[Console]]


# Of the package, not of the session: Playwright keeps an event loop running in this thread, and tests of other folders
# have loops of their own.
@pytest.fixture(scope="package")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    path = executable()
    if path is None:
        pytest.skip(f"no browser: set FACEVER_CHROMIUM, or install one of {', '.join(NAMES)}")
    with sync_playwright() as playwright:
        browser = launch(playwright, path, tmp_path_factory.mktemp("browser"))
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, server: Server) -> Visit:
    """`with visit(…) as console:` see support.console."""
    return partial(console, chromium, server.url)


@pytest.fixture
def opened(visit: Visit) -> Iterator[Console]:
    """The console with its first view open, on a wide screen."""
    with visit() as page:
        page.open()
        yield page
