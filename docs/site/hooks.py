"""MkDocs hook: links to the repository's other files.

The pages are read in two places. In the repository `../CHANGELOG.md` is a neighbour of docs/; the site has docs/ only.
So PAGES become pages of the site, other files that a page links to are copied to files/, and links are turned to where
their target is. Links to what does not exist, or to other Markdown, stay as they are: MkDocs warns, and a strict build
fails. A link whose text is a file's name is shown with the page's title.
"""

from __future__ import annotations

import posixpath
import re
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element

from markdown import Extension, Markdown
from markdown.treeprocessors import Treeprocessor
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
DOCS = "docs/"
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "project/changelog.md",
    "SECURITY.md": "project/security-policy.md",
    "benchmarks/README.md": "project/benchmarks.md",
    "weights/README.md": "project/weights.md",
}
"""Markdown outside docs/: path in the repository, path in the site. The home page stands in for the README."""
_ORIGINS = {page: path for path, page in PAGES.items() if page != "index.md"}
_COPIES = "files/"
_HIDDEN = re.compile(r"(^|/)(\.|__pycache__/)")
_LISTING = '<!doctype html><meta charset="utf-8"><title>{0}</title><h1>{0}</h1><ul>{1}</ul>'


class _Links(Treeprocessor):
    """Turns the links of one page after another; `page` is set before each. titles: of pages, as the navigation has."""

    page: str
    files: Files
    config: MkDocsConfig
    titles: dict[str, str]

    def run(self, root: Element) -> None:
        for element in root.iter():
            for name in ("href", "src"):
                if link := element.get(name):
                    self._turn(element, name, link)

    def _turn(self, element: Element, name: str, link: str) -> None:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
            return
        origin = _ORIGINS.get(self.page, DOCS + self.page)
        place = self._place(posixpath.normpath(posixpath.join(posixpath.dirname(origin), unquote(parts.path))))
        if place is None:
            return
        turned = posixpath.relpath(place, posixpath.dirname(self.page) or ".")
        element.set(name, turned + (f"#{parts.fragment}" if parts.fragment else ""))
        if (element.text or "").endswith(".md") and place in self.titles:
            element.text = self.titles[place]

    def _place(self, target: str) -> str | None:
        """Where in the site the repository's file or folder is; None where it is nowhere."""
        if (ROOT / target / "README.md").is_file():
            target = f"{target}/README.md"
        if target in PAGES:
            return PAGES[target]
        if target.startswith(DOCS):
            return target.removeprefix(DOCS)
        path = ROOT / target
        if target.startswith("..") or target.endswith(".md") or not path.exists():
            return None
        return self._listed(path) if path.is_dir() else self._copied(path)

    def _copied(self, path: Path) -> str:
        place = _COPIES + path.relative_to(ROOT).as_posix()
        if self.files.get_file_from_path(place) is None:
            self.files.append(File.generated(self.config, place, abs_src_path=str(path)))
        return place

    def _listed(self, folder: Path) -> str:
        """A plain page with a folder's files, which GitHub shows by itself."""
        place = f"{_COPIES}{folder.relative_to(ROOT).as_posix()}/index.html"
        if self.files.get_file_from_path(place) is None:
            paths = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
            shown = [path for path in paths if not _HIDDEN.search(path.as_posix())]
            names = [escape(path.as_posix()) for path in shown if self._copied(folder / path)]
            rows = "".join(f'<li><a href="{name}">{name}</a></li>' for name in names)
            self.files.append(File.generated(self.config, place, content=_LISTING.format(folder.name, rows)))
        return place


class _Turning(Extension):
    def __init__(self, links: _Links) -> None:
        super().__init__()
        self._links = links

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - the library's name
        # Before MkDocs resolves links (priority 0) and after they have been made of text (20).
        md.treeprocessors.register(self._links, "repository-links", 10)


_links = _Links()


def on_config(config: MkDocsConfig) -> None:
    extensions: list[Any] = config.markdown_extensions
    extensions.append(_Turning(_links))


def on_files(files: Files, config: MkDocsConfig) -> None:
    for page, path in _ORIGINS.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / path)))


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> None:
    _links.files, _links.config = files, config
    _links.titles = {page.file.src_uri: str(page.title) for page in nav.pages}


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> None:
    _links.page = page.file.src_uri
