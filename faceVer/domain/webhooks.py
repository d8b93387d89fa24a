"""Webhooks that wait for delivery, were delivered, or were given up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DeliveryState(StrEnum):
    """WAITING: for its next attempt. DELIVERED: the receiver confirmed it. DEAD: given up; it can be sent again."""

    WAITING, DELIVERED, DEAD = "WAITING", "DELIVERED", "DEAD"


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One webhook of a finished group of analyses.

    delivery_id: UUID, by which a receiver recognizes a repeated delivery. created, due, delivered: Unix seconds, when
    it was last put into the outbox, when its next attempt is, and when the receiver confirmed it. attempts: begun since
    created. error: of the last attempt, without the URL.
    """

    delivery_id: str
    folder_id: str
    group_id: str
    company_id: str
    url: str
    state: DeliveryState
    created: float
    due: float
    attempts: int = 0
    delivered: float | None = None
    error: str | None = None
