"""docs/examples.md shows the programs word for word: `python -m tests.examples.page` puts them in anew."""

from __future__ import annotations

import re
from pathlib import Path

from tests.examples.programs import EXAMPLES, ROOT

PAGE = ROOT / "docs" / "examples.md"
LANGUAGES = {".py": "python", ".sh": "sh", ".mjs": "javascript", ".java": "java", ".go": "go"}
# A link to a program, alone on its line, and the block that shows it.
_BLOCK = re.compile(r"^(\[(?P<file>[\w./]+)\]\(examples/(?P=file)\)\n\n)```.*?^```$", re.MULTILINE | re.DOTALL)


def shown(text: str) -> list[str]:
    """The files, in docs/examples, that the page shows."""
    return [found["file"] for found in _BLOCK.finditer(text)]


def renewed(text: str) -> str:
    """The page with every block as its file is."""

    def block(found: re.Match[str]) -> str:
        source = (EXAMPLES / found["file"]).read_text(encoding="utf-8")
        return f"{found[1]}```{LANGUAGES[Path(found['file']).suffix]}\n{source}```"

    return _BLOCK.sub(block, text)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
