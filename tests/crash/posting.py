"""A client that posts folders and does not give up: what it was answered, and what it must find later."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.crash.system import System
from tests.support_server import Response, form, image_part, part

PAUSE = 0.1
GIVE_UP = 120.0


class Client:
    """For any number of threads. hook: where webhooks go. photos: two of one person."""

    def __init__(self, system: System, token: str, hook: str, photos: Sequence[bytes]) -> None:
        self._system, self._hook, self._photos = system, hook, photos
        self._head = {"X-Forensic-Access-Token": token}
        self._lock = threading.Lock()
        self.statuses: Counter[int] = Counter()
        """Of all responses; 0 = the connection failed."""
        self.accepted: set[str] = set()
        self.deleted: set[str] = set()
        self.cleared: set[str] = set()

    def post(self, number: int) -> None:
        """A folder in one request or in two; one of a hundred is deleted, one cleared, while its analyses may run."""
        folder_id = self._in_one() if number % 2 else self._in_two()
        with self._lock:
            self.accepted.add(folder_id)
        if number % 50 == 10:
            self._call("DELETE", f"/api/folders/{folder_id}/", expected=(204, 404))
            self.deleted.add(folder_id)
        if number % 50 == 20:
            self._call("DELETE", f"/api/folders/{folder_id}/pi/", expected=(204,))
            self.cleared.add(folder_id)

    def get(self, path: str) -> Response:
        return self._call("GET", path, expected=(200, 404))

    def _in_one(self) -> str:
        payload = {"resolution_endpoint": self._hook, "analyses": [{"type": "quality"}, {"type": "biometry"}]}
        return str(self._post_folder(payload, self._photos)["folder_id"])

    def _in_two(self) -> str:
        folder_id = str(self._post_folder({"resolution_endpoint": self._hook}, self._photos[:1])["folder_id"])
        path = f"/api/folders/{folder_id}/analyses/"
        body = json.dumps({"analyses": [{"type": "quality"}]}).encode()
        while self._once("POST", path, body) != 201:  # it may have been accepted without an answer
            if self._call("GET", path, expected=(200,)).json():
                break
        return folder_id

    def _post_folder(self, payload: dict[str, Any], photos: Sequence[bytes]) -> Any:
        parts = [part("payload", json.dumps(payload).encode(), "application/json")]
        parts += [image_part(f"photo{number}", photo, "p.jpg") for number, photo in enumerate(photos)]
        head = {"Content-Type": "multipart/form-data; boundary=72468"}
        return self._call("POST", "/api/folders/", form(parts), head, expected=(201,)).json()

    def _once(self, method: str, path: str, body: bytes) -> int:
        response = self._try(method, path, body, {})
        return response.status if response else 0

    def _call(
        self, method: str, path: str, body: bytes | None = None, head: Any = None, *, expected: Sequence[int]
    ) -> Response:
        """Repeat a request until it is answered, and not with 503."""
        deadline = time.monotonic() + GIVE_UP
        while True:
            response = self._try(method, path, body, head or {})
            if response and response.status in expected:
                return response
            if response and response.status != 503:
                raise AssertionError(f"{method} {path}: {response}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{method} {path}: no answer in {GIVE_UP:.0f} s, {response}")
            time.sleep(PAUSE)

    def _try(self, method: str, path: str, body: bytes | None, head: dict[str, str]) -> Response | None:
        response: Response | None = None
        with contextlib.suppress(OSError, KeyError, http.client.HTTPException):  # killed, or not started again yet
            response = self._system.server.call(method, path, body, self._head | head)
        with self._lock:
            self.statuses[response.status if response else 0] += 1
        return response
