"""What commands on the database of FACEVER_STORE share. They work without a server, and beside one."""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from faceVer.cli.exit_codes import OK
from faceVer.cli.options import Commands, command

if TYPE_CHECKING:
    from faceVer.services.accounts.companies import CompanyService
    from faceVer.services.accounts.users import UserService
    from faceVer.services.stored_folders.store import FolderStore
    from faceVer.storage.database import Connection, Database


class Accounts(NamedTuple):
    """The accounts and folders of a store. What the services do for `None` they do for the command line."""

    database: Database
    users: UserService
    companies: CompanyService
    folders: FolderStore


Work = Callable[[Accounts, argparse.Namespace], None]


def group(commands: Commands, name: str, text: str) -> Commands:
    """Add a command that has actions."""
    return command(commands, name, text).add_subparsers(required=True, metavar="ACTION")


def action(actions: Commands, name: str, text: str, work: Work) -> argparse.ArgumentParser:
    """Add an action on the accounts of the store."""
    parser = command(actions, name, text)
    parser.set_defaults(run=_run, work=work)
    return parser


def company_named(connection: Connection, name: str) -> str:
    """The id of a company. Raises NotFoundError."""
    from faceVer.domain.errors import NotFoundError
    from faceVer.storage import companies

    found = companies.by_name(connection, name)
    if found is None:
        raise NotFoundError(f"there is no company {name!r}")
    return found.company_id


def print_row(record: Mapping[str, Any], as_json: bool) -> None:
    """A row of a list: JSON, or its values in columns."""
    shown = ("-" if value == "" else str(value) for value in record.values())
    print(json.dumps(record, ensure_ascii=False) if as_json else "\t".join(shown))


def _run(options: argparse.Namespace) -> int:
    from faceVer.domain.errors import RequestError, RuleError, SetupError

    try:
        with _opened() as accounts:
            work: Work = options.work
            work(accounts, options)
    except RuleError as error:
        raise SetupError(error.exposed or str(error)) from None  # a sentence, not a field
    except RequestError as error:
        named = error.exposed.rpartition(".")[2]
        raise SetupError(f"{named}: {error}" if named and named != str(error) else str(error)) from None
    return OK


@contextlib.contextmanager
def _opened() -> Iterator[Accounts]:
    """Raises SettingsError, SetupError, DatabaseUnavailableError."""
    from faceVer.cli.load_settings import load
    from faceVer.domain.clock import random_id, system_clock
    from faceVer.domain.errors import SettingsError
    from faceVer.jobs.open_queue import open_queue
    from faceVer.services.access import Access
    from faceVer.services.accounts.companies import CompanyService
    from faceVer.services.accounts.setup import ensure_system_company
    from faceVer.services.accounts.users import UserService
    from faceVer.services.stored_folders.store import FolderStore
    from faceVer.storage import schema
    from faceVer.storage.blobs.files import FileStorage
    from faceVer.storage.database import Database

    settings = load()
    if not settings.store.store:
        raise SettingsError("FACEVER_STORE is not set: nothing is kept, and there are no accounts")
    database, files, access = Database.of(settings.store.store), FileStorage.of(settings.store), Access()
    try:
        schema.prepare(database)
        queue, _ = open_queue(database, {}, 1, settings.jobs.job_heartbeat, system_clock)
        users = UserService(database, settings, access, system_clock, random_id)
        companies = CompanyService(database, files, access, system_clock, random_id, queue.enqueue)
        folders = FolderStore(database, files, settings, access, system_clock, random_id, queue.enqueue)
        ensure_system_company(users)
        yield Accounts(database, users, companies, folders)
    finally:
        database.close()
