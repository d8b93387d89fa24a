"""The outbox of webhooks: rows of `deliveries`, claimed for one attempt at a time."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from faceVer.domain.listing import ListQuery, Page, Sorting
from faceVer.domain.webhooks import DeliveryState, WebhookDelivery
from faceVer.storage.conditions import select_page
from faceVer.storage.tables import deliveries

FIELDS = {
    **{name: deliveries.c[name] for name in ("delivery_id", "folder_id", "company_id", "state")},
    "time_created": deliveries.c.created,
}
"""What lists can be filtered and sorted by."""

_WAITING = deliveries.c.state == DeliveryState.WAITING


def insert(connection: Connection, delivery: WebhookDelivery) -> None:
    connection.execute(deliveries.insert().values(_values(delivery)))


def drop(connection: Connection, folder_id: str) -> None:
    """Remove the webhooks of a folder that is being deleted."""
    connection.execute(deliveries.delete().where(deliveries.c.folder_id == folder_id))


def get(connection: Connection, delivery_id: str) -> WebhookDelivery | None:
    row = connection.execute(sa.select(deliveries).where(deliveries.c.delivery_id == delivery_id)).first()
    return None if row is None else _delivery(row)


def find(connection: Connection, query: ListQuery) -> Page[WebhookDelivery]:
    """Raises KeyError for a field that is not in FIELDS."""
    return select_page(
        connection,
        sa.select(deliveries),
        query,
        FIELDS,
        _delivery,
        key=deliveries.c.delivery_id,
        default=[Sorting("time_created")],
    )


def is_any_due(connection: Connection, now: float, busy: Collection[str]) -> bool:
    """Whether `claim` would find a row."""
    return connection.execute(_due(now, busy).limit(1)).first() is not None


def claim(connection: Connection, now: float, until: float, limit: int, busy: Collection[str]) -> list[WebhookDelivery]:
    """Begin an attempt of due deliveries. until: Unix seconds when each is due again. busy: hosts to leave out."""
    chosen = _due(now, busy).order_by(deliveries.c.due).limit(limit).with_for_update(skip_locked=True)
    claimed = (
        deliveries.update()
        .where(deliveries.c.delivery_id.in_(chosen.scalar_subquery()))
        .values(due=until, attempts=deliveries.c.attempts + 1)
        .returning(*deliveries.c)
    )
    return [_delivery(row) for row in connection.execute(claimed)]


def update_claimed(connection: Connection, delivery: WebhookDelivery, **values: Any) -> bool:
    """Change a delivery that `claim` returned; False if a later attempt has begun, or it waits no longer."""
    same = (deliveries.c.delivery_id == delivery.delivery_id) & (deliveries.c.attempts == delivery.attempts) & _WAITING
    return connection.execute(deliveries.update().where(same).values(values)).rowcount > 0


def send_again(connection: Connection, delivery_id: str, now: float) -> None:
    """Put a delivery that does not wait into the outbox again."""
    ended = (deliveries.c.delivery_id == delivery_id) & ~_WAITING
    values = {"state": DeliveryState.WAITING, "created": now, "due": now, "attempts": 0, "delivered": None}
    connection.execute(deliveries.update().where(ended).values(values))


def delete_delivered(connection: Connection, before: float) -> int:
    """Forget what was delivered before a time; returns how many."""
    old = (deliveries.c.state == DeliveryState.DELIVERED) & (deliveries.c.delivered < before)
    return connection.execute(deliveries.delete().where(old)).rowcount


def count(connection: Connection) -> tuple[int, int]:
    """Deliveries that wait for an attempt, and those that were given up."""
    states = sa.select(deliveries.c.state, sa.func.count().label("number")).where(
        deliveries.c.state != DeliveryState.DELIVERED
    )
    counts = {row.state: row.number for row in connection.execute(states.group_by(deliveries.c.state))}
    return counts.get(DeliveryState.WAITING, 0), counts.get(DeliveryState.DEAD, 0)


def _due(now: float, busy: Collection[str]) -> sa.Select[Any]:
    others = (~deliveries.c.url.contains(f"://{host}:", autoescape=True) for host in busy)
    return sa.select(deliveries.c.delivery_id).where(_WAITING, deliveries.c.due <= now, *others)


def _values(delivery: WebhookDelivery) -> dict[str, Any]:
    return {column.name: getattr(delivery, column.name) for column in deliveries.c}


def _delivery(row: Row[Any]) -> WebhookDelivery:
    values = dict(row._mapping)
    return WebhookDelivery(**values | {"state": DeliveryState(values["state"])})
