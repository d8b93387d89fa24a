"""Coverage-guided fuzzing of one target in this process, with atheris (requirements/fuzz.lock, a venv of its own):

    python -m tests.fuzz.guided TARGET SECONDS

What fails lies in tests/fuzz/corpus/ afterwards, as TARGET-crash-…, and is run by the tests from then on.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["faceVer", "PIL"]):
    from tests.fuzz import targets

CORPUS = Path(__file__).parent / "corpus"


def main() -> None:
    name, seconds = sys.argv[1], sys.argv[2]
    targets.quiet()
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(targets.beginnings(name)):
            Path(folder, str(number)).write_bytes(data)
        limits = [
            f"-max_total_time={seconds}",
            "-timeout=20",
            "-rss_limit_mb=2048",
            f"-max_len={targets.MOST}",
            "-seed=1",
        ]
        shown = ["-verbosity=0", "-print_final_stats=1", f"-artifact_prefix={CORPUS}/{name}-"]
        atheris.Setup([sys.argv[0], *limits, *shown, folder], targets.TARGETS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
