"""What holds for every view: keyboard, names, contrast, phones, colours, keys, the status page, the page's weight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect

from faceVer.api.console import FILES
from faceVer.api.keys import new
from tests import support_liveness as media
from tests.browser.conftest import Visit
from tests.browser.support import PHONE, SLOW, Console, console, picture
from tests.support_media import jpeg, make_zip
from tests.support_server import Server

VIEWS = ("compare", "search", "liveness", "status")
NAMED = {"button", "link", "textbox", "searchbox", "combobox", "checkbox", "image", "progressbar", "dialog", "Video"}

# Text whose contrast with its ground is below WCAG's AA: 4.5, or 3 where it is large.
FAINT = """() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const seen = new Map();
    const rgba = (colour) => {
        if (!seen.has(colour)) seen.set(colour, read(colour));
        return seen.get(colour);
    };
    const read = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (top, under) => [0, 1, 2].map((n) => top[n] * top[3] + under[n] * (1 - top[3]));
    const ground = (element) => {
        if (!element) return [255, 255, 255];
        const own = rgba(getComputedStyle(element).backgroundColor);
        return own[3] === 1 ? own.slice(0, 3) : over(own, ground(element.parentElement));
    };
    const light = (colour) => {
        const [r, g, b] = colour.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        const words = walker.currentNode.data.trim();
        if (!words || !element.checkVisibility() || element.closest(":disabled")) continue;
        const style = getComputedStyle(element);
        const under = ground(element);
        const top = over(rgba(element instanceof SVGElement ? style.fill : style.color), under);
        const [dark, bright] = [light(top), light(under)].sort((a, b) => a - b);
        const ratio = (bright + 0.05) / (dark + 0.05);
        const large = parseFloat(style.fontSize) >= 24;
        if (ratio < (large ? 3 : 4.5)) found.push(`${words} ${ratio.toFixed(2)}`);
    }
    return found;
}"""


def fill_compare(console: Console, astronaut: bytes) -> None:
    console.open()
    result = console.compare(astronaut, jpeg(media.pair()))
    console.page.get_by_role("alert").wait_for(timeout=SLOW)
    expect(result).to_contain_text("There is no score")


def fill_search(console: Console, astronaut: bytes) -> None:
    console.open("search")
    console.give("Photo to look for", picture(astronaut, f"{'a-very-long-name-' * 8}.jpg"))
    files = [picture(astronaut, f"{'another-very-long-name-' * 8}.jpg"), picture(jpeg(media.blank()), "blank.jpg")]
    console.give("Search in", *files)
    console.page.locator("tbody .score").first.filter(has_text="1.000000").wait_for(timeout=SLOW)
    console.page.get_by_text("1 file could not be used").wait_for(timeout=SLOW)


def fill_liveness(console: Console, astronaut: bytes) -> None:
    console.open("liveness")
    members = [(f"{n}.jpg", jpeg(media.blank() if n == 1 else media.selfie(shift=3 * n))) for n in range(12)]
    console.give("Medium", picture(make_zip(members), "frames.zip", "application/zip"))
    console.section("Statuses").wait_for(timeout=SLOW)


def fill_status(console: Console, astronaut: bytes) -> None:
    console.open("status")
    console.page.get_by_text("Works").first.wait_for(timeout=SLOW)


FILLED: list[Callable[[Console, bytes], None]] = [fill_compare, fill_search, fill_liveness, fill_status]


def unnamed(page: Page) -> list[str]:
    """Roles of controls and pictures that assistive technology would announce without a name."""
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    return [
        node["role"]["value"]
        for node in tree["nodes"]
        if not node["ignored"] and node["role"]["value"] in NAMED and not node.get("name", {}).get("value", "").strip()
    ]


@pytest.mark.parametrize("fill", FILLED)
def test_every_view_is_named_legible_and_fits_a_phone(
    visit: Visit, astronaut: bytes, fill: Callable[[Console, bytes], None]
) -> None:
    with visit(size=PHONE, dark=True) as console:
        fill(console, astronaut)
        page = console.page
        for fold in page.locator("summary:visible").all():
            fold.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        assert page.evaluate("visualViewport.scale") == 1
        assert unnamed(page) == []
        assert page.evaluate(FAINT) == []
        page.get_by_role("button", name="Switch to light colours").click()
        assert page.evaluate(FAINT) == []
        assert page.locator("h1:visible").count() == 1


def test_names_and_contrast_where_nothing_was_added_yet(visit: Visit) -> None:
    with visit() as console:
        for view in VIEWS[:3]:
            console.open(view)
            assert unnamed(console.page) == []
            assert console.page.evaluate(FAINT) == []


def focused(page: Page) -> str:
    return str(
        page.evaluate("(e => e.getAttribute('aria-label') || e.innerText || e.id || e.tagName)(document.activeElement)")
    ).strip()


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the control of that name has the focus; each stop on the way must show it."""
    for _ in range(40):
        page.keyboard.press("Tab")
        ring = page.evaluate(
            "(s => [s.outlineStyle, parseFloat(s.outlineWidth)])(getComputedStyle(document.activeElement))"
        )
        assert ring[0] != "none", focused(page)
        assert ring[1] >= 1, focused(page)
        if focused(page) == name:
            return
    raise AssertionError(f"no way to {name!r} by Tab; at {focused(page)!r}")


