"""The outbox of webhooks: added in the transaction that finishes a group of analyses, sent until the receiver confirms.

A delivery is attempted at least once. Its document is rendered when it is sent, so it is the folder as it is then.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from faceVer.domain.accounts import Principal
from faceVer.domain.clock import Clock, IdFactory, random_id, system_clock
from faceVer.domain.errors import ForbiddenError, NotFoundError
from faceVer.domain.listing import Comparison, Condition, ListQuery, Page
from faceVer.domain.permissions import Resource, Scope, Verb, scope_of
from faceVer.domain.webhooks import DeliveryState, WebhookDelivery
from faceVer.jobs.outbox_sender import ATTEMPTS, OutboxSender
from faceVer.jobs.queue import Task
from faceVer.jobs.retry_plan import RetryPlan
from faceVer.jobs.webhook_client import AttemptResult, WebhookClient
from faceVer.jobs.webhook_policy import EndpointRefusedError, WebhookPolicy
from faceVer.services.access import Access
from faceVer.settings.model import Settings
from faceVer.storage import audit, deliveries
from faceVer.storage.database import Connection, Database, after_commit

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 3600.0
"""Most seconds between the first two attempts, and between two later ones."""
KEPT_DAYS = 7
"""How long a confirmed delivery is listed."""

Render = Callable[[str], bytes | None]
"""The document of a folder by its id, as JSON; None if there is no such folder."""


class WebhookOutbox:
    """Implements `Outbox` for its `sender`, which the processes that run jobs start.

    options: of the `WebhookClient`, for tests. Raises SettingsError for an unreadable allow-list; each method raises
    DatabaseUnavailableError.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        access: Access,
        render: Render,
        clock: Clock = system_clock,
        new_id: IdFactory = random_id,
        **options: Any,
    ) -> None:
        self._database, self._access, self._render = database, access, render
        self._clock, self._new_id = clock, new_id
        rules, hours = settings.webhooks, settings.jobs.webhook_hours
        self._policy = WebhookPolicy.of(rules.webhook_hosts, allow_http=rules.webhook_http)
        self._plan = RetryPlan(sys.maxsize, hours * 3600, FIRST_PAUSE, LONGEST_PAUSE)
        make_client = partial(WebhookClient, rules.webhook_secret, ATTEMPTS, **options)
        self.sender = OutboxSender(self, self._policy, make_client)

    def add(self, connection: Connection, *, folder_id: str, group_id: str, company_id: str, url: str | None) -> None:
        """Announce a finished group, in the caller's transaction. Nothing is added while no host is allowed."""
        if not url or not self._policy.rules:
            return
        now, url = self._clock(), url if "://" in url else f"https://{url}"
        with suppress(EndpointRefusedError):  # what is refused is kept as it is, and becomes DEAD
            url = self._policy.check(url).url
        waiting = WebhookDelivery(
            delivery_id=self._new_id(),
            folder_id=folder_id,
            group_id=group_id,
            company_id=company_id,
            url=url,
            state=DeliveryState.WAITING,
            created=now,
            due=now,
        )
        deliveries.insert(connection, waiting)
        after_commit(connection, self.sender.wake)

    def tasks(self) -> dict[str, Task]:
        """What the workers of the queue do for the outbox, besides its sender."""
        return {"forget_webhooks": Task(lambda _: self.forget_delivered(), period=3600.0)}

    def find(self, principal: Principal, query: ListQuery) -> Page[WebhookDelivery]:
        """The webhooks that the principal may read. Fields: `deliveries.FIELDS`. Raises ForbiddenError."""
        scope = scope_of(principal.role, Resource.WEBHOOK, Verb.READ)
        if scope is Scope.NONE:
            raise ForbiddenError(f"{principal.role} may not list webhooks")
        if scope is not Scope.ALL:
            own = Condition("company_id", Comparison.IN, (principal.user.company_id,))
            query = replace(query, conditions=(*query.conditions, own))
        with self._database.read() as connection:
            return deliveries.find(connection, query)

    def resend(self, principal: Principal, delivery_id: str) -> WebhookDelivery:
        """Put a webhook that was given up, or delivered, into the outbox again; one that waits stays as it is.

        Raises NotFoundError, ForbiddenError.
        """
        with self._database.write() as connection:
            found = deliveries.get(connection, delivery_id)
            if found is None:
                raise NotFoundError("no such webhook")
            self._access.check(principal, Resource.WEBHOOK, Verb.UPDATE, company_id=found.company_id)
            deliveries.send_again(connection, delivery_id, self._clock())
            now, company_id = self._clock(), found.company_id
            audit.record(connection, now, principal, "webhook.resend", "webhook", delivery_id, company_id=company_id)
            after_commit(connection, self.sender.wake)
            return deliveries.get(connection, delivery_id) or found

    def forget_delivered(self) -> None:
        """Delete what was delivered some days ago."""
        with self._database.write() as connection:
            deliveries.delete_delivered(connection, self._clock() - KEPT_DAYS * 86_400)

    def claim(self, seconds: float, limit: int, busy: Collection[str] = ()) -> list[WebhookDelivery]:
        now = self._clock()
        with self._database.read() as connection:
            if not deliveries.is_any_due(connection, now, busy):
                return []
        with self._database.write() as connection:
            return deliveries.claim(connection, now, now + seconds, limit, busy)

    def postpone(self, delivery: WebhookDelivery, seconds: float) -> None:
        self._update(delivery, due=self._clock() + seconds, attempts=delivery.attempts - 1)

    def render(self, delivery: WebhookDelivery) -> bytes | None:
        return self._render(delivery.folder_id)

    def record(self, delivery: WebhookDelivery, result: AttemptResult) -> None:
        now = self._clock()
        if result.verdict == "delivered":
            self._update(delivery, state=DeliveryState.DELIVERED, delivered=now, error=None)
            return
        pause = None
        if result.verdict == "retry":
            elapsed = now - delivery.created
            pause = self._plan.pause(delivery.attempts, elapsed, retry_after=result.retry_after)
        if pause is None:
            log.error("webhook given up: %s: delivery=%s", result.reason, delivery.delivery_id)
            self._update(delivery, state=DeliveryState.DEAD, error=result.reason)
        else:
            self._update(delivery, due=now + pause, error=result.reason)

    def _update(self, delivery: WebhookDelivery, **values: Any) -> None:
        with self._database.write() as connection:
            deliveries.update_claimed(connection, delivery, **values)
