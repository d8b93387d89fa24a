"""The load generator: a process of its own that costs as little CPU as it can, for it shares the server's cores.

    python -m benchmarks.loadgen < JOB     (JSON, see `Job`; the result is JSON on standard output, see `run`)

Request bytes are read from files, whole; sockets do not block and are kept alive; of an answer only the status, the
length and whether the connection stays open are looked at. Standard library only, so that it starts at once.
"""

from __future__ import annotations

import json
import resource
import select
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

CHUNK = 1 << 18
now = time.perf_counter


class LoadError(Exception):
    """A wrong answer, or none."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to send. Times in seconds.

    requests: files of request bytes, sent in turn. limit: most requests, 0 = no such bound. interval: from the start of
    one request to the next one's (with one client), 0 = as fast as answers come. firsts: folder for the first answer's
    body to each request. grace: how long answers may still take after `seconds`.
    """

    port: int
    requests: list[str]
    clients: int
    seconds: float
    limit: int = 0
    interval: float = 0.0
    firsts: str = ""
    grace: float = 120.0


@dataclass(slots=True)
class Client:
    """One connection and the request under way on it."""

    port: int
    sock: socket.socket = field(init=False)
    request: int = 0
    data: memoryview = field(default_factory=lambda: memoryview(b""))
    started: float = 0.0
    buffer: bytearray = field(default_factory=bytearray)
    need: int = -1
    body: int = 0
    busy: bool = False
    blocked: bool = False
    close: bool = False

    def connect(self) -> None:
        self.sock = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)

    def head(self, end: int) -> None:
        """Read status, length and connection of the answer whose head ends at `end`."""
        head = bytes(self.buffer[:end]).lower()
        if head[9:12] != b"200":
            raise LoadError(f"answer to request {self.request}: {bytes(self.buffer[:600])!r}")
        at = head.find(b"\r\ncontent-length:")
        if at < 0:
            raise LoadError(f"an answer without Content-Length: {head!r}")
        self.body = end + 4
        self.need = self.body + int(head[at + 17 :].split(b"\r\n", 1)[0])
        self.close = b"\r\nconnection: close" in head


class Generator:
    """Runs one job."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.bodies = [Path(name).read_bytes() for name in job.requests]
        self.poll = select.epoll()
        self.clients: dict[int, Client] = {}
        self.latencies: list[float] = []
        self.seen: set[int] = set()
        self.sent = self.running = 0
        self.start = self.stop = self.last = 0.0

    def run(self) -> None:
        idle = []
        for _ in range(self.job.clients):
            client = Client(self.job.port)
            self.open(client)
            idle.append(client)
        self.start = now()
        self.stop = self.start + self.job.seconds
        pending: Client | None = None
        for client in idle:
            self.begin(client, now())
        while self.running or pending:
            if now() > self.stop + self.job.grace:
                raise LoadError(f"{self.running} requests were not answered in time")
            wait = 1.0
            if pending:
                due = self.start + self.job.interval * self.sent
                wait = due - now()
                if wait <= 0:
                    # Its time counts from when it was due, also where the answer before it came too late for that.
                    self.begin(pending, due)
                    pending = None
                    continue
            for number, event in self.poll.poll(max(wait, 0.0)):
                client = self.clients[number]
                if event & select.EPOLLOUT:
                    self.write(client)
                if event & ~select.EPOLLOUT and self.read(client):
                    if self.job.interval and self.start + self.job.interval * self.sent < self.stop:
                        pending = client
                    elif not self.job.interval:
                        self.begin(client, now())

    def open(self, client: Client) -> None:
        client.connect()
        self.clients[client.sock.fileno()] = client
        self.poll.register(client.sock.fileno(), select.EPOLLIN)

    def begin(self, client: Client, started: float) -> None:
        """Send the next request, unless time or count is up."""
        if started >= self.stop or (self.job.limit and self.sent >= self.job.limit):
            return
        client.request = self.sent % len(self.bodies)
        self.sent += 1
        self.running += 1
        client.started = started
        client.busy = True
        if client.close:
            client.close = False
            self.open(client)
        client.data = memoryview(self.bodies[client.request])
        self.write(client)

    def write(self, client: Client) -> None:
        blocked = False
        try:
            while client.data:
                client.data = client.data[client.sock.send(client.data) :]
        except BlockingIOError:
            blocked = True
        if blocked != client.blocked:
            client.blocked = blocked
            self.poll.modify(client.sock.fileno(), select.EPOLLIN | (select.EPOLLOUT if blocked else 0))

    def read(self, client: Client) -> bool:
        """Take what has come; whether the answer is whole."""
        try:
            chunk = client.sock.recv(CHUNK)
        except BlockingIOError:
            return False
        if not chunk:
            if client.busy:
                raise LoadError(f"the server closed the connection during request {client.request}")
            self.retire(client)
            return False
        client.buffer += chunk
        if client.need < 0:
            end = client.buffer.find(b"\r\n\r\n")
            if end < 0:
                return False
            client.head(end)
        if len(client.buffer) < client.need:
            return False
        self.last = now()
        self.latencies.append((self.last - client.started) * 1e3)
        if self.job.firsts and client.request not in self.seen:
            self.seen.add(client.request)
            Path(self.job.firsts, str(client.request)).write_bytes(client.buffer[client.body :])
        client.buffer.clear()
        client.need = -1
        self.running -= 1
        client.busy = False
        if client.close:
            self.retire(client)
        return True

    def retire(self, client: Client) -> None:
        """Close the connection; the next request opens another."""
        client.close = True
        self.poll.unregister(client.sock.fileno())
        del self.clients[client.sock.fileno()]
        client.sock.close()


def main() -> int:
    generator = Generator(Job(**json.loads(sys.stdin.read())))
    used = resource.getrusage(resource.RUSAGE_SELF)
    before = used.ru_utime + used.ru_stime
    try:
        generator.run()
    except (LoadError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    used = resource.getrusage(resource.RUSAGE_SELF)
    json.dump(
        {
            "latencies": [round(one, 3) for one in generator.latencies],
            "seconds": generator.last - generator.start,
            "cpu": used.ru_utime + used.ru_stime - before,
        },
        sys.stdout,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
