"""The documents agree with the code: settings, endpoints, links. `make docs` builds the site and checks that, too."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from faceVer.http.ops.openapi.document import build
from faceVer.settings.field import PREFIX
from faceVer.settings.loader import describe, load_settings
from faceVer.settings.model import ESSENTIAL
from tests.support_endpoints import TABLE

ROOT = Path(__file__).parents[2]
SITE = ROOT / "docs" / "site"
PAGES = sorted(ROOT.glob("docs/*.md"))
DOCUMENTS = sorted(
    path for pattern in ("*.md", "docs/**/*.md", "weights/*.md", "benchmarks/*.md") for path in ROOT.glob(pattern)
)


def settings_tables() -> list[str]:
    """The tables of docs/settings.md: the essential settings, then one table for each area."""
    rows = describe()
    essential = [row for name in ESSENTIAL for row in rows if row.variable == PREFIX + name.upper()]
    groups = [essential, *(list(group) for _, group in groupby(rows, key=lambda row: row.area))]
    head = "| variable | default | meaning |\n| --- | --- | --- |\n"
    return [
        head + "\n".join(f"| `{r.variable}` | {f'`{r.default}`' if r.default else '–'} | {r.doc} |" for r in group)
        for group in groups
    ]


def test_every_setting_is_documented_as_it_is() -> None:
    """On a mismatch the message shows the tables to paste."""
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| variable \|.*?(?=\n\n|\n?\Z)", text, re.MULTILINE | re.DOTALL)
    tables = settings_tables()
    assert found == tables, "the tables are:\n" + "\n\n".join(tables)


PRIVATE = ("/console/", "/docs/")
"""Files that pages consist of, and what the console asks of its own server: no endpoints."""


def endpoint_paths() -> set[str]:
    """The path templates of the public endpoints, parameters included."""
    return {row.path for row in TABLE.endpoints if not row.path.startswith(PRIVATE)}


def described_methods() -> set[tuple[str, str]]:
    """Method and path of what the OpenAPI document describes."""
    paths = build(load_settings({}), TABLE)["paths"]
    return {
        (method.upper(), path) for path, methods in paths.items() for method in methods if not path.startswith(PRIVATE)
    }


def test_the_api_page_lists_the_endpoints() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| (GET|POST) \| `(/[^`]*)` \|", page, re.MULTILINE))
    assert {path for _, path in listed} == endpoint_paths()
    assert described_methods() <= listed


def prose(document: Path) -> str:
    """A document without its blocks of code."""
    return re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def anchors(document: Path) -> list[str]:
    """What a document's headings can be linked by, as GitHub and the site name them."""
    titles = re.findall(r"^#+ +(.+?) *$", prose(document), re.MULTILINE)
    plain = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).lower() for title in titles]
    return [re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in plain]


def leads_somewhere(document: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    file = document.parent / path if path else document
    return file.exists() and (not anchor or anchor in anchors(file))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_resolve(document: Path) -> None:
    targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", prose(document)) if "://" not in target]
    assert not [target for target in targets if not leads_somewhere(document, target)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_files_exist(document: Path) -> None:
    named = re.findall(r"`((?:faceVer|tests|benchmarks)/[\w./-]+)`", prose(document))
    assert not [path for path in named if not (ROOT / path).exists()]


def test_files_of_the_architecture_page_exist() -> None:
    """There files of the package are named without its folder."""
    named = re.findall(r"`([\w./-]+(?:\.\w+|/))`", prose(ROOT / "docs" / "architecture.md"))
    assert len(named) > 50
    assert not [
        path for path in named if not any((ROOT / folder / path).exists() for folder in ("", "faceVer", "faceVer/http"))
    ]


@pytest.mark.parametrize("document", PAGES, ids=lambda path: path.name)
def test_headings_of_a_document_differ(document: Path) -> None:
    """GitHub and the site number equal ones in different ways, so they could not be linked."""
    found = anchors(document)
    assert sorted(set(found)) == sorted(found)


def test_every_page_is_in_the_navigation_once() -> None:
    navigation = (SITE / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    listed = re.findall(r": ([\w-]+\.md)$", navigation, re.MULTILINE)
    assert sorted(listed) == [page.name for page in PAGES]


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"^\| \[\d{4}\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text("utf-8"), re.MULTILINE)
    assert listed == sorted(path.name for path in folder.glob("[0-9]*.md"))


@pytest.fixture(scope="module")
def check() -> Callable[[Path], Any]:
    """The checker of the built site: a folder's `problems` and links `outside`."""
    return runpy.run_path(str(SITE / "check.py"))["Site"]  # type: ignore[no-any-return]


def built(folder: Path, **pages: str) -> Path:
    for name, body in {"index": "", **pages}.items():
        (folder / f"{name}.html").write_text(f'<html><body id="top">{body}</body></html>', encoding="utf-8")
    return folder


def test_a_sound_site_has_no_problems(check: Callable[[Path], Any], tmp_path: Path) -> None:
    (tmp_path / "one.css").write_text("a { background: url(data:image/png;base64,AAAA) }", encoding="utf-8")
    body = '<link rel="stylesheet" href="one.css"><a href="other.html#there">x</a><a href="https://example.com/">y</a>'
    site = check(built(tmp_path, index=body, other='<h2 id="there">x</h2><a href="#there">x</a><a href="/">x</a>'))
    assert (len(site), site.problems, dict(site.outside)) == (2, [], {"https://example.com/": {"index.html"}})


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('<a href="gone.html">x</a>', "no such file: gone.html"),
        ('<a href="../index.html">x</a>', "no such file: ../index.html"),
        ('<img src="gone.png">', "no such file: gone.png"),
        ('<a href="#gone">x</a>', "no such anchor: #gone"),
        ('<a href="other.html#gone">x</a>', "no such anchor: other.html#gone"),
        ('<script src="https://example.com/x.js"></script>', "asks another host: https://example.com/x.js"),
        ('<link rel="preconnect" href="//example.com">', "asks another host: //example.com"),
        ('<link rel="stylesheet" href="https://example.com/x.css">', "asks another host: https://example.com/x.css"),
        ('<img srcset="index.html 1x, https://example.com/2.png 2x">', "asks another host: https://example.com/2.png"),
        ('<p style="background: url(https://example.com/a.png)">x</p>', "asks another host: https://example.com/a.png"),
        ("<style>@import 'https://example.com/a.css';</style>", "asks another host: https://example.com/a.css"),
    ],
)
def test_a_fault_of_the_site_is_found(check: Callable[[Path], Any], tmp_path: Path, body: str, problem: str) -> None:
    assert check(built(tmp_path, index=body, other="")).problems == [f"index.html: {problem}"]


def test_a_style_sheet_that_asks_another_host_is_found(check: Callable[[Path], Any], tmp_path: Path) -> None:
    (tmp_path / "one.css").write_text("@import url('https://example.com/a.css');", encoding="utf-8")
    assert check(built(tmp_path)).problems == ["one.css: asks another host: https://example.com/a.css"]


def test_the_picture_of_the_folder_states_is_that_of_the_code() -> None:
    """`python docs/site/states.py` draws it."""
    run = subprocess.run([sys.executable, SITE / "states.py", "--check"], cwd=ROOT, check=False)
    assert run.returncode == 0
