"""Check a built site: `check.py FOLDER`. Exit status 1 where a link, an anchor or a file is missing, or where a page
would make the reader's browser ask another host for something. Links that a reader may follow to other sites are
listed, not fetched."""

from __future__ import annotations

import posixpath
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Attributes whose address a browser fetches by itself, and `link` elements that are mere hints to readers.
FETCHED = {"src", "srcset", "poster", "data", "background"}
HINTS = {"canonical", "alternate", "prev", "next", "author", "license", "edit"}
OUTSIDE = re.compile(r"""(?:url\(\s*['"]?|@import\s+['"])((?:https?:)?//[^'")\s]+)""")


@dataclass(slots=True)
class Page:
    """The anchors and addresses of a page. links: followed by a click; fetched: requested by the browser."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value for name, value in attrs if value is not None}
        self.page.anchors.update(values[name] for name in ("id", "name") if name in values)
        self._style = tag == "style"
        if "href" in values:
            click = tag in ("a", "area") or bool(HINTS & set(values.get("rel", "").split()))
            (self.page.links if click else self.page.fetched).append(values["href"])
        for name in FETCHED & values.keys():
            parts = values[name].split(",") if name == "srcset" else [values[name]]
            self.page.fetched += [part.split()[0] for part in parts if part.strip()]
        self.page.fetched += OUTSIDE.findall(values.get("style", ""))

    def handle_data(self, data: str) -> None:
        if self._style:
            self.page.fetched += OUTSIDE.findall(data)


def read(html: str) -> Page:
    """The page's anchors and addresses."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.page


class Site:
    """A folder of pages. `problems` are one line each; `outside` is, by address, the pages that link to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pages = {
            path.relative_to(folder).as_posix(): read(path.read_text("utf-8")) for path in folder.rglob("*.html")
        }
        self.outside: dict[str, set[str]] = defaultdict(set)
        self.checked = 0
        self.problems = sorted({*self._wrong(), *self._styles()})

    def _wrong(self) -> Iterator[str]:
        if "index.html" not in self._pages:
            yield "no index.html"
        for name, page in self._pages.items():
            for link in page.fetched:
                if _leaves(link):
                    yield f"{name}: asks another host: {link}"
                else:
                    yield from self._internal(name, link)
            for link in page.links:
                if _leaves(link):
                    self.outside[link].add(name)
                else:
                    yield from self._internal(name, link)

    def _internal(self, name: str, link: str) -> Iterator[str]:
        parts = urlsplit(link)
        if parts.scheme in ("data", "mailto", "javascript"):
            return
        self.checked += 1
        path = unquote(parts.path)
        # Only the page for unknown addresses, which may be shown at any depth, links from the root.
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path) if path else name).lstrip("/")
        if (self._folder / target).is_dir():
            target = posixpath.join(target, "index.html")
        if target.startswith("..") or not (self._folder / target).is_file():
            yield f"{name}: no such file: {link}"
        elif parts.fragment and target in self._pages and unquote(parts.fragment) not in self._pages[target].anchors:
            yield f"{name}: no such anchor: {link}"

    def _styles(self) -> Iterator[str]:
        for path in self._folder.rglob("*.css"):
            for link in OUTSIDE.findall(path.read_text("utf-8")):
                yield f"{path.relative_to(self._folder)}: asks another host: {link}"

    def __len__(self) -> int:
        return len(self._pages)


def _leaves(link: str) -> bool:
    return link.startswith(("http://", "https://", "//"))


def main(folder: Path) -> int:
    """Print what was found; the exit status."""
    site = Site(folder)
    print(f"{len(site)} pages, {site.checked} internal links and files")
    for link, pages in sorted(site.outside.items()):
        print(f"leads outside, not fetched: {link} ({', '.join(sorted(pages))})")
    for problem in site.problems:
        print(f"problem: {problem}", file=sys.stderr)
    return 1 if site.problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
