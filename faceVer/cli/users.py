"""`facever users`: the accounts of a server that keeps a store."""

from __future__ import annotations

import argparse
import getpass
import secrets
import sys
from dataclasses import replace

from faceVer.cli.exit_codes import UsageError
from faceVer.cli.options import Commands
from faceVer.cli.store import Accounts, action, company_named, group, print_row
from faceVer.domain.accounts import Role


def add(commands: Commands) -> None:
    actions = group(commands, "users", "accounts of a server that keeps a store")
    admin = action(
        actions, "add-admin", "create an administrator; the password is read from standard input", _add_admin
    )
    first = action(
        actions, "first-admin", "create an administrator with a random password, unless there is one", _first_admin
    )
    first.add_argument("--email", default="admin@localhost", help="%(default)s by default")
    create = action(actions, "create", "create a user; the password is read from stdin", _create)
    for parser in (admin, create):
        parser.add_argument("--email", required=True)
        parser.add_argument("--first-name", default="", metavar="NAME")
        parser.add_argument("--last-name", default="", metavar="NAME")
    roles = [role.value for role in Role]
    create.add_argument("--role", required=True, type=str.upper, choices=roles, metavar="ROLE", help=", ".join(roles))
    create.add_argument("--company", metavar="NAME", help="needed for all roles but ADMIN and OPERATOR")
    listing = action(actions, "list", "list users", _list)
    listing.add_argument("--company", metavar="NAME", help="of this company only")
    listing.add_argument("--json", action="store_true", help="JSON Lines")
    block = action(actions, "block", "block a user, which ends all sessions", _block)
    block.add_argument("--undo", action="store_true", help="unblock")
    password = action(actions, "password", "set a password, read from stdin; it ends all sessions", _password)
    for parser in (block, password):
        parser.add_argument("email", metavar="EMAIL")


def _add_admin(accounts: Accounts, options: argparse.Namespace) -> None:
    _make(accounts, options, Role.ADMIN, None)


def _first_admin(accounts: Accounts, options: argparse.Namespace) -> None:
    from faceVer.services.accounts.users import NewUser
    from faceVer.storage import users

    settings = accounts.users.settings.accounts
    with accounts.database.read() as connection:
        if settings.admin_email or users.count(connection, Role.ADMIN):
            return
    password = secrets.token_hex(max(8, settings.password_minimum // 2 + 1))
    accounts.users.create(None, NewUser(options.email, password, Role.ADMIN, "", ""))
    print(f"administrator, whose password is shown only now:\n  email     {options.email}\n  password  {password}")


def _create(accounts: Accounts, options: argparse.Namespace) -> None:
    role, company_id = Role(options.role), None
    if not role.is_system:
        if options.company is None:
            raise UsageError(f"--company is needed for the role {role}")
        with accounts.database.read() as connection:
            company_id = company_named(connection, options.company)
    _make(accounts, options, role, company_id)


def _make(accounts: Accounts, options: argparse.Namespace, role: Role, company_id: str | None) -> None:
    from faceVer.services.accounts.users import NewUser

    new = NewUser(options.email, _read_password(), role, options.first_name, options.last_name, company_id=company_id)
    print(accounts.users.create(None, new).user_id)


def _list(accounts: Accounts, options: argparse.Namespace) -> None:
    from faceVer.domain.listing import ListQuery, Sorting
    from faceVer.storage import companies, users

    query = ListQuery(sorting=(Sorting("email", descending=False),), limit=-1, total=False)
    with accounts.database.read() as connection:
        chosen = company_named(connection, options.company) if options.company is not None else None
        names = {found.company_id: found.name for found in companies.page(connection, ListQuery(limit=-1), None).items}
        page = users.page(connection, query, company_id=chosen, user_id=None)
    for user in page.items:
        record = {
            "user_id": user.user_id,
            "email": user.email,
            "role": user.role.value,
            "company": names.get(user.company_id, ""),
            "state": "active" if user.is_active else "blocked",
        }
        print_row(record, options.json)


def _block(accounts: Accounts, options: argparse.Namespace) -> None:
    active: bool = options.undo
    accounts.users.change(None, _user_id(accounts, options.email), lambda user: replace(user, is_active=active))


def _password(accounts: Accounts, options: argparse.Namespace) -> None:
    user_id = _user_id(accounts, options.email)
    accounts.users.change_password(None, user_id, None, _read_password())


def _user_id(accounts: Accounts, email: str) -> str:
    from faceVer.domain.errors import NotFoundError
    from faceVer.storage import users

    with accounts.database.read() as connection:
        found = users.with_password(connection, email=email)
    if found is None:
        raise NotFoundError(f"there is no user {email!r}")
    return found[0].user_id


def _read_password() -> str:
    """The first line of standard input; a terminal does not show it."""
    return getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
