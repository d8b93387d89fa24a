"""`facever companies`: the companies of a server that keeps a store."""

from __future__ import annotations

import argparse
from typing import get_args

from faceVer.cli.exit_codes import UsageError
from faceVer.cli.options import Commands
from faceVer.cli.store import Accounts, action, company_named, group, print_row
from faceVer.domain.accounts import LONGEST_DAYS
from faceVer.domain.folders import MediaKind

KINDS: tuple[str, ...] = get_args(MediaKind)


def add(commands: Commands) -> None:
    actions = group(commands, "companies", "companies of a server that keeps a store")
    create = action(actions, "create", "create a company", _create)
    listing = action(actions, "list", "list companies", _list)
    listing.add_argument("--json", action="store_true", help="JSON Lines")
    retention = action(actions, "retention", "set how many days a company's media are kept", _retention)
    for parser in (create, retention):
        parser.add_argument("name", metavar="NAME")
    retention.add_argument(
        "days",
        metavar="KIND=DAYS",
        nargs="*",
        type=_days,
        help=f"{', '.join(KINDS)}; kinds that are left out are kept as the server's setting says",
    )


def _create(accounts: Accounts, options: argparse.Namespace) -> None:
    print(accounts.companies.create(None, options.name).company_id)


def _list(accounts: Accounts, options: argparse.Namespace) -> None:
    from faceVer.domain.listing import ListQuery, Sorting
    from faceVer.storage import companies

    query = ListQuery(sorting=(Sorting("name", descending=False),), limit=-1, total=False)
    with accounts.database.read() as connection:
        page = companies.page(connection, query, None)
    for company in page.items:
        kept = dict(company.retention)
        record = {
            "company_id": company.company_id,
            "name": company.name,
            "state": "in deletion" if company.in_deletion else "active",
            "retention": kept if options.json else " ".join(f"{kind}={days}" for kind, days in kept.items()),
        }
        print_row(record, options.json)


def _retention(accounts: Accounts, options: argparse.Namespace) -> None:
    days = dict(options.days)
    if len(days) < len(options.days):
        raise UsageError("a kind is named twice")
    with accounts.database.read() as connection:
        company_id = company_named(connection, options.name)
    accounts.companies.set_retention(None, company_id, days)


def _days(text: str) -> tuple[str, int]:
    kind, _, days = text.partition("=")
    if kind not in KINDS or not days.isdecimal() or not 0 <= int(days) <= LONGEST_DAYS:
        raise argparse.ArgumentTypeError(
            f"not one of {', '.join(KINDS)}, an equals sign and 0 to {LONGEST_DAYS} days, 0 = without limit"
        )
    return kind, int(days)
