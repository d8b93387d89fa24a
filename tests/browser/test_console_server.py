"""The page and its server: API keys, the Status view, and a server that is down, restarted or behind a proxy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from faceVer.http.pipeline.authentication import new_key
from tests.browser.conftest import Visit
from tests.browser.support import TIMEOUT, console, picture
from tests.support_server import Server


def test_the_page_asks_for_the_key_and_keeps_it_in_memory_only(chromium: Any, astronaut: bytes) -> None:
    key, line = new_key("tests")
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
        photo.get_by_role("button", name="Save template").wait_for(timeout=TIMEOUT)
        assert field.get_attribute("type") == "password"
        stored = page.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
        assert stored == '[{},{},""]'
        page.page.reload()
        expect(field).to_have_value("")


def test_a_key_with_characters_that_a_header_cannot_contain_is_wrong(chromium: Any, astronaut: bytes) -> None:
    _, line = new_key("tests")
    with Server(api_keys=line, console="on") as server, console(chromium, server.url, failures=["401"]) as page:
        page.open()
        field = page.page.get_by_label("API key")
        field.fill("ключ")
        page.give("First photo", picture(astronaut))
        expect(page.section("First photo").get_by_role("alert")).to_contain_text("An API key is needed")
        expect(field).to_have_attribute("aria-invalid", "true")


def test_the_page_follows_new_settings_after_a_restart_of_the_server(visit: Visit, astronaut: bytes) -> None:
    """A threshold, a limit, and that the server now requires a key."""
    changes: dict[str, Any] = {}

    def change_about(route: Route) -> None:
        about = route.fetch().json()
        route.fulfill(json={**about, **{name: about[name] | value for name, value in changes.items()}})

    with visit(fresh=True, failures=["401"]) as console:
        page = console.page
        page.clock.install()
        page.route("**/console/about", change_about)
        console.open()
        result = console.section("Result")
        expect(result.locator(".plot .strong")).to_have_text("threshold 0.85")
        changes["thresholds"] = {"approve": 0.9999, "operator": 0.9999}
        changes["limits"] = {"file_bytes": 2048}
        page.clock.fast_forward(10_000)
        console.give("First photo", picture(astronaut))
        expect(console.section("First photo").get_by_role("alert")).to_contain_text("A file may have at most 2 kB.")
        expect(result.locator(".plot .strong")).to_have_text("threshold 0.9999")
        page.get_by_role("navigation").get_by_role("link", name="Status").click()
        expect(console.section("Limits")).to_contain_text("2 kB")

        page.unroute("**/console/about")
        page.route("**/console/about", lambda route: route.fulfill(json={**route.fetch().json(), "key_required": True}))
        error = {"code": "BPE-002008", "message": "API key is missing or unknown"}
        page.route("**/console/face", lambda route: route.fulfill(status=401, json=error))
        page.get_by_role("navigation").get_by_role("link", name="Compare").click()
        page.clock.fast_forward(10_000)
        console.give("First photo", picture(astronaut))
        expect(page.get_by_label("API key")).to_be_focused()
        page.locator(".curl:visible summary").click()
        expect(page.locator(".curl:visible pre")).to_contain_text("-H 'X-API-Key: YOUR-KEY'")


def test_the_page_asks_for_a_key_after_a_401_of_a_proxy(visit: Visit, astronaut: bytes) -> None:
    with visit(failures=["401"]) as console:
        console.open()
        console.page.route("**/console/face", lambda route: route.fulfill(status=401, body="who are you"))
        console.give("First photo", picture(astronaut))
        expect(console.page.get_by_label("API key")).to_be_focused()


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (413, "<h1>413 Request Entity Too Large</h1>", "The proxy in front of the server does not accept a file"),
        (429, "", "The server is busy"),
        (502, "<h1>502 Bad Gateway</h1>", "The server does not respond"),
        (504, "", "The server does not respond"),
        (418, "[]", "inform the server's operator"),
        (200, '{"width": 1, "hei', "The server cannot be reached"),
    ],
)
def test_the_page_explains_responses_of_a_proxy(
    visit: Visit, astronaut: bytes, status: int, body: str, message: str
) -> None:
    with visit(failures=[str(status)]) as console:
        console.open()
        console.page.route("**/console/face", lambda route: route.fulfill(status=status, body=body))
        console.give("First photo", picture(astronaut))
        alert = console.section("First photo").get_by_role("alert")
        expect(alert).to_contain_text(message)
        expect(alert).not_to_contain_text("request id")


def test_a_file_deleted_after_it_was_chosen_is_explained(visit: Visit, astronaut: bytes, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    with visit(failures=["net::ERR"]) as console:
        for view, name in (("compare", "First photo"), ("liveness", "Photo or video"), ("search", "Search in")):
            console.open(view)
            section = console.section(name)
            path.write_bytes(astronaut)
            console.page.route(re.compile("console/(face|liveness)$"), lambda route: route.abort())
            section.locator("input[type=file]").first.set_input_files(path)
            expect(section).to_contain_text("The server cannot be reached")
            path.unlink()
            console.page.unroute_all()
            section.get_by_role("button", name="Try again").click()
            expect(section).to_contain_text("This file can no longer be read")


def test_the_status_view_shows_health_load_models_and_limits(visit: Visit, server: Server) -> None:
    with visit(fresh=True) as console:
        page = console.page
        page.clock.install(time=0)
        page.clock.pause_at(1)
        console.open("status")
        console.section("Face templates").filter(has_text="Works").wait_for(timeout=TIMEOUT)
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
            path = page.get_by_role("main").get_by_role("link", name=name).get_attribute("href")
            assert server.call("GET", f"/{path}").status == 200


def test_the_page_shows_a_fault_of_the_models_and_a_server_that_does_not_respond(visit: Visit) -> None:
    with visit(fresh=True, failures=["net::ERR"]) as console:
        page = console.page
        health = {"pattern": "", "liveness": "the liveness models did not answer within 10 s"}

        def change_health(route: Any) -> None:
            document = route.fetch().json()
            route.fulfill(json={**document, "health": health})

        page.clock.install(time=0)
        page.clock.pause_at(1)
        page.route("**/console/status", change_health)
        console.open("status")
        console.section("Liveness").filter(has_text="Does not work").wait_for(timeout=TIMEOUT)
        expect(console.section("Liveness")).to_contain_text("did not answer within 10 s")
        expect(page.get_by_role("link", name="Fault")).to_be_visible()
        page.unroute("**/console/status")
        page.route("**/console/status", lambda route: route.abort())
        page.clock.run_for(2000)
        expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached")
        expect(page.get_by_role("link", name="No response")).to_be_visible()


def test_the_page_starts_when_the_server_is_back(visit: Visit) -> None:
    with visit(failures=["net::ERR"]) as console:
        console.page.route("**/console/about", lambda route: route.abort())
        console.page.goto(console.url)
        expect(console.page.get_by_role("alert")).to_contain_text("The server cannot be reached")
        console.page.unroute("**/console/about")
        console.page.get_by_role("button", name="Try again").click()
        expect(console.page.get_by_role("heading", name="Compare two photos")).to_be_visible()


def test_samples_can_be_loaded_again_when_the_server_is_back(visit: Visit) -> None:
    with visit(failures=["net::ERR"]) as console:
        for view, sample in (("compare", "same person"), ("search", "two photos")):
            console.open(view)
            console.page.route("**/sample-*.jpg", lambda route: route.abort())
            console.page.get_by_role("button", name=sample).click()
            expect(console.page.get_by_role("alert")).to_contain_text("The server cannot be reached")
            console.page.unroute("**/sample-*.jpg")
            console.page.get_by_role("button", name="Try again").click()
            console.page.locator(".view:visible .badge").first.wait_for(timeout=TIMEOUT)
