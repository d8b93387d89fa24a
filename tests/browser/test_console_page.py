"""What holds for every view: names, contrast, phones, paper, colours, the page's weight."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from tests import support_liveness as media
from tests.browser.conftest import Visit
from tests.browser.legible import faint, unnamed
from tests.browser.support import PHONE, SLOW, Console, picture
from tests.support_endpoints import CONSOLE_FILES
from tests.support_media import encode_video, face_frames, jpeg, make_zip

VIEWS = ("compare", "search", "liveness", "status")
NARROW = (320, 700)


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
    console.give("Media item", picture(make_zip(members), "frames.zip", "application/zip"))
    console.section("Statuses").wait_for(timeout=SLOW)


def fill_status(console: Console, astronaut: bytes) -> None:
    console.open("status")
    console.page.get_by_text("Works").first.wait_for(timeout=SLOW)


FILLED: list[Callable[[Console, bytes], None]] = [fill_compare, fill_search, fill_liveness, fill_status]


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
        assert faint(page) == []
        page.get_by_role("button", name="Switch to light colours").click()
        assert faint(page) == []
        assert page.locator("h1:visible").count() == 1


def test_empty_views_have_names_and_contrast(visit: Visit) -> None:
    with visit() as console:
        for view in VIEWS[:3]:
            console.open(view)
            assert unnamed(console.page) == []
            assert faint(console.page) == []


def test_each_view_has_an_address(opened: Console) -> None:
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


def test_nothing_moves_with_reduced_motion(visit: Visit, astronaut: bytes) -> None:
    with visit(reduced_motion="reduce") as console:
        console.open()
        console.page.route("**/console/face", lambda route: None)
        console.give("First photo", picture(astronaut))
        spin = console.page.locator(".spinner").evaluate("e => getComputedStyle(e).animationIterationCount")
        assert spin == "1"


# Where a text itself lies; its element may be wider.
_TEXT = """element => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const { left, right, top, bottom } = range.getBoundingClientRect();
    return [left, right, top, bottom];
}"""


def overlap(one: Locator, other: Locator) -> bool:
    """Whether the texts of two elements lie upon each other."""
    (left, right, top, bottom), (left2, right2, top2, bottom2) = one.evaluate(_TEXT), other.evaluate(_TEXT)
    return bool(left < right2 and left2 < right and top < bottom2 and top2 < bottom)


def test_nothing_overlaps_on_a_narrow_screen(visit: Visit, astronaut: bytes) -> None:
    with visit(size=NARROW) as console:
        fill_search(console, astronaut)
        row = console.page.locator("tbody tr").first
        assert not overlap(row.locator(".score"), row.locator(".badge"))
        assert console.page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
        fill_liveness(console, astronaut)
        told = console.section("Result").locator(".plot .strong")
        expect(told).to_have_count(2)
        assert not overlap(told.first, told.last)


def test_a_long_name_fits_while_its_file_is_examined(visit: Visit) -> None:
    with visit(size=PHONE) as console:
        console.open("liveness")
        console.page.route("**/console/liveness", lambda route: None)
        console.give("Media item", picture(b"nothing", f"{'v' * 200}.mp4", "video/mp4"))
        busy = console.section("Media item").locator(".busy")
        expect(busy).to_contain_text("vvv")
        stage = console.section("Media item").locator(".stage").bounding_box()
        box = busy.bounding_box()
        assert stage is not None
        assert box is not None
        assert stage["x"] <= box["x"]
        assert box["x"] + box["width"] <= stage["x"] + stage["width"]


def test_forced_colours_are_followed(visit: Visit, astronaut: bytes) -> None:
    """The system's forced colours override the page's theme, and the current view is marked."""
    with visit(fresh=True, dark=True, forced_colors="active") as console:
        console.page.add_init_script("localStorage.setItem('facever-theme', 'light')")
        fill_liveness(console, astronaut)
        ink = console.page.evaluate("getComputedStyle(document.body).color")
        letters = console.page.locator(".plot text").evaluate_all("all => all.map(e => getComputedStyle(e).fill)")
        assert set(letters) == {ink}
        lines = console.page.locator("nav a").evaluate_all("all => all.map(e => getComputedStyle(e).borderBottomColor)")
        assert [line == ground(console.page) for line in lines] == [True, True, False, True]


def test_pages_are_printed_on_white(visit: Visit, astronaut: bytes) -> None:
    with visit(fresh=True, dark=True) as console:
        console.page.add_init_script("localStorage.setItem('facever-theme', 'dark')")
        clip = encode_video(face_frames(3, 320, 240), "libvpx", "webm", fps=6)
        console.open("liveness")
        console.give("Media item", picture(clip, "me.webm", "video/webm"))
        console.section("Statuses").wait_for(timeout=SLOW)
        dark = ground(console.page)
        console.page.emulate_media(media="print")
        assert ground(console.page) != dark
        assert faint(console.page) == []


def test_the_page_is_small_to_download(visit: Visit) -> None:
    sizes: dict[str, int] = {}

    def weigh(response: Response) -> None:
        sizes[response.url] = len(response.body())

    with visit() as console:
        console.page.on("response", weigh)
        console.open()
        console.page.wait_for_load_state("networkidle")
        assert sum(sizes.values()) < 150_000
        modules = {url.removeprefix(console.url) for url in sizes if url.endswith(".js")}
        assert modules == {path for path in CONSOLE_FILES if path.endswith(".js")}
        named = console.page.locator("head script, head link[rel=modulepreload]")
        assert named.count() == len(modules), "a module that the head does not name is loaded late"
        expect(console.page.get_by_label("API key")).to_be_hidden()