def test_keyboard_only(opened: Console) -> None:
    page = opened.page
    # Early: the browser hears of it some time after Playwright has been told, and would open a dialog of its own.
    page.on("filechooser", lambda chooser: None)
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    tab_to(page, "Search")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Search among photos")).to_be_focused()
    tab_to(page, "two photos")
    page.keyboard.press("Enter")
    page.locator("tbody .score").first.filter(has_text="0.99999").wait_for(timeout=SLOW)
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


def test_focus_is_kept_when_a_photo_comes_and_goes(opened: Console, astronaut: bytes) -> None:
    page = opened.page
    page.get_by_role("button", name="Choose photo: First photo").focus()
    opened.give("First photo", picture(astronaut))
    expect(page.get_by_role("button", name="Remove first photo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Choose photo: First photo")).to_be_focused()


def test_views_by_address(opened: Console) -> None:
    page = opened.page
    assert page.title() == "Compare – FaceVer"
    for view in VIEWS:
        page.get_by_role("navigation").get_by_role("link", name=view.capitalize()).click()
        expect(page.locator(f".view.{view} h1")).to_be_visible()
        assert page.title() == f"{view.capitalize()} – FaceVer"
        assert page.locator("nav [aria-current=page]").all_inner_texts() == [view.capitalize()]
        assert page.locator(".view:visible").count() == 1
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    expect(page.locator(".view.status")).to_be_visible()
    page.go_back()
    expect(page.locator(".view.liveness h1")).to_be_focused()


