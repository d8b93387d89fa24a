"""Find rejected words in comments, docstrings, messages and documents.

    python docs/style/check_words.py [--count] [PATH ...]

Prints `file:line: "word": what to write instead` for each match of rejected_words.txt and exits with 1 if there is one.
Identifiers, code blocks and code spans are not checked: names on the wire and in the code are not prose. `--count`
prints the number of matches per package instead and exits with 0.
"""

from __future__ import annotations

import argparse
import fnmatch
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORDS = Path(__file__).with_name("rejected_words.txt")

WHOLE_TEXT = {".yaml", ".yml", ".toml", ".cfg", ".conf", ".sh", ".env", ".service", ".html", ""}
COMMENTS_AND_STRINGS = {".js", ".go", ".java", ".json"}
EXCLUDED = [
    "*.lock",
    "LICENSE",
    "*.egg-info/*",
    "docs/style/rejected_words.txt",
    "faceVer/http/ops/openapi/static/swagger-ui*",
    "tests/fuzz/corpus/*",
]
"""Generated files, code of third parties, and the list itself."""

C_TOKEN = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`", re.DOTALL)
MARKDOWN_CODE = re.compile(r"^ *```.*?^ *```|``.+?``|`[^`\n]+`|(?<=\])\([^)\s]+\)", re.DOTALL | re.MULTILINE)
CODE_SPAN = re.compile(r"`[^`\n]+`")
PLACEHOLDER = re.compile(r"\{[^{}]*\}")
BEFORE_DOCSTRING = {
    tokenize.NEWLINE,
    tokenize.NL,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.COMMENT,
    tokenize.ENCODING,
}


@dataclass(frozen=True)
class Rule:
    """pattern: what is rejected. advice: what to write instead."""

    pattern: re.Pattern[str]
    advice: str


@dataclass(frozen=True)
class Allowed:
    """A phrase that is allowed in the files whose path fits a glob pattern."""

    files: str
    pattern: re.Pattern[str]


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern bounded by words, any case; a blank stands for white space, comment signs included."""
    spaced = pattern.strip().replace(" ", r"[\s#*]+")
    return re.compile(rf"\b(?:{spaced})\b", re.IGNORECASE)


def load_rules(text: str) -> tuple[list[Rule], list[Allowed]]:
    rules, allowed = [], []
    for line in text.splitlines():
        if line.startswith("allow"):
            head, _, pattern = line.partition(": ")
            allowed.append(Allowed(head.removeprefix("allow").strip() or "*", compiled(pattern)))
        elif line and not line.startswith("#"):
            pattern, _, advice = line.partition(" => ")
            rules.append(Rule(compiled(pattern), advice.strip()))
    return rules, allowed


def blanked(text: str) -> str:
    """White space of the same length and the same lines."""
    return re.sub(r"[^\n]", " ", text)


def only(text: str, spans: Iterator[tuple[int, int]]) -> str:
    """The text with everything outside the spans blanked."""
    out, end = [], 0
    for start, stop in spans:
        out += [blanked(text[end:start]), text[start:stop]]
        end = stop
    return "".join(out) + blanked(text[end:])


def is_sentence(text: str) -> bool:
    """Whether a string has more than one word, so that people may read it."""
    return " " in text and len(re.findall(r"[^\W\d_]{2,}", text)) > 1


def python_prose(text: str, messages: bool) -> str:
    """Comments and docstrings of Python code; its other strings of several words as well, if `messages`."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def spans() -> Iterator[tuple[int, int]]:
        before, depth = tokenize.ENCODING, 0
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            first = starts[token.start[0] - 1] + token.start[1]
            last = starts[token.end[0] - 1] + token.end[1]
            if token.type == tokenize.COMMENT and not token.string.startswith(("# noqa", "# type:")):
                yield first + 1, last
            elif token.type == tokenize.STRING:
                docstring = before in BEFORE_DOCSTRING and not depth
                if docstring or (messages and is_sentence(token.string)):
                    yield first, last
            elif token.type == tokenize.OP:
                depth += (token.string in "([{") - (token.string in ")]}")
            before = token.type

    prose = CODE_SPAN.sub(lambda found: blanked(found[0]), only(text, spans()))
    return PLACEHOLDER.sub(lambda found: blanked(found[0]), prose)


def prose(path: Path, text: str) -> str:
    """What is written for people in a file, at its place; everything else is blank."""
    if path.suffix == ".py":
        return python_prose(text, messages=not path.is_relative_to("tests"))
    if path.suffix == ".md":
        return MARKDOWN_CODE.sub(lambda found: blanked(found[0]), text)
    if path.suffix in COMMENTS_AND_STRINGS:
        tokens = (found for found in C_TOKEN.finditer(text) if found[0].startswith("/") or is_sentence(found[0]))
        return only(text, (found.span() for found in tokens))
    if path.suffix == ".css":
        return only(text, (found.span() for found in C_TOKEN.finditer(text) if found[0].startswith("/*")))
    return text if path.suffix in WHOLE_TEXT else ""


def findings(path: Path, text: str, rules: list[Rule], allowed: list[Allowed]) -> Iterator[tuple[int, str, str]]:
    """(line, word as written, advice) for each rejected word. path: relative to the repository's root."""
    written = prose(path, text)
    for phrase in allowed:
        if fnmatch.fnmatch(path.as_posix(), phrase.files):
            written = phrase.pattern.sub(lambda found: blanked(found[0]), written)
    for rule in rules:
        for found in rule.pattern.finditer(written):
            yield written.count("\n", 0, found.start()) + 1, re.sub(r"[\s#*]+", " ", found[0]), rule.advice


def files(paths: list[Path]) -> Iterator[Path]:
    """Files under the paths, relative to the repository's root."""
    for start in paths:
        for path in sorted(start.rglob("*")) if start.is_dir() else [start]:
            relative = path.absolute().relative_to(ROOT)
            hidden = any(part.startswith((".", "__pycache__")) for part in relative.parts)
            excluded = hidden or any(fnmatch.fnmatch(relative.as_posix(), pattern) for pattern in EXCLUDED)
            if path.is_file() and not excluded:
                yield relative


def package(path: Path) -> str:
    """The folder a file is counted in: faceVer/media, tests/http, docs."""
    folders = path.parts[:-1]
    return "/".join(folders[: 2 if folders[:1] in [("faceVer",), ("tests",)] else 1]) or path.name


def main() -> int:
    parser = argparse.ArgumentParser(description="Find rejected words in prose.")
    parser.add_argument("paths", nargs="*", type=Path, default=[ROOT], help="files and folders (default: all)")
    parser.add_argument("--count", action="store_true", help="print the number of findings per package")
    options = parser.parse_args()
    rules, allowed = load_rules(WORDS.read_text(encoding="utf-8"))
    counts: Counter[str] = Counter()
    for path in files(options.paths):
        try:
            text = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for line, word, advice in sorted(findings(path, text, rules, allowed)):
            counts[package(path)] += 1
            if not options.count:
                print(f'{path}:{line}: "{word}": {advice}')
    if options.count:
        for name, count in sorted(counts.items()):
            print(f"{count:5} {name}")
        print(f"{counts.total():5} in all")
    return 1 if counts and not options.count else 0


if __name__ == "__main__":
    sys.exit(main())
