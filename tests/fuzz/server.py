"""The server under fuzz: small limits and time-outs, its log looked at line by line, its memory measured."""

from __future__ import annotations

import re
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests import support_faces as faces
from tests.fuzz.seeds import Seeds, header, sealed
from tests.support_server import Server

KEY = bytes(range(32))
PEAK = 1024
"""MiB of resident memory the server may reach."""
SETTINGS = {
    "template_key": KEY.hex(),
    "template_plain": "accept",
    "head_timeout": "3",
    "keepalive_timeout": "4",
    "body_timeout": "3",
    "request_timeout": "15",
    "max_file_bytes": str(2 << 20),
    "max_request_bytes": str(4 << 20),
    "max_parts": "250",
    "webhook_hosts": "hook.invalid",
    "webhook_attempts": "1",
    "webhook_deadline": "1",
    "webhook_grace": "0",
}
_LINE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z (DEBUG|INFO|WARNING|ERROR|CRITICAL) \d+ [\x21-\x7e]+ ([\w.]+): ")
_USUAL = re.compile(r"webhook|payload|could not be|settings: |listening on |stopping")
KEPT = 40


class Watched(Server):
    """lines: how many were logged. odd: those that a request must not cause, the first of them."""

    def __init__(self) -> None:
        self.lines, self.odd, self._kinds = 0, list[str](), set[str]()
        super().__init__(log_level="INFO", **SETTINGS)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in iter(self.process.stderr.readline, ""):
            self.lines += 1
            found = _LINE.match(line)
            level = found[1] if found else ""
            if level not in ("DEBUG", "INFO") and not (level == "WARNING" and _USUAL.search(line)):
                self._note(line.rstrip())
            if self.lines < KEPT:
                self.log.append(line)  # to report a failed start

    def _note(self, line: str) -> None:
        kind = re.sub(r"[\d.]+|[0-9a-f]{32}", "0", line)
        if kind not in self._kinds and len(self.odd) < KEPT:
            self._kinds.add(kind)
            self.odd.append(line)

    def forget(self) -> None:
        self.odd.clear()
        self._kinds.clear()

    def resident(self, key: str = "VmRSS") -> float:
        """MiB; `VmHWM` for the peak."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split(key + ":")[1].split()[0]) / 1024

    def seeds(self) -> Seeds:
        """The fuzzer's seeds, with a template of this server's model."""
        blob = self.template(faces.jpeg(faces.astronaut()))
        body = AESGCM(KEY).decrypt(blob[12:24], blob[24:-16], blob[:12])
        return Seeds.make(sealed(header(body) + body), KEY)
