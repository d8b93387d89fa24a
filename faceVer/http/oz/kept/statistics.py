"""/api/statistics/: counts by day and company, as JSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from faceVer.domain.analyses import FailureKind, Resolution
from faceVer.domain.errors import PayloadValueError
from faceVer.http.oz.kept.common import PLATFORM, respond, row, stored
from faceVer.http.oz.lists import Filter, Kind, ListSpec, list_query
from faceVer.http.pipeline.endpoint import Endpoint
from faceVer.http.pipeline.principals import principal
from faceVer.services.statistics import Row, Statistics, read_statistics

SPEC = ListSpec({"company_id": Filter(Kind.UUID), "time_created": Filter(Kind.TIME)})


def endpoints() -> Iterator[Endpoint]:
    yield row("GET", "/api/statistics/", statistics)


async def statistics(request: web.Request) -> web.Response:
    """Count folders and analyses by day (UTC) and company: results, errors, conversion, time taken."""
    platform, who = request.app[PLATFORM], principal(request)
    query = list_query(request, SPEC, platform.clock())
    form = request.query.get("format", "json").lower()
    if form not in ("json", "csv"):
        raise PayloadValueError("neither json nor csv", exposed="format")

    def work() -> Statistics:
        return read_statistics(platform.database, who, query.conditions, platform.clock())

    if form == "json":
        return await respond(request, lambda: _document(work()))
    return web.Response(
        body=await stored(request, lambda: _csv(work()).encode()),
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": 'attachment; filename="statistics.csv"',
        },
    )


def _document(found: Statistics) -> dict[str, Any]:
    return {"totals": [_item(row) for row in found.totals], "items": [_item(row) for row in found.rows]}


def _item(row: Row) -> dict[str, Any]:
    return {
        "day": row.day,
        "company_id": row.company_id,
        "type": row.type,
        "total": row.total,
        "results": {result.value: row.results[result] for result in Resolution},
        "errors": {kind.value: row.errors[kind] for kind in FailureKind if row.errors[kind]},
        "conversion": row.conversion,
        "error_rate": row.error_rate,
        "seconds_median": row.median,
        "seconds_p95": row.p95,
    }


def _csv(found: Statistics) -> str:
    """One line for each row, without totals. Counts have a column each, null is empty."""
    text = io.StringIO()
    writer: Any = None
    for item in map(_item, found.rows or [Row("", "", "")]):
        results, errors = item.pop("results"), item.pop("errors")
        flat = {**item, **results, **{f"error_{kind.value}": errors.get(kind.value, 0) for kind in FailureKind}}
        if writer is None:
            writer = csv.DictWriter(text, flat, lineterminator="\r\n")
            writer.writeheader()
        if found.rows:
            writer.writerow(flat)
    return text.getvalue()
