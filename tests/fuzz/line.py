"""One client's connection: sends a case, reads what is answered, and says what is wrong with that."""

from __future__ import annotations

import contextlib
import http.client
import io
import re
import socket
import time
from typing import BinaryIO

from tests.fuzz.cases import Case
from tests.fuzz.judge import fault
from tests.support_server import Response

HARD = 20.0
"""Seconds after which an answer counts as never coming."""
QUIET = 0.25
"""Seconds without a byte after which the client gives up an incomplete request."""
# What a busy server has said by the time the client closes its side: 100 Continue, and then nobody waits any more.
_ONLY_CONTINUE = re.compile(rb"(?:HTTP/1\.\d 100 [^\r\n]*\r\n\r\n)+")
_HEAD = re.compile(rb"\AHEAD |\nHEAD ", re.IGNORECASE)


class NoAnswerError(Exception):
    """The connection ended, or time was up, before an answer was whole."""


class Line:
    """A connection that is kept as long as the server keeps it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._sock: socket.socket | None = None
        self._file: BinaryIO | None = None

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        if self._sock is not None:
            self._sock.close()
        self._sock = self._file = None

    def ask(self, case: Case) -> tuple[list[int], str]:
        """(the statuses of what was answered, what is wrong: "" where nothing is)."""
        return self._whole(case) if case.framed else self._raw(case)

    def _open(self) -> tuple[socket.socket, BinaryIO]:
        if self._sock is None or self._file is None:
            self._sock = socket.create_connection(("127.0.0.1", self._port), timeout=HARD)
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._file = self._sock.makefile("rb")
        return self._sock, self._file

    def _whole(self, case: Case) -> tuple[list[int], str]:
        for fresh in (self._sock is None, True):
            sock, stream = self._open()
            # A refused request may be cut off while it is being sent; the answer is there all the same.
            with contextlib.suppress(ConnectionError):
                sock.sendall(case.data)
            bare = case.data.startswith(b"HEAD ")
            try:
                answer = read(stream, bare=bare)
            except (NoAnswerError, OSError) as error:
                self.close()
                if fresh or isinstance(error, TimeoutError):
                    return [], f"no answer: {error or type(error).__name__}"
                continue  # the server had closed the connection before
            if answer.headers.get("connection", "").lower() == "close":
                self.close()
            return [answer.status], fault(answer, bare=bare)
        raise AssertionError("unreachable")

    def _raw(self, case: Case) -> tuple[list[int], str]:
        """An incomplete request may get any number of responses, or none, but the connection must end."""
        self.close()
        sock, _ = self._open()
        try:
            with contextlib.suppress(ConnectionError):
                sock.sendall(case.data)
            received, ended = self._listen(sock, HARD if case.patient else QUIET)
            if not ended:
                if case.patient:
                    return [], f"the connection is open after {HARD:g} s"
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_WR)
                more, ended = self._listen(sock, HARD)
                received += more
                if not ended:
                    return [], "the connection is open although the client has closed its side"
        finally:
            self.close()
        return _all(received, bare=bool(_HEAD.search(case.data)))

    @staticmethod
    def _listen(sock: socket.socket, quiet: float) -> tuple[bytes, bool]:
        """(what comes until nothing has come for so long, whether the server closed the connection)."""
        pieces, until = [], time.monotonic() + HARD
        sock.settimeout(quiet)
        try:
            while piece := sock.recv(1 << 16):
                pieces.append(piece)
                if time.monotonic() > until:
                    return b"".join(pieces), False
        except TimeoutError:
            return b"".join(pieces), False
        except ConnectionError:
            pass
        return b"".join(pieces), True


def read(stream: BinaryIO, *, bare: bool = False) -> Response:
    """The next answer; 100 Continue is none. bare: without a body. Raises NoAnswerError, OSError."""
    while True:
        first = stream.readline(65537)
        words = first.split(None, 2)
        if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
            raise NoAnswerError(f"no status line but {first[:80]!r}")
        headers = {name.lower(): value for name, value in http.client.parse_headers(stream).items()}
        if (status := int(words[1])) != 100:
            break
    length = 0 if bare or status == 204 else int(headers.get("content-length", "-1"))
    if length < 0:
        raise NoAnswerError(f"an answer of status {status} without Content-Length")
    body = stream.read(length)
    if len(body) != length:
        raise NoAnswerError("an answer that breaks off")
    return Response(status, headers, body)


def _all(received: bytes, *, bare: bool) -> tuple[list[int], str]:
    """Every answer in what was received. bare: some may be without a body."""
    stream, statuses, wrong = io.BytesIO(received), [], ""
    while stream.tell() < len(received):
        at = stream.tell()
        if _ONLY_CONTINUE.fullmatch(received[at:]):
            break
        try:
            answer = read(stream)
        except NoAnswerError as error:
            if not bare:
                return statuses, str(error)
            answer = None
        following = received[stream.tell() : stream.tell() + 7]
        if bare and (answer is None or following not in (b"", b"HTTP/1.")):
            stream.seek(at)
            try:
                answer = read(stream, bare=True)
            except NoAnswerError as error:
                return statuses, str(error)
        if answer is not None:
            statuses.append(answer.status)
            wrong = wrong or fault(answer, bare=bare)
    return statuses, wrong
