"""`facever extract` and `facever reextract`: templates of photos. The second is the first as a resumable batch."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path

from faceVer.cli.backend import BAD_TEMPLATE, Backend, FileError, is_template
from faceVer.cli.connect import connect
from faceVer.cli.convert import Existing, Job, Product, convert, mark_duplicates
from faceVer.cli.exit_codes import UsageError
from faceVer.cli.files import read
from faceVer.cli.options import Commands, command, face
from faceVer.cli.output import Output
from faceVer.cli.photo_manifest import read_manifest
from faceVer.cli.report import Report
from faceVer.cli.sources import TEMPLATE_SUFFIX, find, renamed
from faceVer.domain.errors import SetupError

REPORT = "report.jsonl"
"""Default report of `reextract`, in the folder of templates."""


def add(commands: Commands, parent: argparse.ArgumentParser) -> None:
    extract = command(commands, "extract", "make templates of photos", parent)
    _add_files(extract)
    target = extract.add_mutually_exclusive_group(required=True)
    target.add_argument("-o", "--output", type=Path, metavar="FILE", help="file for the template of one photo")
    target.add_argument("--out-dir", type=Path, metavar="DIR", help="folder for templates, laid out as the photos are")
    face(extract, "a photo")
    _add_batch(extract, "none")
    extract.set_defaults(run=run)

    again = command(
        commands,
        "reextract",
        "make the templates of all stored photos again, with a report; can be interrupted",
        parent,
    )
    _add_files(again)
    again.add_argument("--out-dir", type=Path, metavar="DIR", required=True, help="folder for the templates")
    _add_batch(again, f"DIR/{REPORT}")
    again.set_defaults(run=run, output=None, face=None)


def _add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photos", nargs="*", metavar="PHOTO", help="photos, folders of them, or patterns (** too)")
    parser.add_argument(
        "--manifest",
        type=Path,
        metavar="CSV",
        help="file with the columns id and path: templates are named by the id; PHOTO is then the folder of "
        "relative paths (default: the file's own)",
    )


def _add_batch(parser: argparse.ArgumentParser, report: str) -> None:
    again = parser.add_mutually_exclusive_group()
    again.add_argument(
        "--resume", action="store_true", help="continue: keep templates of this model, make all others again"
    )
    again.add_argument("--force", action="store_true", help="make every template again, replacing existing ones")
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help=f"JSON Lines, a line for each photo (default: {report})"
    )


def run(options: argparse.Namespace) -> int:
    jobs = _jobs(options)
    with connect(options) as backend, _report(options) as report:
        threads = options.jobs or backend.jobs
        return convert(jobs, _product(backend, options.face), _existing(options), threads, Output(options), report)


def _jobs(options: argparse.Namespace) -> list[Job]:
    if options.manifest:
        return _jobs_of_manifest(options)
    if not options.photos:
        raise UsageError("name photos, or a --manifest")
    sources = find(options.photos, ("image",))
    if options.output:
        if len(sources) > 1:
            raise UsageError(f"--output is for one photo, not for {len(sources)}: use --out-dir")
        return [Job(sources[0].path, options.output)]
    folder: Path = options.out_dir
    return mark_duplicates(Job(source.path, folder / renamed(source.name, TEMPLATE_SUFFIX)) for source in sources)


def _jobs_of_manifest(options: argparse.Namespace) -> list[Job]:
    if options.output or len(options.photos) > 1:
        raise UsageError("with --manifest, name --out-dir and one PHOTO at most, the folder of relative paths")
    base = Path(options.photos[0]) if options.photos else options.manifest.parent
    if not base.is_dir():
        raise SetupError(f"{base} is not a folder")
    rows = read_manifest(options.manifest, base)
    return mark_duplicates(
        Job(row.path, options.out_dir / (row.photo_id + TEMPLATE_SUFFIX), row.photo_id) for row in rows
    )


def _existing(options: argparse.Namespace) -> Existing:
    if options.force:
        return Existing.FORCE
    if options.resume:
        return Existing.RESUME
    return Existing.REPLACE if options.output else Existing.KEEP


def _report(options: argparse.Namespace) -> AbstractContextManager[Report | None]:
    path = options.report or (options.out_dir / REPORT if options.command == "reextract" else None)
    return closing(Report.open(path, resume=options.resume, force=options.force)) if path else nullcontext()


class _Templates:
    """Makes templates, and tells the current ones: those that can be compared with one that was just made.

    Where FACEVER_ALSO_READ names older models, their templates can be read, too, but only be compared with their like.
    """

    def __init__(self, backend: Backend, face: str | None) -> None:
        self._backend, self._face = backend, face
        self._made: bytes | None = None

    def make(self, photo: bytes) -> bytes:
        self._made = self._backend.extract(photo, self._face)
        return self._made

    def is_current(self, data: bytes, photo: str) -> bool:
        """photo: the path of a photo to make a template of, where none was made yet. Raises FileError."""
        if not is_template(data) or not self._are_comparable(data, data):
            return False
        return self._are_comparable(self._made or self.make(read(photo)), data)

    def _are_comparable(self, one: bytes, other: bytes) -> bool:
        try:
            self._backend.compare(one, [other])
        except FileError as error:
            if error.code != BAD_TEMPLATE:  # a server error, which says nothing about the template
                raise
            return False
        return True


def _product(backend: Backend, face: str | None) -> Product:
    templates = _Templates(backend, face)
    return Product("template", "template of this model", "template", templates.make, templates.is_current, is_template)
