"""The retention of a company over HTTP."""

from __future__ import annotations

from tests.http.accounts.support import NOBODY, Client, as_user, error, numbers


def test_retention(admin: Client) -> None:
    company = admin.post("/api/companies/", {"name": f"company {next(numbers)}"})["company_id"]
    path = f"/api/companies/{company}/retention/"
    boss = as_user(admin, company, "CLIENT_ADMIN")
    assert boss.get(path) == {"image": None, "video": None, "shots_set": None, "default": 0}
    assert boss.patch(path, {"video": 30, "image": 0}) == {"image": 0, "video": 30, "shots_set": None, "default": 0}
    assert admin.patch(path, {"image": None}) == {"image": None, "video": 30, "shots_set": None, "default": 0}
    assert as_user(admin, company, "CLIENT").get(path)["video"] == 30
    entry = boss.get("/api/audit/?action=company.retention")["items"][0]
    assert entry["details"] == {"retention": {"video": 30}}


def test_errors(admin: Client, company: str) -> None:
    path = f"/api/companies/{company}/retention/"
    for role in ("CLIENT", "CLIENT_SERVICE", "CLIENT_OPERATOR"):
        assert error(as_user(admin, company, role).call("PATCH", path, {"video": 1})) == (403, 9, None)
    assert error(admin.call("PATCH", path, {"video": -1})) == (400, 4, "video")
    assert error(admin.call("PATCH", path, {"video": 10**30})) == (400, 4, "video")
    assert error(admin.call("PATCH", path, {"video": "1"})) == (400, 5, "video")
    assert error(admin.call("GET", f"/api/companies/{NOBODY}/retention/")) == (404, 10, None)
