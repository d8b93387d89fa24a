"""The Search view in a real browser, with a real server."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from faceVer.http.pipeline.authentication import new_key
from tests import support_faces as faces
from tests.browser.conftest import Visit
from tests.browser.support import TIMEOUT, Console, fast_forward_until, picture
from tests.browser.support import console as open_page
from tests.support_server import Server


@pytest.fixture(scope="module")
def people() -> dict[str, bytes]:
    """Photos of six people, and a second photo of person 1, again.jpg."""
    photos = {f"person-{number}.jpg": faces.jpeg(faces.person(number)) for number in range(6)}
    again = faces.person(1).rotate(6).crop((20, 20, 280, 280)).transpose(0)
    return {**photos, "again.jpg": faces.jpeg(again.point(lambda value: value * 0.8))}


def names(console: Console) -> list[str]:
    return console.page.locator("tbody .file").all_inner_texts()


def test_photos_of_the_same_person_are_ranked_first(
    visit: Visit, server: Server, people: dict[str, bytes], astronaut: bytes, tmp_path: Path
) -> None:
    files = [picture(data, name) for name, data in people.items() if name != "person-1.jpg"]
    template = server.template(people["person-1.jpg"])
    files += [
        picture(template, "stored.fvt", ""),
        picture(template[:-1], "broken.fvt", ""),
        picture(faces.jpeg(faces.no_face()), "=nobody.jpg"),
        picture(b"words", "notes.txt", "text/plain"),
    ]
    with visit(failures=["400"]) as console:
        console.open("search")
        gallery = console.section("Search in")
        console.give("Search in", *files)
        gallery.locator(".count").filter(has_text="10 of 10 read, 3 cannot be used").wait_for(timeout=TIMEOUT)
        expect(gallery).to_contain_text("Add the photo to look for to rank these.")
        console.give("Photo to look for", picture(people["person-1.jpg"]))
        gallery.locator("tbody .score").first.filter(has_text="1.000000").wait_for(timeout=TIMEOUT)

        assert names(console)[:2] == ["stored.fvt", "again.jpg"]
        assert len(names(console)) == 7
        rows = gallery.locator("tbody tr")
        assert [rows.nth(n).locator(".decision").inner_text() for n in range(3)] == ["Approved", "Approved", "Declined"]
        expect(rows.first.locator(".match-rate")).to_have_text("fewer than 1 in 100,000")
        expect(rows.nth(1).locator("img")).to_be_visible()
        texts = gallery.locator("tbody .score").all_inner_texts()
        assert {len(text) for text in texts} == {8}
        scores = [float(text) for text in texts]
        assert scores == sorted(scores, reverse=True)

        unusable = gallery.get_by_role("group")
        expect(unusable).to_contain_text("3 files could not be used")
        expect(unusable.get_by_role("listitem").filter(has_text="notes.txt")).to_contain_text(
            "Neither a photo nor a template (.fvt)."
        )
        expect(unusable).to_contain_text("This template could not be read.")
        expect(unusable).to_contain_text("No face was found.")

        gallery.get_by_role("button", name="Photo", exact=True).click()
        assert names(console) == sorted(names(console))
        expect(gallery.get_by_role("columnheader", name="Photo")).to_have_attribute("aria-sort", "ascending")
        gallery.get_by_label("Show decisions").select_option("approved")
        assert names(console) == ["again.jpg", "stored.fvt"]
        gallery.get_by_label("Filter by name").fill("STORED")
        assert names(console) == ["stored.fvt"]

        with console.page.expect_download() as saved:
            gallery.get_by_role("button", name="CSV").click()
        saved.value.save_as(tmp_path / "search.csv")
        lines = list(csv.reader((tmp_path / "search.csv").read_text(encoding="utf-8").splitlines()))
        assert lines[:2] == [["name", "score", "decision", "fmr"], ["stored.fvt", "1.000000", "approved", "<0.000010"]]
        assert sorted(line[0] for line in lines[2:]) == ["'=nobody.jpg", "broken.fvt", "notes.txt"]

        console.page.get_by_text("The same with curl").click()
        command = console.page.locator(".curl:visible pre").inner_text()
        assert "-F 'sample_1=@photo.jpg;type=image/jpeg'" in command
        assert "-F 'templates_n=@stored.fvt;type=application/octet-stream'" in command
        assert "-F 'samples_n=@again.jpg;type=image/jpeg'" in command
        assert "# and in the same way: 1 more" in command
        assert "nobody" not in command

        gallery.get_by_role("button", name="Clear all").click()
        expect(gallery.locator("table")).to_be_hidden()
        expect(unusable).to_be_hidden()
        expect(gallery.get_by_role("button", name="Choose files")).to_be_focused()
        console.give("Search in", picture(people["again.jpg"], "again.jpg"))
        console.page.locator("tbody .file").filter(has_text="again.jpg").wait_for(timeout=TIMEOUT)


def test_another_photo_to_look_for_changes_the_ranking(visit: Visit, people: dict[str, bytes]) -> None:
    with visit() as console:
        console.open("search")
        console.give("Search in", *(picture(people[f"person-{n}.jpg"], f"person-{n}.jpg") for n in (0, 2, 3)))
        first = console.page.locator("tbody .file").first
        for number in (2, 3):
            console.give("Photo to look for", picture(people[f"person-{number}.jpg"]))
            first.filter(has_text=f"person-{number}.jpg").wait_for(timeout=TIMEOUT)
            console.page.get_by_role("button", name="Remove photo to look for").click()
        expect(console.page.locator("tbody .score").first).to_have_text("–")


def test_the_first_photo_dropped_outside_is_looked_for_and_others_are_searched(
    visit: Visit, people: dict[str, bytes]
) -> None:
    with visit() as console:
        console.open("search")
        heading = console.page.get_by_role("heading", name="Search among photos")
        console.drop(heading, picture(people["person-1.jpg"], "probe.jpg"))
        expect(console.section("Photo to look for")).to_contain_text("probe.jpg", timeout=TIMEOUT)
        console.drop(heading, picture(people["again.jpg"], "again.jpg"))
        console.page.locator("tbody .badge").get_by_text("Approved").wait_for(timeout=TIMEOUT)
        assert names(console) == ["again.jpg"]


def test_the_page_reads_two_files_at_a_time_and_retries_when_the_server_is_busy(
    visit: Visit, people: dict[str, bytes]
) -> None:
    running: set[object] = set()
    most_running = 0
    rejected = 0

    def reject_first(route: Route) -> None:
        nonlocal most_running, rejected
        running.add(route.request)
        most_running = max(most_running, len(running))
        if rejected < 2:
            rejected += 1
            route.fulfill(status=503, json={"code": "BPE-001003", "message": "…"}, headers={"Retry-After": "30"})
        else:
            route.continue_()

    with visit(fresh=True, failures=["503"]) as console:
        console.page.clock.install()
        console.open("search")
        console.page.route("**/console/face", reject_first)
        console.page.on("requestfinished", lambda request: running.discard(request))
        chooser = console.section("Search in").locator("input[webkitdirectory]")
        assert chooser.count() == 1
        console.give("Search in", *(picture(data, name) for name, data in people.items()))
        count = console.page.locator(".count")
        count.filter(has_text="The server is busy").wait_for()
        fast_forward_until(console.page, 30_000, count.filter(has_text="7 of 7 read"))
    assert rejected == 2
    assert most_running == 2


def test_a_stopped_search_can_be_continued(visit: Visit, people: dict[str, bytes]) -> None:
    with visit() as console:
        console.open("search")
        page, count = console.page, console.page.locator(".count")
        page.route("**/console/face", lambda route: None)
        console.give("Search in", *(picture(data, name) for name, data in people.items()))
        page.get_by_role("button", name="Stop").click()
        expect(count).to_have_text("0 of 7 read, stopped")
        page.unroute("**/console/face")
        page.get_by_role("button", name="Continue").click()
        count.filter(has_text="7 of 7 read").wait_for(timeout=TIMEOUT)
        expect(page.get_by_role("button", name="Continue")).to_be_hidden()
        expect(page.locator("tbody tr")).to_have_count(7)


def test_the_search_resumes_when_the_user_enters_the_key(chromium: Browser, people: dict[str, bytes]) -> None:
    key, line = new_key("tests")
    with Server(api_keys=line, console="on") as server, open_page(chromium, server.url, failures=["401"]) as console:
        console.open("search")
        gallery, page = console.section("Search in"), console.page
        console.give("Search in", *(picture(data, name) for name, data in people.items()))
        expect(gallery.get_by_role("alert")).to_contain_text("An API key is needed")
        expect(gallery.locator(".count")).to_have_text("0 of 7 read, stopped")
        page.get_by_label("API key").fill(key)
        gallery.get_by_role("button", name="Try again").click()
        expect(gallery.locator(".count")).to_have_text("7 of 7 read", timeout=TIMEOUT)
        expect(gallery.get_by_role("alert")).to_have_count(0)


def test_the_search_resumes_after_server_errors(visit: Visit, people: dict[str, bytes]) -> None:
    """A photo at which the server fails does not prevent the others from being read."""

    def fail_at_person_3(route: Route) -> None:
        if route.request.post_data_buffer == people["person-3.jpg"]:
            route.fulfill(status=500, json={"code": "BPE-001001", "message": "Internal server error"})
        else:
            route.continue_()

    with visit(failures=["500", "net::ERR"]) as console:
        console.open("search")
        page, gallery = console.page, console.section("Search in")
        count, try_again = gallery.locator(".count"), gallery.get_by_role("button", name="Try again")
        page.route("**/console/face", lambda route: route.abort())
        console.give("Search in", *(picture(data, name) for name, data in people.items()))
        expect(gallery.get_by_role("alert")).to_contain_text("The server cannot be reached")
        expect(count).to_have_text("0 of 7 read, stopped")
        page.unroute("**/console/face")
        page.route("**/console/face", fail_at_person_3)
        try_again.click()
        expect(gallery.get_by_role("alert")).to_contain_text("The server failed", timeout=TIMEOUT)
        try_again.click()
        expect(count).to_have_text("6 of 7 read, stopped", timeout=TIMEOUT)
        page.unroute("**/console/face")
        try_again.click()
        expect(count).to_have_text("7 of 7 read", timeout=TIMEOUT)
        expect(gallery.get_by_role("group")).to_be_hidden()


def test_new_unusable_files_do_not_close_their_list(visit: Visit) -> None:
    with visit(failures=["400"]) as console:
        console.open("search")
        count, unusable = console.page.locator(".count"), console.page.locator(".unusable")
        console.give("Search in", *(picture(b"nothing", f"{number}.jpg") for number in range(6)))
        expect(count).to_have_text("6 of 6 read, 6 cannot be used", timeout=TIMEOUT)
        expect(unusable.get_by_role("listitem").first).to_be_hidden()
        unusable.locator("summary").click()
        console.give("Search in", *(picture(b"nothing", f"{number}.jpg") for number in range(6, 9)))
        expect(unusable.locator("summary")).to_have_text("9 files could not be used", timeout=TIMEOUT)
        expect(unusable.get_by_role("listitem")).to_have_count(9)


def test_the_progress_is_not_announced_with_every_photo(visit: Visit, people: dict[str, bytes]) -> None:
    with visit(fresh=True) as console:
        page = console.page
        page.clock.install(time=0)
        console.open("search")
        page.clock.pause_at(100)
        announcement = page.locator(".view.search section .visually-hidden[role=status]")
        announcement.evaluate(
            "element => { window.announced = []; "
            "new MutationObserver(() => announced.push(element.textContent)).observe(element, { childList: true }); }"
        )
        console.give("Search in", *(picture(data, name) for name, data in people.items()))
        expect(page.locator(".count")).to_have_text("7 of 7 read", timeout=TIMEOUT)
        assert page.evaluate("announced") == ["0 of 7 read …", "7 of 7 read"]
