"""Rows of webhooks: the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from faceVer.domain.webhooks import WebhookDelivery
from faceVer.storage.tables import deliveries


def insert(connection: Connection, delivery: WebhookDelivery) -> None:
    """Add a webhook, in the transaction that finishes its group."""
    connection.execute(
        sa.insert(deliveries).values(
            delivery_id=delivery.delivery_id,
            folder_id=delivery.folder_id,
            group_id=delivery.group_id,
            company_id=delivery.company_id,
            url=delivery.url,
            state=delivery.state.value,
            created=delivery.created,
            due=delivery.due,
            attempts=delivery.attempts,
        )
    )


def drop(connection: Connection, folder_id: str) -> None:
    """Remove the webhooks of a folder that is being deleted."""
    connection.execute(sa.delete(deliveries).where(deliveries.c.folder_id == folder_id))
