"""One browser for all tests of this folder, which are skipped if no browser is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.support import NAMES, Console, console, executable, launch, page_of, profile
from tests.support_server import Server

Visit = Callable[..., AbstractContextManager[Console]]


# The scope is the package because Playwright runs an event loop in this thread, and tests of other folders run theirs.
@pytest.fixture(scope="package")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    path = executable()
    if path is None:
        pytest.skip(f"no browser: set FACEVER_CHROMIUM, or install one of {', '.join(NAMES)}")
    with sync_playwright() as playwright:
        browser = launch(playwright, path, tmp_path_factory.mktemp("browser"))
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def profiles(chromium: Browser, server: Server) -> Iterator[Callable[..., BrowserContext]]:
    """Returns the profile with given options, which all tests share: a new page opens in a third of the time."""
    with ExitStack() as stack:

        @cache
        def shared_profile(**options: Any) -> BrowserContext:
            context = stack.enter_context(closing(profile(chromium, **options)))
            context.new_page().goto(f"{server.url}/livez")  # keeps the renderer process of this site
            return context

        yield shared_profile


@pytest.fixture
def visit(chromium: Browser, profiles: Callable[..., BrowserContext], server: Server) -> Visit:
    """`with visit(…) as console:` a new page. fresh: in a new profile, for example for tests that set the clock."""

    @contextmanager
    def opened(*, fresh: bool = False, failures: Sequence[str] = (), **options: Any) -> Iterator[Console]:
        if fresh:
            with console(chromium, server.url, failures=failures, **options) as page:
                yield page
        else:
            with page_of(profiles(**options), server.url, failures) as page:
                yield page
                page.page.evaluate("localStorage.clear()")

    return opened


@pytest.fixture
def opened(visit: Visit) -> Iterator[Console]:
    """The console with its first view open, on a wide screen."""
    with visit() as page:
        page.open()
        yield page