def ground(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_colours_follow_the_system_and_the_choice(visit: Visit) -> None:
    with visit(dark=True) as console:
        console.open()
        dark = ground(console.page)
        console.page.emulate_media(color_scheme="light")
        light = ground(console.page)
        assert dark != light
        console.page.get_by_role("button", name="Switch to dark colours").click()
        assert ground(console.page) == dark
        console.page.reload()
        assert ground(console.page) == dark
        expect(console.page.get_by_role("button", name="Switch to light colours")).to_be_visible()


def test_nothing_moves_where_that_is_asked(visit: Visit, astronaut: bytes) -> None:
    with visit(reduced_motion="reduce") as console:
        console.open()
        console.page.route("**/console/face", lambda route: None)
        console.give("First photo", picture(astronaut))
        spin = console.page.locator(".spinner").evaluate("e => getComputedStyle(e).animationIterationCount")
        assert spin == "1"


def test_a_key_is_asked_for_and_kept_in_memory(chromium: Any, astronaut: bytes) -> None:
    key, line = new("tests")
    with Server(api_keys=line, console="on") as server, console(chromium, server.url, failures=["401"]) as page:
        page.open()
        field = page.page.get_by_label("API key")
        photo = page.section("First photo")
        page.give("First photo", picture(astronaut))
        expect(photo.get_by_role("alert")).to_contain_text("An API key is needed")
        expect(field).to_be_focused()
        field.fill("wrong")
        photo.get_by_role("button", name="Try again").click()
        expect(field).to_have_attribute("aria-invalid", "true")
        field.fill(key)
        photo.get_by_role("button", name="Try again").click()
        photo.get_by_role("button", name="Save template").wait_for(timeout=SLOW)
        assert field.get_attribute("type") == "password"
        kept = page.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
        assert kept == '[{},{},""]'
        page.page.reload()
        expect(field).to_have_value("")


def test_status_shows_the_server(visit: Visit, server: Server) -> None:
    with visit() as console:
        page = console.page
        page.clock.install(time=0)
        page.clock.pause_at(1)
        console.open("status")
        console.section("Face templates").filter(has_text="Works").wait_for(timeout=SLOW)
        expect(console.section("Liveness")).to_contain_text("Works")
        rate = console.section("Requests per second")
        for _ in range(2):
            for _ in range(4):
                server.extract(b"nothing")
            with page.expect_response("**/console/status"):
                page.clock.run_for(2000)
            expect(rate.locator(".figure")).to_have_text("2.0")
        expect(rate).to_contain_text("4xx")
        expect(rate.locator(".spark .over")).to_have_count(1)
        expect(console.section("Models")).to_contain_text("mobilefacenet")
        expect(console.section("Limits")).to_contain_text("15 MB")
        expect(console.section("Memory")).to_contain_text("1 process")
        expect(page.get_by_role("link", name="Ready")).to_be_visible()
        for name in ("API documentation", "Metrics", "Version"):
            address = page.get_by_role("main").get_by_role("link", name=name).get_attribute("href")
            assert server.call("GET", f"/{address}").status == 200


def test_status_tells_of_trouble_and_of_silence(visit: Visit) -> None:
    with visit(failures=["net::ERR"]) as console:
        page = console.page
        broken = {"pattern": "", "liveness": "the liveness models did not answer within 10 s"}

        def answer(route: Any) -> None:
            document = route.fetch().json()
            route.fulfill(json={**document, "health": broken})

        page.clock.install(time=0)
        page.clock.pause_at(1)
        page.route("**/console/status", answer)
        console.open("status")
        console.section("Liveness").filter(has_text="Out of order").wait_for(timeout=SLOW)
        expect(console.section("Liveness")).to_contain_text("did not answer within 10 s")
        expect(page.get_by_role("link", name="Trouble")).to_be_visible()
        page.unroute("**/console/status")
        page.route("**/console/status", lambda route: route.abort())
        page.clock.run_for(2000)
        expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached")
        expect(page.get_by_role("link", name="No answer")).to_be_visible()


def test_the_page_is_light(visit: Visit) -> None:
    sizes: dict[str, int] = {}

    def weigh(response: Response) -> None:
        sizes[response.url] = len(response.body())

    with visit() as console:
        console.page.on("response", weigh)
        console.open()
        console.page.wait_for_load_state("networkidle")
        assert sum(sizes.values()) < 150_000
        modules = {url.removeprefix(console.url) for url in sizes if url.endswith(".js")}
        assert modules == {path for path in FILES if path.endswith(".js")}
        named = console.page.locator("head script, head link[rel=modulepreload]")
        assert named.count() == len(modules), "a module that is not named in the head is asked for late"
        expect(console.page.get_by_label("API key")).to_be_hidden()


def test_a_page_without_a_server_says_so(visit: Visit) -> None:
    with visit(failures=["net::ERR"]) as console:
        console.page.route("**/console/about", lambda route: route.abort())
        console.page.goto(console.url)
        expect(console.page.get_by_role("alert")).to_contain_text("The server cannot be reached")
        console.page.unroute("**/console/about")
        console.page.get_by_role("button", name="Try again").click()
        expect(console.page.get_by_role("heading", name="Compare two photos")).to_be_visible()
