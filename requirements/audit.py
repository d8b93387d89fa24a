"""Fail where a package of a lock file has a known vulnerability; say how many could not be looked up.

python audit.py LOCK. The data are those of the registry pip is configured for, which need not have any.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

SECONDS = 120


def main(lock: str) -> int:
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "--progress-spinner", "off"]
    try:
        done = subprocess.run(
            [*command, "-f", "json", "-r", lock], check=False, capture_output=True, text=True, timeout=SECONDS
        )
        rows: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError) as error:
        print(f"audit: {lock}: no data ({type(error).__name__}); not audited")
        return 0
    unknown = [row["name"] for row in rows if "skip_reason" in row]
    for row in rows:
        for found in row.get("vulns", ()):
            print(
                f"audit: {row['name']} {row['version']}: {found['id']}, fixed in {found.get('fix_versions') or 'none'}"
            )
    print(f"audit: {lock}: {len(rows) - len(unknown)} of {len(rows)} packages audited; no data on {len(unknown)}")
    return int(any(row.get("vulns") for row in rows))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
