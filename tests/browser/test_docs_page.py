"""The documentation page in a real browser: it shows every operation, tries them, and contacts no other host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Route, expect

from faceVer.http.ops.openapi.document import build
from faceVer.settings.loader import load_settings
from tests.browser.accessibility import low_contrast_texts
from tests.browser.conftest import Visit
from tests.browser.support import PHONE, TIMEOUT, Console, picture
from tests.support_endpoints import TABLE

if TYPE_CHECKING:
    from playwright.sync_api import Locator


def open_operation(opened: Console, operation: str) -> Locator:
    """The block of an operation, which is opened by its address. operation: tag/name."""
    opened.page.goto(f"{opened.url}/docs#/{operation}")
    block = opened.page.locator(".opblock.is-open")
    block.wait_for(timeout=TIMEOUT)
    return block


def execute(block: Locator) -> str:
    """Execute the operation; the text of the response that the page shows."""
    block.locator(".execute").click()
    table = block.locator(".live-responses-table")
    table.locator(".response-col_status").first.wait_for(timeout=TIMEOUT)
    return table.inner_text()


def colours(opened: Console) -> tuple[int, int]:
    """The red components, 0 to 255, of the background and of the text."""
    background, text = (
        opened.page.evaluate(f"getComputedStyle(document.querySelector('{selector}')).{style}.match(/[0-9]+/)[0]")
        for selector, style in (("body", "backgroundColor"), (".info p", "color"))
    )
    return int(background), int(text)


def test_every_operation_is_shown_and_version_can_be_tried_out(visit: Visit) -> None:
    described = build(load_settings({}), TABLE)
    with visit() as opened:
        block = open_operation(opened, "Operations/version")
        assert opened.page.title() == "FaceVer"
        operations = sum(map(len, (described["paths"] | described["webhooks"]).values()))
        assert opened.page.locator(".opblock").count() == operations
        assert opened.page.locator("h3.opblock-tag").count() == len(described["tags"])
        assert "BPE-002003" in opened.page.locator(".info").inner_text()
        background, text = colours(opened)
        assert background > 200 > 100 > text
        block.locator(".try-out__btn").click()
        response = execute(block)
    assert "200" in response
    assert '"tfss"' in response


def forward(route: Route) -> None:
    """Act as a proxy that offers the server below the path /fv."""
    route.fulfill(response=route.fetch(url=route.request.url.replace("/fv/", "/")))


def test_the_page_works_below_a_path_of_a_proxy(visit: Visit) -> None:
    with visit() as opened:
        opened.page.route("**/fv/**", forward)
        opened.url += "/fv"
        block = open_operation(opened, "Operations/version")
        block.locator(".try-out__btn").click()
        assert "200" in execute(block)
        assert block.locator(".request-url").inner_text().endswith("/fv/version")


def test_the_page_around_the_operations_is_accessible(visit: Visit) -> None:
    for dark in (False, True):
        with visit(dark=dark) as opened:
            open_operation(opened, "Operations/version")
            expect(opened.page.get_by_role("combobox", name="Server", exact=True)).to_be_visible()
            expect(opened.page.get_by_role("main")).to_have_count(1)
            badges = opened.page.locator(".info .title small").all_inner_texts()
            texts = low_contrast_texts(opened.page)
            assert not [text for text in texts if text.split()[0] in " ".join(badges)]


def test_extract_can_be_tried_out(visit: Visit, astronaut: bytes) -> None:
    with visit() as opened:
        block = open_operation(opened, "Faces/extract")
        block.locator(".try-out__btn").click()
        block.locator("input[type=file]").set_input_files(picture(astronaut))
        response = execute(block)
        link = block.get_by_text("Download file").get_attribute("href")
    assert "200" in response
    assert "application/octet-stream" in response
    assert link is not None
    assert link.startswith("blob:")


def test_a_form_with_an_empty_field_can_be_tried_out_in_dark_colours(visit: Visit, astronaut: bytes) -> None:
    with visit(dark=True) as opened:
        block = open_operation(opened, "Oz/folders")
        background, text = colours(opened)
        assert background < 100 < 200 < text
        block.locator(".try-out__btn").click()
        block.locator("input[type=file]").first.set_input_files(picture(astronaut))
        block.locator("textarea").first.fill('{"analyses": []}')
        response = execute(block)
    assert "200" in response
    assert '"original_name": "photo.jpg"' in response
    assert response.count('"media_type"') == 2  # in media and in source_media: the empty field was not sent


def test_the_page_fits_a_phone(visit: Visit) -> None:
    with visit(size=PHONE) as opened:
        block = open_operation(opened, "Faces/verify")
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        description = block.locator("td.parameters-col_description").first.bounding_box()
    assert description is not None
    assert description["width"] > 0.6 * PHONE[0]
