"""A receiver of webhooks that refuses a share of them for the time being, and notes which it has confirmed."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

REFUSED = 0.1
"""Share of requests that get 503."""


class Receiver:
    """`with Receiver() as receiver:` it listens at `receiver.url`. confirmed: delivery id -> how many times."""

    def __init__(self) -> None:
        self.confirmed: Counter[str] = Counter()
        self.refused = 0
        self.wrong: list[str] = []
        """Documents that are not of the folder and the group which their headers name."""
        self._chance, self._lock = random.Random(1), threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                delivery, folder, group = (
                    self.headers[f"X-FaceVer-{name}"] for name in ("Delivery", "Folder", "Group")
                )
                self.send_response(receiver._take(delivery, folder, group, body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}/in"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _take(self, delivery: str, folder: str, group: str, body: bytes) -> int:
        document = json.loads(body)
        of_group = [one for one in document["analyses"] if one["group_id"] == group]
        is_right = document["folder_id"] == folder and all(one["state"] != "PROCESSING" for one in of_group)
        with self._lock:
            if self._chance.random() < REFUSED:
                self.refused += 1
                return 503
            self.confirmed[delivery] += 1
            if not (is_right and of_group):
                self.wrong.append(delivery)
        return 200
