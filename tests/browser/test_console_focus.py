"""The console with the keyboard only: the user can reach every control, and no action loses the focus."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from tests import support_faces as faces
from tests.browser.conftest import Visit
from tests.browser.support import TIMEOUT, Console, picture


def focused(page: Page) -> str:
    """The name of the control that has the focus."""
    return str(
        page.evaluate("(e => e.getAttribute('aria-label') || e.innerText || e.id || e.tagName)(document.activeElement)")
    ).strip()


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the control of that name has the focus; every control must show that it has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        style, width = page.evaluate(
            "(s => [s.outlineStyle, parseFloat(s.outlineWidth)])(getComputedStyle(document.activeElement))"
        )
        assert style != "none", focused(page)
        assert width >= 1, focused(page)
        if focused(page) == name:
            return
    raise AssertionError(f"Tab does not reach {name!r}; at {focused(page)!r}")


def test_a_search_needs_only_the_keyboard(opened: Console) -> None:
    page = opened.page
    # Registered early, because it takes effect only after Playwright returns; else the browser opens its own dialog.
    page.on("filechooser", lambda chooser: None)
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    tab_to(page, "Search")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Search among photos")).to_be_focused()
    tab_to(page, "two photos")
    page.keyboard.press("Enter")
    page.locator("tbody .score").first.filter(has_text="0.99999").wait_for(timeout=TIMEOUT)
    tab_to(page, "Photo")
    page.keyboard.press("Enter")
    assert focused(page).startswith("Photo")
    expect(page.get_by_role("columnheader", name="Photo")).to_have_attribute("aria-sort", "ascending")
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "Clear all"
    page.keyboard.press("Enter")
    assert focused(page) == "Choose files"
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    assert chooser.value.is_multiple()


def test_focus_is_kept_when_a_photo_is_added_and_removed(opened: Console, astronaut: bytes) -> None:
    page = opened.page
    page.get_by_role("button", name="Choose photo: First photo").focus()
    opened.give("First photo", picture(astronaut))
    expect(page.get_by_role("button", name="Remove first photo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Choose photo: First photo")).to_be_focused()


def is_focus_lost(page: Page) -> bool:
    """Whether no control has the focus."""
    return bool(page.evaluate("document.activeElement === document.body"))


def test_focus_is_kept_when_a_photo_is_rejected(visit: Visit) -> None:
    with visit(failures=["400"]) as console:
        console.open()
        page, photo = console.page, console.section("First photo")
        page.get_by_role("button", name="Choose photo: First photo").focus()
        console.give("First photo", picture(b"nothing"))
        remove = page.get_by_role("button", name="Remove first photo")
        photo.get_by_role("alert").wait_for(timeout=TIMEOUT)
        expect(remove).to_be_focused()
        with page.expect_response("**/console/face"):
            photo.get_by_role("button", name="Try again").press("Enter")
        photo.get_by_role("alert").wait_for(timeout=TIMEOUT)
        expect(remove).to_be_focused()


def test_focus_is_kept_when_both_photos_are_cleared(opened: Console, astronaut: bytes) -> None:
    opened.give("Second photo", picture(astronaut))
    opened.page.get_by_role("button", name="Clear both").press("Enter")
    expect(opened.page.get_by_role("button", name="Choose photo: First photo")).to_be_focused()


def test_focus_is_kept_when_a_comparison_is_repeated(visit: Visit) -> None:
    with visit(failures=["net::ERR"]) as console:
        console.open()
        page = console.page
        page.route("**/pattern/compare", lambda route: route.abort())
        page.get_by_role("button", name="same person").click()
        try_again = console.section("Result").get_by_role("button", name="Try again")
        try_again.wait_for(timeout=TIMEOUT)
        page.unroute("**/pattern/compare")
        try_again.press("Enter")
        console.section("Result").get_by_text("Approved", exact=True).wait_for(timeout=TIMEOUT)
        assert not is_focus_lost(page)


def test_focus_is_kept_during_a_search(visit: Visit, astronaut: bytes) -> None:
    """One stored response serves most photos, so that more entries than one page of the table arrive quickly."""
    pending: list[Route] = []

    def respond(route: Route) -> None:
        if route.request.post_data_buffer == other:
            pending.append(route)
        else:
            route.fulfill(json=document)

    other = faces.jpeg(faces.person(0))
    with visit() as console:
        page = console.page
        console.open("search")
        with page.expect_response("**/console/face") as response:
            console.give("Photo to look for", picture(astronaut))
        document = response.value.json()
        page.route("**/console/face", respond)
        files = [picture(astronaut, f"{number}.jpg") for number in range(101)]
        console.give("Search in", *files, *(picture(other, f"slow-{number}.jpg") for number in range(2)))
        more = page.get_by_role("button", name="Show 1 more of 101")
        more.wait_for(timeout=TIMEOUT)
        heading = page.get_by_role("columnheader", name="Score").get_by_role("button")
        heading.focus()
        with page.expect_request("**/compare_n"):
            pending.pop(0).fulfill(json=document)
        page.get_by_role("button", name="Show 2 more of 102").wait_for()
        expect(heading).to_be_focused()
        page.get_by_role("button", name="Show 2 more of 102").press("Enter")
        expect(page.locator("tbody tr")).to_have_count(102)
        expect(page.locator(".view.search table")).to_be_focused()
        page.get_by_role("button", name="Stop").press("Enter")
        resume = page.get_by_role("button", name="Continue")
        expect(resume).to_be_focused()
        page.unroute("**/console/face")
        resume.press("Enter")
        expect(page.locator(".count")).to_have_text("103 of 103 read", timeout=TIMEOUT)
        expect(page.locator(".count")).to_be_focused()


def test_focus_is_kept_when_a_recording_starts(opened: Console) -> None:
    opened.open("liveness")
    opened.page.get_by_role("button", name="Use camera").click()
    dialog = opened.page.get_by_role("dialog", name="Camera")
    record = dialog.get_by_role("button", name="Record")
    expect(record).to_be_enabled(timeout=TIMEOUT)
    record.press("Enter")
    expect(dialog).to_contain_text("Recording:")
    expect(dialog.get_by_role("button", name="Close the camera")).to_be_focused()


def test_the_back_button_closes_the_camera(opened: Console) -> None:
    page = opened.page
    page.get_by_role("navigation").get_by_role("link", name="Search").click()
    page.get_by_role("button", name="Camera: Photo to look for").click()
    expect(page.get_by_role("button", name="Take photo")).to_be_enabled(timeout=TIMEOUT)
    track = page.evaluate_handle("document.querySelector('dialog video').srcObject.getTracks()[0]")
    page.go_back()
    expect(page.get_by_role("heading", name="Compare two photos")).to_be_focused()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert track.evaluate("track => track.readyState") == "ended"
