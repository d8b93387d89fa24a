"""`facever folders`: the folders of a server that keeps a store, through its API."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceVer.cli.exit_codes import DECLINED, FAILED, OK, OPERATOR, UsageError
from faceVer.cli.options import CLIENT_TIMEOUT, Commands, ca_file, command, positive
from faceVer.cli.store import group
from faceVer.settings.loader import CLIENT_KEY

if TYPE_CHECKING:
    from faceVer.client import Folder, OzClient

Work = Callable[["OzClient", argparse.Namespace], int]
_STATUS: Mapping[str, int] = {"DECLINED": DECLINED, "OPERATOR_REQUIRED": OPERATOR, "FAILED": FAILED}
ANALYSES = ("quality", "biometry")


def add(commands: Commands) -> None:
    actions = group(commands, "folders", "folders of a server that keeps a store")
    create = _action(actions, "create", "create a folder of media files", _create)
    create.add_argument("files", nargs="*", type=Path, metavar="FILE", help="photos, videos, archives")
    create.add_argument(
        "--analysis", action="append", choices=ANALYSES, default=[], help="analyse them; may be given several times"
    )
    create.add_argument("--tag", action="append", default=[], metavar="TAG", help="tag of every file")
    create.add_argument("--meta-data", type=_json_object, metavar="JSON", help="metadata of the folder, an object")
    listing = _action(actions, "list", "list folders, oldest first", _list)
    listing.add_argument(
        "--filter", action="append", default=[], metavar="NAME=VALUE", help="a filter of the API (docs/oz-api.md)"
    )
    wait = _action(actions, "wait", "wait until no analysis of a folder runs", _wait)
    for parser in (
        _action(actions, "show", "show a folder", _show),
        wait,
        _action(actions, "erase", "erase the personal data of a folder", _erase),
        _action(actions, "delete", "delete a folder", _delete),
    ):
        parser.add_argument("folder_id", metavar="FOLDER")
    analyses = _action(actions, "analyses", "analyse the media of a folder, and wait for the result", _analyses)
    analyses.add_argument("folder_id", metavar="FOLDER")
    analyses.add_argument(
        "--analysis", action="append", choices=ANALYSES, required=True, help="may be given several times"
    )
    for parser in (create, wait, analyses):
        parser.add_argument(
            "--wait-seconds", type=positive(float), default=120.0, metavar="SECONDS", help="longest wait for analyses"
        )


def _action(actions: Commands, name: str, text: str, work: Work) -> argparse.ArgumentParser:
    parser = command(actions, name, text)
    parser.add_argument("--url", required=True, help="the server's base URL")
    parser.add_argument(
        "--email", help=f"account to sign in with; ${CLIENT_KEY} is its password, without --email an access token"
    )
    ca_file(parser)
    parser.add_argument("--json", action="store_true", help="JSON Lines")
    parser.set_defaults(run=_run, work=work)
    return parser


def _run(options: argparse.Namespace) -> int:
    from faceVer.cli.tls_trust import trusting
    from faceVer.client import ClientError, OzClient
    from faceVer.domain.errors import SetupError

    secret = os.environ.get(CLIENT_KEY)
    if not secret:
        raise UsageError(f"${CLIENT_KEY} is needed: the password of --email, or an access token")
    account = {"email": options.email, "password": secret} if options.email else {"token": secret}
    verify = trusting(options.ca_file) if options.ca_file else True
    try:
        with OzClient(options.url, timeout=CLIENT_TIMEOUT, verify=verify, **account) as client:
            work: Work = options.work
            return work(client, options)
    except ClientError as error:
        print(f"facever: {error}", file=sys.stderr)
        return FAILED
    except ValueError as error:
        raise SetupError(f"{options.url}: {error}") from error


def _create(client: OzClient, options: argparse.Namespace) -> int:
    media = {f"media{number}": file for number, file in enumerate(options.files, 1)}
    folder = client.create_folder(media, tags=dict.fromkeys(media, options.tag), meta_data=options.meta_data)
    if options.analysis:
        options.folder_id = folder.folder_id
        return _analyses(client, options)
    return _print(folder, options.json)


def _analyses(client: OzClient, options: argparse.Namespace) -> int:
    from faceVer.client import Biometry, Quality
    from faceVer.client.payload import AnalysisRequest

    kinds: dict[str, AnalysisRequest] = {"quality": Quality(extract_best_shot=True), "biometry": Biometry()}
    client.request_analyses(options.folder_id, [kinds[name] for name in options.analysis])
    return _wait(client, options)


def _list(client: OzClient, options: argparse.Namespace) -> int:
    if wrong := next((text for text in options.filter if "=" not in text), None):
        raise UsageError(f"--filter {wrong}: NAME=VALUE is expected")
    filters = dict(text.partition("=")[::2] for text in options.filter)
    for folder in client.folders(filters):
        _print(folder, options.json)
    return OK


def _show(client: OzClient, options: argparse.Namespace) -> int:
    return _print(client.folder(options.folder_id), options.json)


def _wait(client: OzClient, options: argparse.Namespace) -> int:
    return _print(client.wait(options.folder_id, options.wait_seconds), options.json)


def _erase(client: OzClient, options: argparse.Namespace) -> int:
    client.erase_folder(options.folder_id)
    return OK


def _delete(client: OzClient, options: argparse.Namespace) -> int:
    client.delete_folder(options.folder_id)
    return OK


def _print(folder: Folder, as_json: bool) -> int:
    """Print a folder; its result is the exit status."""
    if as_json:
        print(json.dumps(folder.raw, ensure_ascii=False), flush=True)
    else:
        rows: list[tuple[Any, ...]] = [(folder.folder_id, folder.state, folder.resolution)]
        rows += [("", one.type, one.resolution, one.error_message or "") for one in folder.analyses]
        print("\n".join("\t".join(map(str, row)).rstrip("\t") for row in rows), flush=True)
    return _STATUS.get(folder.resolution, OK)


def _json_object(text: str) -> dict[str, Any]:
    """An argument that is a JSON object."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError("a JSON object is expected")
    return value
