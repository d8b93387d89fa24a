"""Rules for every view: accessible names, contrast, small screens, printing, colours, size of the download."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from tests import support_liveness as media
from tests.browser.accessibility import low_contrast_texts, unnamed_controls
from tests.browser.conftest import Visit
from tests.browser.support import PHONE, TIMEOUT, Console, picture
from tests.support_endpoints import CONSOLE_FILES
from tests.support_media import encode_video, face_frames, jpeg, make_zip

VIEWS = ("compare", "search", "liveness", "status")
NARROW = (320, 700)


def fill_compare(console: Console, astronaut: bytes) -> None:
    console.open()
    result = console.compare(astronaut, jpeg(media.pair()))
    console.page.get_by_role("alert").wait_for(timeout=TIMEOUT)
    expect(result).to_contain_text("There is no score")


def fill_search(console: Console, astronaut: bytes) -> None:
    console.open("search")
    console.give("Photo to look for", picture(astronaut, f"{'a-very-long-name-' * 8}.jpg"))
    files = [picture(astronaut, f"{'another-very-long-name-' * 8}.jpg"), picture(jpeg(media.blank()), "blank.jpg")]
    console.give("Search in", *files)
    console.page.locator("tbody .score").first.filter(has_text="1.000000").wait_for(timeout=TIMEOUT)
    console.page.get_by_text("1 file could not be used").wait_for(timeout=TIMEOUT)


def fill_liveness(console: Console, astronaut: bytes) -> None:
    console.open("liveness")
    members = [(f"{n}.jpg", jpeg(media.blank() if n == 1 else media.selfie(shift=3 * n))) for n in range(12)]
    console.give("Photo or video", picture(make_zip(members), "frames.zip", "application/zip"))
    console.section("Statuses").wait_for(timeout=TIMEOUT)


def fill_status(console: Console, astronaut: bytes) -> None:
    console.open("status")
    console.page.get_by_text("Works").first.wait_for(timeout=TIMEOUT)


FILLED: list[Callable[[Console, bytes], None]] = [fill_compare, fill_search, fill_liveness, fill_status]


@pytest.mark.parametrize("fill", FILLED)
def test_every_view_is_accessible_and_fits_a_phone(
    visit: Visit, astronaut: bytes, fill: Callable[[Console, bytes], None]
) -> None:
    with visit(size=PHONE, dark=True) as console:
        fill(console, astronaut)
        page = console.page
        for summary in page.locator("summary:visible").all():
            summary.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        assert page.evaluate("visualViewport.scale") == 1
        assert unnamed_controls(page) == []
        assert low_contrast_texts(page) == []
        page.get_by_role("button", name="Switch to light colours").click()
        assert low_contrast_texts(page) == []
        assert page.locator("h1:visible").count() == 1


def test_every_empty_view_is_accessible(visit: Visit) -> None:
    with visit() as console:
        for view in VIEWS[:3]:
            console.open(view)
            assert unnamed_controls(console.page) == []
            assert low_contrast_texts(console.page) == []


def test_each_view_has_an_address_and_a_title(opened: Console) -> None:
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


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_colours_follow_the_system_until_the_user_chooses(visit: Visit) -> None:
    with visit(dark=True) as console:
        console.open()
        dark = background(console.page)
        console.page.emulate_media(color_scheme="light")
        light = background(console.page)
        assert dark != light
        console.page.get_by_role("button", name="Switch to dark colours").click()
        assert background(console.page) == dark
        console.page.reload()
        assert background(console.page) == dark
        expect(console.page.get_by_role("button", name="Switch to light colours")).to_be_visible()


def test_reduced_motion_stops_animations(visit: Visit, astronaut: bytes) -> None:
    with visit(reduced_motion="reduce") as console:
        console.open()
        console.page.route("**/console/face", lambda route: None)
        console.give("First photo", picture(astronaut))
        iterations = console.page.locator(".spinner").evaluate("e => getComputedStyle(e).animationIterationCount")
        assert iterations == "1"


# The rectangle of an element's text; the element may be wider.
_TEXT_RECTANGLE = """element => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const { left, right, top, bottom } = range.getBoundingClientRect();
    return [left, right, top, bottom];
}"""


def overlap(one: Locator, other: Locator) -> bool:
    """Whether the texts of two elements overlap."""
    left, right, top, bottom = one.evaluate(_TEXT_RECTANGLE)
    left2, right2, top2, bottom2 = other.evaluate(_TEXT_RECTANGLE)
    return bool(left < right2 and left2 < right and top < bottom2 and top2 < bottom)


def test_texts_do_not_overlap_on_a_narrow_screen(visit: Visit, astronaut: bytes) -> None:
    with visit(size=NARROW) as console:
        fill_search(console, astronaut)
        row = console.page.locator("tbody tr").first
        assert not overlap(row.locator(".score"), row.locator(".badge"))
        assert console.page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
        fill_liveness(console, astronaut)
        legend = console.section("Result").locator(".plot .strong")
        expect(legend).to_have_count(2)
        assert not overlap(legend.first, legend.last)


def test_a_long_file_name_fits_during_the_analysis(visit: Visit) -> None:
    with visit(size=PHONE) as console:
        console.open("liveness")
        console.page.route("**/console/liveness", lambda route: None)
        console.give("Photo or video", picture(b"nothing", f"{'v' * 200}.mp4", "video/mp4"))
        busy = console.section("Photo or video").locator(".busy")
        expect(busy).to_contain_text("vvv")
        stage = console.section("Photo or video").locator(".stage").bounding_box()
        box = busy.bounding_box()
        assert stage is not None
        assert box is not None
        assert stage["x"] <= box["x"]
        assert box["x"] + box["width"] <= stage["x"] + stage["width"]


def test_forced_colours_override_the_theme_and_mark_the_current_view(visit: Visit, astronaut: bytes) -> None:
    with visit(fresh=True, dark=True, forced_colors="active") as console:
        console.page.add_init_script("localStorage.setItem('facever-theme', 'light')")
        fill_liveness(console, astronaut)
        text_colour = console.page.evaluate("getComputedStyle(document.body).color")
        plot_texts = console.page.locator(".plot text").evaluate_all("all => all.map(e => getComputedStyle(e).fill)")
        assert set(plot_texts) == {text_colour}
        links = console.page.locator("nav a").evaluate_all("all => all.map(e => getComputedStyle(e).borderBottomColor)")
        assert [border == background(console.page) for border in links] == [True, True, False, True]


def test_the_page_prints_in_light_colours(visit: Visit, astronaut: bytes) -> None:
    with visit(fresh=True, dark=True) as console:
        console.page.add_init_script("localStorage.setItem('facever-theme', 'dark')")
        clip = encode_video(face_frames(3, 320, 240), "libvpx", "webm", fps=6)
        console.open("liveness")
        console.give("Photo or video", picture(clip, "me.webm", "video/webm"))
        console.section("Statuses").wait_for(timeout=TIMEOUT)
        dark = background(console.page)
        console.page.emulate_media(media="print")
        assert background(console.page) != dark
        assert low_contrast_texts(console.page) == []


def test_the_page_loads_less_than_150_kilobytes(visit: Visit) -> None:
    sizes: dict[str, int] = {}

    def record_size(response: Response) -> None:
        sizes[response.url] = len(response.body())

    with visit() as console:
        console.page.on("response", record_size)
        console.open()
        console.page.wait_for_load_state("networkidle")
        assert sum(sizes.values()) < 150_000
        modules = {url.removeprefix(console.url) for url in sizes if url.endswith(".js")}
        assert modules == {path for path in CONSOLE_FILES if path.endswith(".js")}
        preloaded = console.page.locator("head script, head link[rel=modulepreload]")
        assert preloaded.count() == len(modules), "the browser loads a module late if the head does not name it"
        expect(console.page.get_by_label("API key")).to_be_hidden()
