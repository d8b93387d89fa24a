"""Commands about the server: serve, worker, health, keys, doctor, settings, openapi."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from itertools import groupby

from faceVer.cli.exit_codes import FAILED, OK
from faceVer.cli.options import Commands, ca_file, command, positive


def add(commands: Commands) -> None:
    serve = command(commands, "serve", "run the HTTP server")
    serve.add_argument("--host", help="address to listen on")
    serve.add_argument("--port", type=int, help="TCP port")
    serve.add_argument("--workers", type=int, help="server processes")
    serve.set_defaults(run=_serve)

    worker = command(commands, "worker", "run the analyses of a store and send its webhooks, without the API")
    worker.add_argument("--health-port", type=int, metavar="PORT", help="serve /livez, /readyz and /metrics there")
    worker.set_defaults(run=_worker)

    health = command(commands, "health", "ask a running server; exit status 0 if it works")
    health.add_argument("--url", help="base URL; by default this machine and the configured port")
    ca_file(health)
    health.add_argument(
        "--wait",
        type=positive(float),
        default=0.0,
        metavar="SECONDS",
        help="repeat the request until the server works or the time is over",
    )
    health.set_defaults(run=_health)

    keys = command(commands, "keys", "API keys").add_subparsers(required=True, metavar="ACTION")
    fresh = command(keys, "new", "make a key: it is shown once, its line goes into FACEVER_API_KEYS")
    fresh.add_argument("name", metavar="NAME", help="owner of the key, as logs name it")
    fresh.set_defaults(run=_keys_new)

    doctor = command(commands, "doctor", "look at this machine and these settings; exit status 1 if not well")
    doctor.add_argument("--json", action="store_true", help="for machines")
    doctor.set_defaults(run=_doctor)

    command(commands, "settings", "every setting by area, with its default and meaning").set_defaults(run=_settings)

    openapi = command(commands, "openapi", "the OpenAPI document of this server with these settings")
    openapi.set_defaults(run=_openapi)


def _serve(options: argparse.Namespace) -> int:
    # Process 1 of a container ignores signals without a handler, and loading models takes a moment.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(OK))
    from faceVer.cli.load_settings import load
    from faceVer.http.server.serve import serve

    serve(load(host=options.host, port=options.port, workers=options.workers))
    return OK


def _worker(options: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(OK))  # as in `_serve`
    from faceVer.cli.load_settings import load
    from faceVer.http.server.worker_process import run_worker

    run_worker(load(), options.health_port)
    return OK


def _health(options: argparse.Namespace) -> int:
    from faceVer.cli.output import printable
    from faceVer.cli.tls_trust import trusting
    from faceVer.settings.loader import load_settings
    from faceVer.tools.health_probe import probe

    trusted = trusting(options.ca_file) if options.ca_file else None
    health = probe(load_settings(), options.url, wait=options.wait, trusted=trusted)
    if health.ok:
        print(health.text)
    else:
        print(f"facever: {printable(health.text)}", file=sys.stderr)
    return OK if health.ok else FAILED


def _keys_new(options: argparse.Namespace) -> int:
    from faceVer.http.pipeline.authentication import new_key

    key, line = new_key(options.name)
    print(f"key, to be given to the client and shown only now:\n{key}\n\nline for FACEVER_API_KEYS:\n{line}")
    return OK


def _doctor(options: argparse.Namespace) -> int:
    from faceVer.settings.loader import load_settings
    from faceVer.tools import doctor

    findings = doctor.examine(load_settings)
    print(doctor.as_json(findings) if options.json else doctor.as_text(findings))
    return OK if doctor.is_well(findings) else FAILED


def _settings(options: argparse.Namespace) -> int:
    from faceVer.settings.field import PREFIX
    from faceVer.settings.loader import describe
    from faceVer.settings.model import ESSENTIAL

    print(f"# to decide first: {', '.join(PREFIX + name.upper() for name in ESSENTIAL)}")
    for area, rows in groupby(describe(), key=lambda row: row.area):
        print(f"\n# {area}")
        for row in rows:
            print(f"{row.variable}={row.default}\n    {row.doc}")
    return OK


def _openapi(options: argparse.Namespace) -> int:
    from faceVer.cli.load_settings import load
    from faceVer.http.endpoints import endpoint_table
    from faceVer.http.ops.openapi.document import build

    settings = load()
    print(json.dumps(build(settings, endpoint_table(settings)), ensure_ascii=False, indent=2))
    return OK
