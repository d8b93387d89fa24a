"""The documentation page in a real browser: it shows every operation, tries them, and asks nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Route, expect

from faceVer.http.ops.openapi.document import build
from faceVer.settings.loader import load_settings
from tests.browser.conftest import Visit
from tests.browser.legible import faint
from tests.browser.support import PHONE, SLOW, Console, picture
from tests.support_endpoints import TABLE

if TYPE_CHECKING:
    from playwright.sync_api import Locator


def show(opened: Console, operation: str) -> Locator:
    """One operation by its tag and name, opened by its address."""
    opened.page.goto(f"{opened.url}/docs#/{operation}")
    block = opened.page.locator(".opblock.is-open")
    block.wait_for(timeout=SLOW)
    return block


def answer(block: Locator) -> str:
    """What the page shows of the answer to the operation as filled in."""
    block.locator(".execute").click()
    table = block.locator(".live-responses-table")
    table.locator(".response-col_status").first.wait_for(timeout=SLOW)
    return table.inner_text()


def colours(opened: Console) -> tuple[int, int]:
    """How bright the ground and the ink are, 0 to 255 (of red)."""
    ground, ink = (
        opened.page.evaluate(f"getComputedStyle(document.querySelector('{what}')).{which}.match(/[0-9]+/)[0]")
        for what, which in (("body", "backgroundColor"), (".info p", "color"))
    )
    return int(ground), int(ink)


def test_every_operation_is_shown_and_version_can_be_tried_out(visit: Visit) -> None:
    described = build(load_settings({}), TABLE)
    with visit() as opened:
        block = show(opened, "Operations/version")
        assert opened.page.title() == "FaceVer"
        operations = sum(map(len, (described["paths"] | described["webhooks"]).values()))
        assert opened.page.locator(".opblock").count() == operations
        assert opened.page.locator("h3.opblock-tag").count() == len(described["tags"])
        assert "BPE-002003" in opened.page.locator(".info").inner_text()
        ground, ink = colours(opened)
        assert ground > 200 > 100 > ink
        block.locator(".try-out__btn").click()
        shown = answer(block)
    assert "200" in shown
    assert '"tfss"' in shown


def pass_on(route: Route) -> None:
    """Be a proxy that has a path of its own before the server's."""
    route.fulfill(response=route.fetch(url=route.request.url.replace("/fv/", "/")))


def test_it_works_behind_the_path_of_a_proxy(visit: Visit) -> None:
    with visit() as opened:
        opened.page.route("**/fv/**", pass_on)
        opened.url += "/fv"
        block = show(opened, "Operations/version")
        block.locator(".try-out__btn").click()
        assert "200" in answer(block)
        assert block.locator(".request-url").inner_text().endswith("/fv/version")


def test_the_page_has_landmarks_names_and_contrast(visit: Visit) -> None:
    """Of the page around the operations."""
    for dark in (False, True):
        with visit(dark=dark) as opened:
            show(opened, "Operations/version")
            expect(opened.page.get_by_role("combobox", name="Server", exact=True)).to_be_visible()
            expect(opened.page.get_by_role("main")).to_have_count(1)
            badges = opened.page.locator(".info .title small").all_inner_texts()
            low = faint(opened.page)
            assert not [words for words in low if words.split()[0] in " ".join(badges)]


def test_extract_can_be_tried_out(visit: Visit, astronaut: bytes) -> None:
    with visit() as opened:
        block = show(opened, "Faces/extract")
        block.locator(".try-out__btn").click()
        block.locator("input[type=file]").set_input_files(picture(astronaut))
        shown = answer(block)
        link = block.get_by_text("Download file").get_attribute("href")
    assert "200" in shown
    assert "application/octet-stream" in shown
    assert link is not None
    assert link.startswith("blob:")


def test_a_form_can_be_tried_out_with_some_of_its_fields_in_the_dark(visit: Visit, astronaut: bytes) -> None:
    with visit(dark=True) as opened:
        block = show(opened, "Oz/folders")
        ground, ink = colours(opened)
        assert ground < 100 < 200 < ink
        block.locator(".try-out__btn").click()
        block.locator("input[type=file]").first.set_input_files(picture(astronaut))
        block.locator("textarea").first.fill('{"analyses": []}')
        shown = answer(block)
    assert "200" in shown
    assert '"original_name": "photo.jpg"' in shown
    assert shown.count('"media_type"') == 2  # in media and in source_media: the empty field was not sent


def test_it_fits_a_phone(visit: Visit) -> None:
    with visit(size=PHONE) as opened:
        block = show(opened, "Faces/verify")
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        told = block.locator("td.parameters-col_description").first.bounding_box()
    assert told is not None
    assert told["width"] > 0.6 * PHONE[0]
