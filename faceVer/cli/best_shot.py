"""`facever best-shot`: the best frame of videos and archives."""

from __future__ import annotations

import argparse
from pathlib import Path

from faceVer.cli.connect import connect
from faceVer.cli.convert import Existing, Job, Product, convert, mark_duplicates
from faceVer.cli.exit_codes import UsageError
from faceVer.cli.options import Commands, command
from faceVer.cli.output import Output
from faceVer.cli.sources import find, renamed


def add(commands: Commands, parent: argparse.ArgumentParser) -> None:
    shot = command(commands, "best-shot", "the best frame of videos and archives, as JPEG", parent)
    shot.add_argument("files", nargs="+", metavar="FILE", help="files, folders of them, or patterns (** too)")
    target = shot.add_mutually_exclusive_group(required=True)
    target.add_argument("-o", "--output", type=Path, metavar="FILE", help="file for the best shot of one media item")
    target.add_argument("--out-dir", type=Path, metavar="DIR", help="folder for the shots, laid out as the media are")
    shot.add_argument("--force", action="store_true", help="replace existing files")
    shot.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    sources = find(options.files, ("video", "archive"))
    if options.output and len(sources) > 1:
        raise UsageError(f"--output is for one media item, not for {len(sources)}: use --out-dir")
    jobs = mark_duplicates(
        Job(source.path, options.output or options.out_dir / renamed(source.name, ".jpg")) for source in sources
    )
    existing = Existing.FORCE if options.force else Existing.REPLACE if options.output else Existing.KEEP
    with connect(options) as backend:
        product = Product("best shot", "JPEG", "best_shot", backend.best_shot, lambda data, _: _is_jpeg(data), _is_jpeg)
        return convert(jobs, product, existing, options.jobs or backend.jobs, Output(options), None)


def _is_jpeg(data: bytes) -> bool:
    return data.startswith(b"\xff\xd8\xff")
