"""Parts of the command line on their own: threads, the bar, what is in a folder."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faceVer.cli.backend import FileError
from faceVer.cli.files import read_existing, store
from faceVer.cli.output import as_json, counted, printable
from faceVer.cli.parallel import PREFETCH, map_ordered
from faceVer.cli.sources import Source, find
from faceVer.domain.errors import SetupError
from faceVer.observability.progress import Bar


class TestEach:
    def test_in_order_whatever_ends_first(self) -> None:
        first_may_end = threading.Event()

        def work(number: int) -> int:
            if number == 0:
                assert first_may_end.wait(10)
            elif number == 3:
                first_may_end.set()
            return number * number

        assert list(map_ordered(work, range(6), 2)) == [(number, number * number) for number in range(6)]

    def test_it_reads_no_further_than_it_must(self) -> None:
        taken = []

        def items() -> Iterator[int]:
            for number in range(1000):
                taken.append(number)
                yield number

        results = map_ordered(lambda number: number, items(), 2)
        assert next(results) == (0, 0)
        assert len(taken) == 2 * PREFETCH

    def test_an_exception_ends_it(self) -> None:
        begun = []

        def work(number: int) -> int:
            begun.append(number)
            if number == 2:
                raise SetupError("no more")
            time.sleep(0.01)
            return number

        with pytest.raises(SetupError, match="no more"):
            list(map_ordered(work, range(1000), 1))
        assert len(begun) < 20


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestBar:
    def test_on_a_terminal(self) -> None:
        stream = Terminal()
        bar = Bar(stream, "files")
        bar.update(1, 4)
        bar.update(2, 4)  # too soon after the other
        bar.clear()
        bar.clear()
        bar.update(4, 4)
        drawn = stream.getvalue().split("\r\x1b[K")
        assert drawn[1].startswith("[######                  ] 1 of 4 files, 0:0")
        assert drawn[2:] == ["", "[########################] 4 of 4 files\n"]

    def test_on_a_narrow_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for columns in (40, 20, 8):
            monkeypatch.setattr("faceVer.observability.progress._columns", lambda _, columns=columns: columns)
            stream = Terminal()
            bar = Bar(stream, "files")
            bar.update(1, 4)
            bar.update(4, 4)
            for line in stream.getvalue().replace("\n", "").split("\r\x1b[K")[1:]:
                assert 0 < len(line) < columns
            assert ("[#" in stream.getvalue()) == (columns > 8)

    @pytest.mark.parametrize(("stream", "quiet"), [(io.StringIO(), False), (Terminal(), True)])
    def test_nowhere_else(self, stream: io.StringIO, quiet: bool) -> None:
        bar = Bar(stream, "files", quiet=quiet)
        bar.update(1, 1)
        bar.clear()
        assert stream.getvalue() == ""


class TestFind:
    def test_what_would_block_or_loop_is_left_out(self, files: Path, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "loop").symlink_to(tmp_path)
        (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
        os.mkfifo(tmp_path / "pipe.jpg")
        (tmp_path / "loop-2").symlink_to(tmp_path)
        (tmp_path / "photo").write_bytes((files / "photo.jpg").read_bytes())
        assert find([str(tmp_path)], ("image",)) == [Source(str(tmp_path / "photo"), "photo")]
        for pattern in ("**/p*", "**/**/p*", "p*"):
            assert find([str(tmp_path / pattern)], ("image",)) == [Source(str(tmp_path / "photo"), "photo")]
        with pytest.raises(SetupError, match="no file matches"):
            find([str(tmp_path / "pipe*")], ("image",))

    @pytest.mark.parametrize(
        ("pattern", "names"),
        [
            ("**", ["a.jpg", "b/a.jpg", "b/c/d.jpg", "notes.txt"]),
            ("**/*.jpg", ["a.jpg", "b/a.jpg", "b/c/d.jpg"]),
            ("b/**", ["a.jpg", "c/d.jpg"]),
            ("?/**/d.jpg", ["b/c/d.jpg"]),
            ("**/c/**/*", ["b/c/d.jpg"]),
            ("**/[ac]/**", ["b/c/d.jpg"]),
            ("./**/a.*", ["a.jpg", "b/a.jpg"]),
            ("**a.jpg", ["a.jpg"]),
        ],
    )
    def test_patterns_of_any_depth(
        self, pattern: str, names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path("b/c").mkdir(parents=True)
        for name in ("a.jpg", "b/a.jpg", "b/c/d.jpg", "notes.txt", ".hidden.jpg", "b/c/.hidden.jpg"):
            Path(name).write_bytes(b"\xff\xd8\xff")
        assert [source.name for source in find([pattern], ("image",))] == names

    def test_a_file_is_one_however_it_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert find(["a.jpg", str(tmp_path / "a.jpg"), "./a.jpg"], ("image",)) == [Source("a.jpg", "a.jpg")]

    def test_kinds(self, files: Path, template: Path) -> None:
        videos = find([str(files)], ("video",))
        assert [source.name for source in videos] == ["blank.mp4", "clip.mp4"]
        assert "photo.fvt" in {source.name for source in find([str(files)], ("image", "template"))}
        assert "frames.zip" not in {source.name for source in find([str(files)], ("image", "template"))}

    def test_a_folder_that_cannot_be_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def denied(path: str) -> object:
            raise PermissionError(13, "Permission denied", path)

        monkeypatch.setattr(os, "scandir", denied)
        with pytest.raises(PermissionError):
            find([str(tmp_path)], ("image",))


class TestStore:
    def test_a_link_stays_and_so_does_the_mode(self, tmp_path: Path) -> None:
        file, link = tmp_path / "t.fvt", tmp_path / "link.fvt"
        file.write_bytes(b"old")
        file.chmod(0o640)
        link.symlink_to("t.fvt")
        store(link, b"new")
        assert (link.is_symlink(), file.read_bytes(), file.stat().st_mode & 0o777) == (True, b"new", 0o640)
        (tmp_path / "far.fvt").symlink_to("deep/u.fvt")
        store(tmp_path / "far.fvt", b"new")
        assert (tmp_path / "deep/u.fvt").read_bytes() == b"new"

    def test_what_is_no_file_is_left_alone(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "link").symlink_to("pipe")
        for target in (tmp_path / "pipe", tmp_path / "link", tmp_path):
            with pytest.raises(FileError, match="it is no regular file"):
                store(target, b"new")
            with pytest.raises(FileError, match="it is no regular file"):
                read_existing(target)
        assert (tmp_path / "pipe").is_fifo()
        assert {path.name for path in tmp_path.iterdir()} == {"pipe", "link"}


def test_words() -> None:
    assert (counted(1, "file"), counted(2, "file"), counted(0, "file")) == ("1 file", "2 files", "0 files")
    assert printable("é\n\x1b\udcff") == r"é\n\x1b\udcff"
    assert as_json({"path": "é"}) == '{"path": "é"}'
    assert as_json({"path": "\udcff"}) == r'{"path": "\udcff"}'
