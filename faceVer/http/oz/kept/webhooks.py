"""Webhooks as administrators see them: those that wait, were delivered or given up, and sending one again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiohttp import web

from faceVer.domain.webhooks import DeliveryState, WebhookDelivery
from faceVer.http.oz.kept.common import PLATFORM, object_id, respond, row
from faceVer.http.oz.lists import Filter, Kind, ListSpec, list_query, page_document
from faceVer.http.pipeline.endpoint import Endpoint
from faceVer.http.pipeline.principals import principal

WEBHOOKS = ListSpec(
    {
        "state": Filter(Kind.CODE, known=tuple(DeliveryState)),
        "delivery_id": Filter(Kind.UUID),
        "folder_id": Filter(Kind.UUID),
        "company_id": Filter(Kind.UUID),
        "time_created": Filter(Kind.TIME),
    },
    sorting=("time_created",),
)


def endpoints() -> Iterator[Endpoint]:
    """The endpoints of webhooks."""
    yield row("GET", "/api/webhooks/", list_webhooks)
    yield row("POST", "/api/webhooks/{delivery_id}/resend/", resend_webhook)


async def list_webhooks(request: web.Request) -> web.Response:
    """List webhooks, the latest first."""
    platform, who = request.app[PLATFORM], principal(request)
    query = list_query(request, WEBHOOKS, platform.clock())

    def work() -> dict[str, Any]:
        page = platform.outbox.find(who, query)
        return page_document(page, [_document(item) for item in page.items])

    return await respond(request, work)


async def resend_webhook(request: web.Request) -> web.Response:
    """Send a webhook again that was given up, or delivered."""
    outbox, who, delivery_id = request.app[PLATFORM].outbox, principal(request), object_id(request, "delivery_id")
    return await respond(request, lambda: _document(outbox.resend(who, delivery_id)))


def _document(delivery: WebhookDelivery) -> dict[str, Any]:
    return {
        "delivery_id": delivery.delivery_id,
        "folder_id": delivery.folder_id,
        "group_id": delivery.group_id,
        "company_id": delivery.company_id,
        "url": delivery.url,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "error": delivery.error,
        "time_created": delivery.created,
        "time_due": delivery.due if delivery.state is DeliveryState.WAITING else None,
        "time_delivered": delivery.delivered,
    }
