"""`facever storage`: the stored files of a server that keeps a store."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from faceVer.cli.exit_codes import FAILED, OK
from faceVer.cli.options import Commands, command
from faceVer.domain.clock import system_clock

if TYPE_CHECKING:
    from faceVer.settings.storing import StoreSettings
    from faceVer.storage.blobs.files import FileStorage


def add(commands: Commands) -> None:
    actions = command(commands, "storage", "stored files").add_subparsers(required=True, metavar="ACTION")
    for name, text, run in (
        ("check", "write, read and remove a file; exit status 1 if that fails", _check),
        ("collect", "remove files without a row, report rows without a file; exit status 1 if there are any", _collect),
        ("reencrypt", "encrypt all files with the first key; exit status 1 if one cannot be read", _reencrypt),
    ):
        command(actions, name, text).set_defaults(run=_on_storage, on_storage=run)


def _on_storage(options: argparse.Namespace) -> int:
    from faceVer.cli.load_settings import load
    from faceVer.domain.errors import SettingsError, StorageUnavailableError
    from faceVer.settings.field import PREFIX
    from faceVer.storage.blobs.files import FileStorage

    settings = load().store
    if not settings.store:
        raise SettingsError(f"{PREFIX}STORE is empty: there are no stored files")
    run: Callable[[StoreSettings, FileStorage], int] = options.on_storage
    try:
        return run(settings, FileStorage.of(settings))
    except StorageUnavailableError as error:
        print(f"facever: the storage fails: {error}", file=sys.stderr)
        return FAILED


def _check(_: StoreSettings, files: FileStorage) -> int:
    files.check()
    print(files.describe())
    return OK


def _collect(settings: StoreSettings, files: FileStorage) -> int:
    from faceVer.storage.blobs.collector import collect
    from faceVer.storage.database import Database

    database = Database.of(settings.store)
    try:
        found = collect(database, files, system_clock())
    finally:
        database.close()
    for key in found.missing:
        print(f"missing {key}")
    print(f"{len(found.removed)} files removed, {len(found.missing)} missing")
    return FAILED if found.missing else OK


def _reencrypt(_: StoreSettings, files: FileStorage) -> int:
    from faceVer.storage.blobs.reencryption import reencrypt

    done = reencrypt(files)
    print(f"{done.changed} files encrypted, {done.current} were already, {done.failed} cannot be read")
    return FAILED if done.failed else OK
