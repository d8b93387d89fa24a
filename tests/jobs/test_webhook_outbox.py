"""The outbox of webhooks on both kinds of database, with a real receiver on the loopback interface."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from faceVer.domain.accounts import Principal, Role, User
from faceVer.domain.errors import ForbiddenError, NotFoundError
from faceVer.domain.listing import Comparison, Condition, ListQuery
from faceVer.domain.webhooks import DeliveryState, WebhookDelivery
from faceVer.jobs import outbox_sender
from faceVer.jobs.webhook_policy import verify
from faceVer.services import webhook_outbox
from faceVer.services.access import Access
from faceVer.services.webhook_outbox import WebhookOutbox
from faceVer.settings.model import Settings
from faceVer.storage import audit, deliveries
from faceVer.storage.database import Database
from faceVer.storage.tables import companies
from tests.http.support_webhook import Names, Receiver, loopback, serving
from tests.jobs.support_jobs import until

COMPANY, OTHER = str(uuid.uuid4()), str(uuid.uuid4())


class Serving:
    """A receiver in a thread of its own."""

    def __init__(self, *statuses: int, **options: Any) -> None:
        self._options = (statuses, options)
        self.receiver: Receiver
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._main()])
        self._end = asyncio.Event()
        self._thread.start()
        assert self._ready.wait(10)

    async def _main(self) -> None:
        statuses, options = self._options
        self.receiver = Receiver(*statuses, **options)
        async with serving(self.receiver) as self.port:
            self._ready.set()
            await self._end.wait()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)
        self._loop.close()

    def ids(self) -> list[str]:
        """The id of each delivery that arrived."""
        return [headers["X-FaceVer-Delivery"] for _, headers, _ in self.receiver.requests]


class Kit:
    """Makes receivers and outboxes, and ends them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ends: list[Callable[[], None]] = []
        self.gone: set[str] = set()
        with database.write() as connection:
            for company, name in ((COMPANY, "a"), (OTHER, "b")):
                connection.execute(companies.insert().values(company_id=company, name=name, created=0.0))

    def serving(self, *statuses: int, **options: Any) -> Serving:
        made = Serving(*statuses, **options)
        self.ends.append(made.stop)
        return made

    def outbox(self, *ports: int, started: bool = True, **settings: Any) -> WebhookOutbox:
        hosts = tuple(f"hook.test:{port}" for port in ports) + tuple(f"other.test:{port}" for port in ports)
        values = {"webhook_hosts": hosts, "webhook_http": True, "webhook_secret": "s3cret"} | settings
        outbox = WebhookOutbox(
            self.database, Settings.of(**values), Access(), self._render, allowed=loopback, resolver=Names()
        )
        if started:
            outbox.sender.start()
            self.ends.append(lambda: outbox.sender.stop(5))
        return outbox

    def add(self, outbox: WebhookOutbox, url: str, count: int = 1, company: str = COMPANY) -> list[str]:
        """Ids of new folders whose groups are announced to the URL."""
        folders = [str(uuid.uuid4()) for _ in range(count)]
        with self.database.write() as connection:
            for folder in folders:
                outbox.add(connection, folder_id=folder, group_id=str(uuid.uuid4()), company_id=company, url=url)
        return folders

    def all(self) -> dict[str, WebhookDelivery]:
        """The rows, by folder."""
        with self.database.read() as connection:
            return {row.folder_id: row for row in deliveries.find(connection, ListQuery(limit=-1)).items}

    def _render(self, folder_id: str) -> bytes | None:
        return None if folder_id in self.gone else f'{{"folder_id": "{folder_id}"}}'.encode()


@pytest.fixture
def kit(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kit]:
    monkeypatch.setattr(webhook_outbox, "FIRST_PAUSE", 0.1)
    made = Kit(database)
    yield made
    for end in reversed(made.ends):
        end()


def principal(role: Role, company: str = COMPANY) -> Principal:
    return Principal(User(str(uuid.uuid4()), company, role, "a@example.com", "A", "B"))


