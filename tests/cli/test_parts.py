"""Parts of the command line on their own: threads, the bar, what is in a folder."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faceVer.cli.files import Source, find
from faceVer.cli.output import as_json, counted, shown
from faceVer.cli.parallel import AHEAD, each
from faceVer.errors import SetupError
from faceVer.progress import Bar


class TestEach:
    def test_in_order_whatever_ends_first(self) -> None:
        first_may_end = threading.Event()

        def work(number: int) -> int:
            if number == 0:
                assert first_may_end.wait(10)
            elif number == 3:
                first_may_end.set()
            return number * number

        assert list(each(work, range(6), 2)) == [(number, number * number) for number in range(6)]

    def test_it_reads_no_further_than_it_must(self) -> None:
        taken = []

        def items() -> Iterator[int]:
            for number in range(1000):
                taken.append(number)
                yield number

        results = each(lambda number: number, items(), 2)
        assert next(results) == (0, 0)
        assert len(taken) == 2 * AHEAD

    def test_an_exception_ends_it(self) -> None:
        begun = []

        def work(number: int) -> int:
            begun.append(number)
            if number == 2:
                raise SetupError("no more")
            time.sleep(0.01)
            return number

        with pytest.raises(SetupError, match="no more"):
            list(each(work, range(1000), 1))
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
        (tmp_path / "photo").write_bytes((files / "photo.jpg").read_bytes())
        assert find([str(tmp_path)], ("image",)) == [Source(str(tmp_path / "photo"), "photo")]

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


def test_words() -> None:
    assert (counted(1, "file"), counted(2, "file"), counted(0, "file")) == ("1 file", "2 files", "0 files")
    assert shown("é\n\x1b\udcff") == r"é\n\x1b\udcff"
    assert as_json({"path": "é"}) == '{"path": "é"}'
    assert as_json({"path": "\udcff"}) == r'{"path": "\udcff"}'
