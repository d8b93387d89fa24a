"""The pages of stored folders at /folders, on a server with a store and API keys, in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from faceVer.domain.accounts import Role
from faceVer.domain.permissions import PERMISSIONS, Resource, Verb
from faceVer.http import console as package
from faceVer.http.pipeline.authentication import new_key
from tests.browser.accessibility import low_contrast_texts, unnamed_controls
from tests.browser.support import PHONE, TIMEOUT, Console, console, picture
from tests.support_media import encode_video, face_frames
from tests.support_server import Server

ADMIN, OPERATOR, CLIENT = "admin@example.org", "op@acme.example", "app@acme.example"
PASSWORD = "correct horse battery"
JSON = {"Content-Type": "application/json"}


class Site:
    """A server with a store, a company and one user of each kind that the tests need."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.tokens: dict[str, str] = {}
        company = self.call(ADMIN, "POST", "/api/companies/", {"name": "Acme"})["company_id"]
        for email, role in ((OPERATOR, "CLIENT_OPERATOR"), (CLIENT, "CLIENT")):
            profile = {"user_type": role, "first_name": "Ann", "last_name": "Lee", "company_id": company}
            credentials = {"email": email, "password": PASSWORD}
            self.call(ADMIN, "POST", "/api/users/", {"credentials": credentials, "profile": profile})

    def call(self, email: str, method: str, path: str, document: Any = None) -> Any:
        """A request of the API in a user's name."""
        if email not in self.tokens:
            body = json.dumps({"credentials": {"email": email, "password": PASSWORD}})
            response = self.server.call("POST", "/api/authorize/auth/", body, JSON)
            self.tokens[email] = response.json()["access_token"]
        headers = {**JSON, "X-Forensic-Access-Token": self.tokens[email]}
        response = self.server.call(method, path, json.dumps(document) if document is not None else None, headers)
        assert response.status < 300, response
        return response.json() if response.body else None

    def folder(self, **meta_data: Any) -> str:
        """Create an empty folder. Returns its id."""
        return str(self.call(CLIENT, "POST", "/api/folders/", {"meta_data": meta_data})["folder_id"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    _, line = new_key("tests")
    store = str(tmp_path_factory.mktemp("store"))
    with Server(store=store, api_keys=line, admin_email=ADMIN, admin_password=PASSWORD) as server:
        yield Site(server)


def visiting(chromium: Browser, site: Site, **options: Any) -> AbstractContextManager[Console]:
    return console(chromium, site.server.url, **options)


def sign_in(page: Console, email: str, password: str = PASSWORD, view: str = "") -> Page:
    page.page.goto(f"{page.url}/folders{view}")
    page.page.get_by_label("Email").fill(email)
    page.page.get_by_label("Password").fill(password)
    page.page.get_by_role("button", name="Sign in").click()
    return page.page


def heading(page: Page, name: str) -> Locator:
    return page.get_by_role("heading", name=name, exact=True, level=1)


def answer(page: Page, label: str, **fields: str) -> None:
    """Fill in the dialog, and click its button."""
    dialog = page.get_by_role("dialog")
    for name, value in fields.items():
        control = dialog.locator(f"[name={name}]")
        if control.evaluate("element => element.tagName") == "SELECT":
            control.select_option(label=value)
        else:
            control.fill(value)
    dialog.get_by_role("button", name=label, exact=True).click()
    expect(dialog).to_have_count(0)


def test_signing_in_and_out(chromium: Browser, site: Site) -> None:
    assert site.server.call("GET", "/").status == 404, "without the console, because of the keys"
    with visiting(chromium, site, failures=["401"]) as console:
        page = sign_in(console, OPERATOR, "wrong")
        expect(page.get_by_role("alert")).to_contain_text("Wrong email or password")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(heading(page, "Folders")).to_be_focused()
        assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
        page.reload()
        expect(heading(page, "Folders")).to_be_visible()
        token = json.loads(page.evaluate("sessionStorage['facever-session']"))["access"]
        with page.expect_response("**/api/authorize/") as response:
            page.get_by_role("button", name="Sign out").click()
        assert response.value.status == 204
        expect(heading(page, "Sign in")).to_be_visible()
        assert page.evaluate("sessionStorage.length") == 0
        assert site.server.call("GET", "/api/folders/", headers={"X-Forensic-Access-Token": token}).status == 401


def test_a_session_is_renewed_before_it_ends_and_says_when_it_has_ended(chromium: Browser, site: Site) -> None:
    change = """change => {
        const session = JSON.parse(sessionStorage["facever-session"]);
        sessionStorage["facever-session"] = JSON.stringify({ ...session, ...change });
    }"""
    with visiting(chromium, site, failures=["401"]) as console:
        page = sign_in(console, OPERATOR)
        expect(heading(page, "Folders")).to_be_visible()
        page.evaluate(change, {"renew": 0})
        with page.expect_response("**/refresh/") as response:
            page.reload()
        assert response.value.status == 200
        expect(heading(page, "Folders")).to_be_visible()
        page.evaluate(change, {"access": "unknown"})
        page.reload()
        expect(page.get_by_role("status")).to_contain_text("Your session has ended")
        expect(page.get_by_label("Email")).to_be_focused()


def test_a_folder_from_its_upload_to_its_deletion(chromium: Browser, site: Site, astronaut: bytes) -> None:
    clip = encode_video(face_frames(3, 320, 240), "libvpx", "webm", fps=6)
    files = [picture(astronaut, "portrait.jpg"), picture(clip, "clip.webm", "video/webm")]
    with visiting(chromium, site) as console:
        page = sign_in(console, OPERATOR)
        page.get_by_role("button", name="New folder").click()
        page.locator("dialog input[type=file]").set_input_files(files)
        answer(page, "Create")
        liveness = console.section("Liveness")
        expect(liveness).to_contain_text("FINISHED", timeout=TIMEOUT)
        expect(liveness).to_contain_text("PAD score of clip.webm")
        expect(console.section("Same person")).to_contain_text("Lowest similarity")
        for image in page.locator("main img").all():
            assert image.evaluate("async image => (await image.decode(), image.naturalWidth)") > 0
        video = page.locator("video")
        video.evaluate("video => video.play()")
        assert video.evaluate("video => video.videoWidth") == 320

        liveness.get_by_role("button", name="Decline").click()
        expect(liveness.get_by_role("button", name="Decline")).to_have_attribute("aria-pressed", "true")
        liveness.get_by_role("button", name="Take back").click()
        expect(liveness.get_by_role("button", name="Take back")).to_have_count(0)
        page.get_by_label("Decision", exact=True).select_option("Passed")
        page.get_by_label("Comment").fill("Seen on the telephone")
        page.get_by_role("button", name="Save").click()
        expect(console.section("Status").locator("dd", has_text="Passed")).to_be_visible()
        expect(page.get_by_role("button", name="Delete folder")).to_have_count(0)
        address = page.url
    with visiting(chromium, site, failures=["404"]) as console:
        page = sign_in(console, ADMIN, view="#" + address.partition("#")[2])
        expect(page.get_by_label("Comment")).to_have_value("Seen on the telephone")
        page.get_by_role("button", name="Erase personal data").click()
        answer(page, "Erase")
        expect(console.section("Media").get_by_text("Erased")).to_have_count(2)
        expect(page.get_by_label("Comment")).to_have_value("")
        page.get_by_role("button", name="Delete folder").click()
        answer(page, "Delete")
        expect(heading(page, "Folders")).to_be_visible()
        page.goto(address)
        expect(page.get_by_role("alert")).to_contain_text("It does not exist")


def test_filters_find_folders_and_are_kept_in_the_address(chromium: Browser, site: Site) -> None:
    declined, plain = site.folder(client={"id": 7}), site.folder(client={"id": 8})
    site.call(OPERATOR, "PATCH", f"/api/folders/{declined}/", {"operator_status": "DECLINED"})
    with visiting(chromium, site, failures=["400"]) as console:
        page = sign_in(console, OPERATOR)
        found = console.section("Found folders")
        for label, value, expected in (
            ("Metadata", "client.id==8", plain),
            ("Id or file name", declined[:13], declined),
            ("Operator", "Declined", declined),
        ):
            if label != "Metadata":  # else the form would be made again while it is filled
                page.get_by_role("button", name="Reset").click()
            expect(found.locator("tbody tr").nth(1)).to_be_visible()
            control = page.get_by_label(label, exact=True)
            if label == "Operator":
                control.select_option(value)
            else:
                control.fill(value)
            page.get_by_role("button", name="Apply").click()
            expect(found.locator("tbody a")).to_have_text([expected[:8]])
        page.reload()
        expect(found.locator("tbody a")).to_have_text([declined[:8]])
        page.get_by_label("From", exact=True).fill("2001-01-01")
        page.get_by_label("To", exact=True).fill("2001-01-02")
        page.get_by_role("button", name="Apply").click()
        expect(found).to_contain_text("No folder matches the filters")
        page.go_back()
        expect(found.locator("tbody a")).to_have_text([declined[:8]])
        page.get_by_label("Metadata").fill("no operator")
        page.get_by_role("button", name="Apply").click()
        expect(page.get_by_role("alert")).to_be_visible()


def test_the_list_has_pages(chromium: Browser, site: Site) -> None:
    for number in range(26):
        site.folder(page=number)
    with visiting(chromium, site) as console:
        sign_in(console, CLIENT)
        found = console.section("Found folders")
        expect(found.locator("tbody tr")).to_have_count(25)
        found.get_by_role("button", name="Next").click()
        expect(found.get_by_role("status")).to_contain_text("26–")
        expect(found.get_by_role("button", name="Next")).to_be_disabled()
        found.get_by_role("button", name="Previous").click()
        expect(found.locator("tbody tr")).to_have_count(25)


def test_users_and_companies(chromium: Browser, site: Site) -> None:
    with visiting(chromium, site, failures=["400", "401"]) as console:
        page = sign_in(console, ADMIN)
        links = page.get_by_role("navigation")
        links.get_by_role("link", name="Companies").click()
        page.get_by_role("button", name="New company").click()
        page.get_by_role("dialog").get_by_label("Name").fill("Acme")
        page.get_by_role("dialog").get_by_role("button", name="Create").click()
        expect(page.get_by_role("alert")).to_contain_text("There is one of this name already")
        answer(page, "Create", name="Umbrella")
        expect(page.get_by_role("row", name="Umbrella")).to_be_visible()
        links.get_by_role("link", name="Users").click()
        page.get_by_role("button", name="New user").click()
        names = {"first_name": "Eve", "last_name": "Ray", "user_type": "CLIENT_ADMIN", "company_id": "Umbrella"}
        answer(page, "Create", email="eve@example.org", password=PASSWORD, **names)
        row = page.get_by_role("row", name="eve@example.org")
        expect(row).to_contain_text("Umbrella")
        row.get_by_role("button", name="Password").click()
        answer(page, "Set password", new_password="another password")
        row.get_by_role("button", name="Block").click()
        answer(page, "Block")
        expect(row).to_contain_text("Blocked")
        page.get_by_role("button", name="Sign out").click()
        sign_in(console, "eve@example.org", "another password")
        expect(page.get_by_role("alert")).to_contain_text("This account is blocked")


def test_statistics(chromium: Browser, site: Site) -> None:
    site.folder()
    number = site.call(OPERATOR, "GET", "/api/folders/?limit=0")["total_count"]
    with visiting(chromium, site) as console:
        page = sign_in(console, OPERATOR)
        page.get_by_role("navigation").get_by_role("link", name="Statistics").click()
        expect(console.section("In total").get_by_role("row", name="Folders")).to_contain_text(str(number))
        expect(console.section("By day").locator("tbody tr").first).to_contain_text("Acme")
        with page.expect_download() as download:
            page.get_by_role("button", name="CSV").click()
        assert download.value.path().read_text().startswith("day,company_id,type,total")
        page.get_by_role("button", name="Sign out").click()
        sign_in(console, CLIENT)
        expect(page.get_by_role("link", name="Users")).to_be_visible()
        expect(page.get_by_role("link", name="Statistics")).to_have_count(0)


def test_every_view_is_accessible_and_fits_a_phone(chromium: Browser, site: Site) -> None:
    folder = site.folder(note="a" * 200)
    with visiting(chromium, site, size=PHONE, dark=True) as console:
        page = console.page
        page.goto(f"{console.url}/folders")
        for view in ("", "#folders", f"#folder/{folder}", "#users", "#companies", "#statistics"):
            if view == "#folders":
                sign_in(console, ADMIN)
            page.goto(f"{console.url}/folders{view}")
            expect(page.locator(f".kept-{view[1:].split('/')[0]} h1" if view else "h1")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], view
            for colours in ("light", "dark"):
                assert unnamed_controls(page) == []
                assert low_contrast_texts(page) == []
                page.get_by_role("button", name=f"Switch to {colours} colours").click()
        modules = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
        preloaded = page.locator("head script, head link[rel=modulepreload]")
        assert preloaded.count() == len([url for url in modules if url.endswith(".js")])


def test_the_page_shows_what_the_matrix_of_permissions_allows() -> None:
    script = (Path(package.__file__).parent / "folders" / "session.js").read_text(encoding="utf-8")
    block = script.partition("RIGHTS = {")[2].partition("};")[0]
    shown = {name: set(re.findall(r'"(\w+)"', roles)) for name, roles in re.findall(r"(\w+): \[([^\]]*)\]", block)}
    meaning = {
        "decide": (Resource.ANALYSIS, Verb.DECIDE),
        "judge": (Resource.FOLDER, Verb.JUDGE),
        "remove": (Resource.FOLDER, Verb.DELETE),
        "manage": (Resource.USER, Verb.CREATE),
        "companies": (Resource.COMPANY, Verb.CREATE),
        "statistics": (Resource.STATISTICS, Verb.READ),
    }
    assert shown == {
        name: {role.value for role in Role if (role, *right) in PERMISSIONS} for name, right in meaning.items()
    }
