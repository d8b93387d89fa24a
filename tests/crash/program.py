"""`facever` whose webhooks may go to this machine: `python -m tests.crash.program CLAIM_SECONDS serve ...`.

CLAIM_SECONDS: after which the attempt of a killed process is due again.
"""

from __future__ import annotations

import sys

from faceVer import cli
from faceVer.jobs import outbox_sender
from faceVer.jobs.webhook_client import WebhookClient


def main() -> int:
    outbox_sender.CLAIM_SECONDS = float(sys.argv[1])
    options = WebhookClient.__init__.__kwdefaults__
    assert options is not None
    options["allowed"] = lambda address: address == "127.0.0.1"
    return cli.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
