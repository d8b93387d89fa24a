"""`facever calibrate DIR`: measure a labelled folder and write the pack's calibration."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tomlkit
from numpy.typing import NDArray

from faceVer.domain.errors import FaceVerError, SetupError
from faceVer.inference.specs import Calibration
from faceVer.matching.template import to_half_precision
from faceVer.services.faces import FaceEngine
from faceVer.services.rules import pack_selection
from faceVer.settings.model import Settings
from faceVer.tools import accuracy
from faceVer.vision.packs import calibration_target

NO_SECOND_FACE = 100.0
"""`second_face_ratio` for measuring: portraits of one named person have bystanders, and the label is the subject's."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """The images of a folder. vectors: (N, D) float32; labels: the person of each; failures: path -> why."""

    vectors: NDArray[np.float32]
    labels: list[str]
    failures: dict[str, str]


def images_of(folder: Path) -> list[Path]:
    """DIR/images/<person>/<file>, or DIR/<person>/<file>; sorted. Raises SetupError."""
    root = folder / "images" if (folder / "images").is_dir() else folder
    found = sorted(path for path in root.glob("*/*") if path.is_file() and not path.name.startswith("."))
    if not found:
        raise SetupError(f"{root} has no <person>/<image> files")
    return found


def embed_folder(engine: FaceEngine, folder: Path, threads: int, report: Callable[[int, int], None]) -> Labelled:
    """The vector of every image, as a template would carry it."""
    paths = images_of(folder)

    def one(path: Path) -> NDArray[np.float32] | str:
        try:
            return to_half_precision(engine.embed(path.read_bytes()))
        except (FaceVerError, OSError) as error:
            return str(error)

    vectors, labels, failures = [], [], {}
    with ThreadPoolExecutor(threads) as pool:
        for number, (path, outcome) in enumerate(zip(paths, pool.map(one, paths), strict=True), 1):
            if isinstance(outcome, str):
                failures[f"{path.parent.name}/{path.name}"] = outcome
            else:
                vectors.append(outcome / np.linalg.norm(outcome))
                labels.append(path.parent.name)
            report(number, len(paths))
    if not vectors:
        raise SetupError("no image of the folder gave a template")
    return Labelled(np.stack(vectors), labels, failures)


def calibrate(
    settings: Settings, folder: Path, threads: int, report: Callable[[int, int], None]
) -> tuple[Calibration, list[accuracy.Row], Labelled]:
    """Embed a folder with the configured pack, fit its score map, tabulate it."""
    engine = FaceEngine.load(settings.changed(second_face_ratio=NO_SECOND_FACE))
    data = embed_folder(engine, folder, threads, report)
    compared = accuracy.compare_all(data.vectors, data.labels)
    source = (
        f"{folder.resolve().name}: {compared.images} images of {compared.people} people, all against all, "
        f"{int(compared.genuine.sum())} genuine and {int(compared.impostor.sum())} impostor pairs"
    )
    calibration = accuracy.fit(compared, source)
    rows = accuracy.table(compared, calibration, data.vectors, data.labels, engine.matcher.calibration)
    return calibration, rows, data


def shortage(rows: list[accuracy.Row]) -> str:
    """Which rates too few pairs were compared for, and how many they need; empty where all are measured."""
    wanting = [
        f"{fmr:.0e} needs {accuracy.pairs_needed(fmr):,} (about {_photos(fmr):,} photos of different people)"
        for fmr in (row.fmr for row in rows if not row.measured)
    ]
    return f"{rows[0].pairs:,} impostor pairs are too few: an FMR of {'; '.join(wanting)}" if wanting else ""


def _photos(fmr: float) -> int:
    """How many photos, each of another person, make the pairs that a rate needs, in round numbers."""
    return math.ceil(math.sqrt(2 * accuracy.pairs_needed(fmr)) / 10) * 10


def write(settings: Settings, calibration: Calibration, rows: list[accuracy.Row], *, force: bool = False) -> Path:
    """Put the calibration where the pack keeps it, leaving the rest of that file as it is; the file's path.

    Points that were not measured are left out. Raises SetupError; also, without `force`, where the map's midpoint rests
    on such a point.
    """
    if not force and any(row.fmr == accuracy.ANCHOR_FMR and not row.measured for row in rows):
        raise SetupError(
            f"nothing written: the map rests on the FMR of {accuracy.ANCHOR_FMR:.0e}, which is not measured; "
            "take more photos, or write it all the same with --force"
        )
    path, keys = calibration_target(pack_selection(settings))
    try:
        document: Any = tomlkit.parse(path.read_text(encoding="utf-8")) if path.exists() else tomlkit.document()
    except (OSError, ValueError) as error:
        raise SetupError(f"cannot read {path}: {error}") from error
    place = document
    for key in keys:
        place = place.setdefault(key, tomlkit.table())
    fitted = tomlkit.table()
    fitted.update({"slope": calibration.slope, "midpoint": calibration.midpoint, "source": calibration.source})
    points = tomlkit.array()
    for row in (row for row in rows if row.measured):
        points.append({"fmr": row.fmr, "cosine": round(row.cosine, 5), "score": row.score, "tar": round(row.tar, 5)})
    fitted["points"] = points.multiline(True)
    fitted.add(tomlkit.nl())
    place["calibration"] = fitted
    try:
        handle, fresh = tempfile.mkstemp(dir=path.parent, prefix=".calibration-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(tomlkit.dumps(document))
            os.chmod(fresh, 0o644)
            os.replace(fresh, path)
        except BaseException:
            os.unlink(fresh)
            raise
    except OSError as error:
        raise SetupError(f"cannot write {path}: {error}") from error
    return path