def test_a_document_arrives_soon_and_signed(kit: Kit) -> None:
    there = kit.serving()
    outbox = kit.outbox(there.port)
    begin = time.monotonic()
    (folder,) = kit.add(outbox, f"http://hook.test:{there.port}/in")
    until(lambda: there.receiver.requests)
    assert time.monotonic() - begin < 0.8  # not by polling
    until(lambda: kit.all()[folder].state is DeliveryState.DELIVERED)
    row = kit.all()[folder]
    ((path, headers, body),) = there.receiver.requests
    assert (path, body.decode()) == ("/in", f'{{"folder_id": "{folder}"}}')
    assert headers["X-FaceVer-Folder"] == folder
    assert headers["X-FaceVer-Group"] == row.group_id
    assert headers["X-FaceVer-Delivery"] == row.delivery_id
    assert verify("s3cret", headers["X-FaceVer-Signature"], body, time.time())
    assert row.attempts == 1
    assert row.delivered is not None


def test_a_rolled_back_group_sends_nothing(kit: Kit) -> None:
    there = kit.serving()
    outbox = kit.outbox(there.port)
    with pytest.raises(ZeroDivisionError), kit.database.write() as connection:  # noqa: PT012
        outbox.add(connection, folder_id=str(uuid.uuid4()), group_id=str(uuid.uuid4()), company_id=COMPANY, url="x")
        raise ZeroDivisionError
    assert kit.all() == {}


def test_without_an_allowed_host_nothing_is_kept(kit: Kit) -> None:
    kit.add(kit.outbox(), "https://hook.test/")
    assert kit.all() == {}


def test_a_failed_attempt_is_repeated_with_the_same_id(kit: Kit) -> None:
    there = kit.serving(500, 503, 200)
    (folder,) = kit.add(kit.outbox(there.port), f"http://hook.test:{there.port}/")
    until(lambda: kit.all()[folder].state is DeliveryState.DELIVERED)
    assert there.ids() == [kit.all()[folder].delivery_id] * 3


def test_retry_after_is_waited_for(kit: Kit) -> None:
    there = kit.serving(503, 200, headers={"Retry-After": "2"})
    begin = time.monotonic()
    kit.add(kit.outbox(there.port), f"http://hook.test:{there.port}/")
    until(lambda: len(there.receiver.requests) == 2)
    assert time.monotonic() - begin >= 2


@pytest.mark.parametrize(
    ("statuses", "hours", "reason"),
    [([302], 1.0, "redirect, status 302"), ([404], 1.0, "status 404"), ([500], 0.0001, "status 500")],
)
def test_what_cannot_be_delivered_is_dead(kit: Kit, statuses: list[int], hours: float, reason: str) -> None:
    there = kit.serving(*statuses)
    outbox = kit.outbox(there.port, started=False)
    outbox._plan = replace(outbox._plan, deadline=hours * 3600)
    outbox.sender.start()
    kit.ends.append(lambda: outbox.sender.stop(5))
    (folder,) = kit.add(outbox, f"http://hook.test:{there.port}/")
    until(lambda: kit.all()[folder].state is DeliveryState.DEAD)
    assert kit.all()[folder].error == reason


def test_urls_that_the_policy_refuses_are_dead(kit: Kit) -> None:
    there = kit.serving()
    outbox = kit.outbox(there.port)
    (folder,) = kit.add(outbox, "foreign.test/in")
    until(lambda: kit.all()[folder].state is DeliveryState.DEAD)
    assert kit.all()[folder].url == "https://foreign.test/in"
    assert kit.all()[folder].error == "host or port is not on the allow-list"
    kit.database.close()


def test_a_deleted_folder_is_not_sent(kit: Kit) -> None:
    there = kit.serving()
    outbox = kit.outbox(there.port, started=False)
    (folder,) = kit.add(outbox, f"http://hook.test:{there.port}/")
    kit.gone.add(folder)
    outbox.sender.start()
    kit.ends.append(lambda: outbox.sender.stop(5))
    until(lambda: kit.all()[folder].state is DeliveryState.DEAD)
    assert there.receiver.requests == []


def test_a_dead_one_is_listed_and_sent_again(kit: Kit) -> None:
    there = kit.serving(404, 200)
    outbox = kit.outbox(there.port)
    kit.add(outbox, f"http://hook.test:{there.port}/")
    dead = ListQuery((Condition("state", Comparison.IN, ("DEAD",)),))
    admin, client_admin = principal(Role.ADMIN, OTHER), principal(Role.CLIENT_ADMIN)
    until(lambda: outbox.find(admin, dead).items)
    (row,) = outbox.find(client_admin, dead).items
    assert outbox.resend(client_admin, row.delivery_id).state is DeliveryState.WAITING
    until(lambda: kit.all()[row.folder_id].state is DeliveryState.DELIVERED)
    assert there.ids() == [row.delivery_id] * 2
    outbox.resend(admin, row.delivery_id)
    with kit.database.read() as connection:  # the administrators of the company see who did it
        assert [entry.user_id for entry in audit.page(connection, ListQuery(), COMPANY).items] == [
            admin.user.user_id,
            client_admin.user.user_id,
        ]


