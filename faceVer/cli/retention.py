"""`facever retention`: deleting what is older than it may be kept."""

from __future__ import annotations

import argparse

from faceVer.cli.options import Commands
from faceVer.cli.store import Accounts, action, group, print_row


def add(commands: Commands) -> None:
    actions = group(commands, "retention", "deleting what is older than it may be kept")
    run = action(actions, "run", "delete what is due; a server or worker does so by itself, hourly", _run)
    run.add_argument("--dry-run", action="store_true", help="delete nothing, print what would be deleted")
    run.add_argument("--json", action="store_true", help="JSON Lines")


def _run(accounts: Accounts, options: argparse.Namespace) -> None:
    from faceVer.services.retention import Retention

    retention = Retention(accounts.folders)
    for one in retention.due() if options.dry_run else retention.run():
        record = {
            "company_id": one.rule.company.company_id,
            "company": one.rule.company.name,
            "kind": one.rule.kind or "folder",
            "days": one.rule.days,
            "due" if options.dry_run else "deleted": one.number,
        }
        print_row(record, options.json)
