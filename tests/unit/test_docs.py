"""The documents agree with the code: settings, endpoints, links."""

from __future__ import annotations

import re
from pathlib import Path
from unittest.mock import Mock

import pytest

from faceVer.api.app import create_app
from faceVer.environment import describe, load_settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("weights/*.md")])


def settings_table() -> str:
    """The table of docs/settings.md; on a mismatch the test's message is what to paste there."""
    rows = [f"| `{variable}` | {f'`{default}`' if default else '–'} | {doc} |" for variable, default, doc in describe()]
    return "\n".join(["| variable | default | meaning |", "| --- | --- | --- |", *rows])


def test_every_setting_is_documented_as_it_is() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    found = re.search(r"^\| variable \|.*?(?=\n\n|\n?\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, "docs/settings.md has no table"
    assert found[0] == settings_table(), f"the table is:\n{settings_table()}"


def registered_paths() -> set[str]:
    """Paths of the application's endpoints; those with a variable part answer unknown paths, they are no endpoints."""
    app = create_app(load_settings({}), Mock())
    return {resource.canonical for resource in app.router.resources() if "{" not in resource.canonical}


def test_the_readme_lists_the_endpoints() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| (?:GET|POST) \| `(/[^`]*)` \|", readme, re.MULTILINE))
    assert listed == registered_paths()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_resolve(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    broken = [target for target in targets if target and not (document.parent / target).exists()]
    assert not broken