def test_a_delivery_that_waits_is_not_sent_twice_by_resend(kit: Kit) -> None:
    outbox = kit.outbox(1, started=False)
    (folder,) = kit.add(outbox, "http://hook.test:1/")
    (claimed,) = outbox.claim(60, 5)
    assert outbox.resend(principal(Role.ADMIN), claimed.delivery_id) == claimed
    assert outbox.claim(60, 5) == []
    assert kit.all()[folder].attempts == 1


def test_who_sees_webhooks(kit: Kit) -> None:
    outbox = kit.outbox(1, started=False)
    kit.add(outbox, "http://hook.test:1/")
    kit.add(outbox, "http://hook.test:1/", company=OTHER)
    assert outbox.find(principal(Role.ADMIN), ListQuery()).total == 2
    (own,) = outbox.find(principal(Role.CLIENT_ADMIN), ListQuery()).items
    assert own.company_id == COMPANY
    with pytest.raises(ForbiddenError):
        outbox.resend(principal(Role.CLIENT_ADMIN, OTHER), own.delivery_id)
    with pytest.raises(NotFoundError):
        outbox.resend(principal(Role.ADMIN), str(uuid.uuid4()))
    for role in (Role.OPERATOR, Role.CLIENT, Role.CLIENT_SERVICE, Role.CLIENT_OPERATOR):
        with pytest.raises(ForbiddenError):
            outbox.find(principal(role), ListQuery())


def test_an_attempt_of_a_process_that_died_is_repeated(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    there = kit.serving()
    outbox = kit.outbox(there.port, started=False)
    (folder,) = kit.add(outbox, f"http://hook.test:{there.port}/")
    (lost,) = outbox.claim(1.0, 5)
    outbox.sender.start()
    kit.ends.append(lambda: outbox.sender.stop(5))
    until(lambda: kit.all()[folder].state is DeliveryState.DELIVERED)
    assert kit.all()[folder].attempts == 2
    outbox.record(lost, outbox_sender.AttemptResult("retry", "late"))  # of the process after all
    assert kit.all()[folder].state is DeliveryState.DELIVERED


def test_several_senders_send_each_document_once(kit: Kit) -> None:
    there = kit.serving()
    outboxes = [kit.outbox(there.port) for _ in range(3)]
    folders = kit.add(outboxes[0], f"http://hook.test:{there.port}/", 40)
    until(lambda: all(row.state is DeliveryState.DELIVERED for row in kit.all().values()))
    assert sorted(headers["X-FaceVer-Folder"] for _, headers, _ in there.receiver.requests) == sorted(folders)


def test_a_slow_host_does_not_delay_another(kit: Kit) -> None:
    running = most = 0

    async def respond(request: web.Request) -> web.Response:
        nonlocal running, most
        if request.host.startswith("hook.test"):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.5)
            running -= 1
        return web.Response()

    there = kit.serving(respond=respond)
    outbox = kit.outbox(there.port)
    kit.add(outbox, f"http://hook.test:{there.port}/", 8)
    until(lambda: there.receiver.requests)
    (folder,) = kit.add(outbox, f"http://other.test:{there.port}/")
    begin = time.monotonic()
    until(lambda: kit.all()[folder].state is DeliveryState.DELIVERED)
    assert time.monotonic() - begin < 1.5
    until(lambda: all(row.state is DeliveryState.DELIVERED for row in kit.all().values()))
    assert most == outbox_sender.PER_HOST


def test_delivered_ones_are_forgotten(kit: Kit) -> None:
    there = kit.serving()
    outbox = kit.outbox(there.port)
    kit.add(outbox, f"http://hook.test:{there.port}/")
    until(lambda: all(row.state is DeliveryState.DELIVERED for row in kit.all().values()))
    outbox.forget_delivered()
    assert len(kit.all()) == 1
    with kit.database.write() as connection:
        assert deliveries.delete_delivered(connection, time.time() + 1) == 1
    assert kit.all() == {}
