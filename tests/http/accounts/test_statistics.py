"""Statistics over HTTP."""

from __future__ import annotations

import csv
import io

from tests.http.accounts.support import Client, as_user, error


def test_statistics(admin: Client, company: str) -> None:
    client = as_user(admin, company, "CLIENT_OPERATOR")
    folder = client.post("/api/folders/", {})
    found = client.get("/api/statistics/")
    assert list(found) == ["totals", "items"]
    (item,) = found["items"]
    assert item == {
        "day": item["day"],
        "company_id": company,
        "type": "FOLDER",
        "total": item["total"],
        "results": {
            "INITIAL": item["total"],
            "PROCESSING": 0,
            "FAILED": 0,
            "DECLINED": 0,
            "OPERATOR_REQUIRED": 0,
            "SUCCESS": 0,
        },
        "errors": {},
        "conversion": None,
        "error_rate": None,
        "seconds_median": None,
        "seconds_p95": None,
    }
    assert item["total"] >= 1
    response = client.call("GET", "/api/statistics?format=csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    (line,) = csv.DictReader(io.StringIO(response.body.decode()))
    assert (line["day"], line["company_id"], line["type"]) == (item["day"], company, "FOLDER")
    assert (line["INITIAL"], line["conversion"], line["error_no_face"]) == (str(item["total"]), "", "0")
    after = f"{folder['time_created'] + 1:.3f}"
    assert client.get(f"/api/statistics/?time_created.min={after}")["items"] == []
    empty = client.call("GET", f"/api/statistics/?format=csv&time_created.min={after}").body
    assert empty.startswith(b"day,company_id,type,total,")
    assert empty.count(b"\n") == 1


def test_errors(admin: Client, company: str) -> None:
    assert error(as_user(admin, company, "CLIENT").call("GET", "/api/statistics/")) == (403, 9, None)
    assert error(admin.call("GET", "/api/statistics/?format=xml")) == (400, 4, "format")
    assert error(admin.call("GET", "/api/statistics/?company_id=5")) == (400, 4, "company_id")
    assert error(admin.call("GET", "/api/statistics/?time_created.min=soon")) == (400, 4, "time_created.min")
    assert error(admin.call("POST", "/api/statistics/", {})) == (405, 1, None)
