"""The file storage in a folder: whole files or none, damage, faults, bounded memory."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import subprocess
import sys
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from faceVer.domain.errors import FilesUnavailableError, NotFoundError, SettingsError
from faceVer.settings.storing import StoreSettings
from faceVer.storage.blobs.files import FileStorage
from faceVer.storage.blobs.names import is_key, new_key, path_of
from tests.unit.storage.blobs.support import FIRST, MIB, SECOND, content_of, keys_of, with_keys

SIZES = [0, 1, 100, MIB - 1, MIB, MIB + 1, 3 * MIB, 12 * MIB + 5]


@pytest.mark.parametrize("size", SIZES)
def test_a_file_comes_back_with_its_digests(files, size):
    content, key = content_of(size), new_key("jpg")
    stored = files.put(key, [content[:10], b"", content[10:]])
    assert (stored.key, stored.size) == (key, size)
    assert stored.md5 == hashlib.md5(content).hexdigest()
    assert stored.sha256 == hashlib.sha256(content).digest()
    assert files.read(key) == files.read(key, sha256=stored.sha256) == content
    assert files.sealed_with(key) == files.key_name


def test_an_open_file_is_stored_from_its_position(files):
    source = io.BytesIO(content_of(3 * MIB))
    source.seek(7)
    key = new_key("mp4")
    assert files.put(key, source).size == 3 * MIB - 7
    assert files.read(key) == content_of(3 * MIB)[7:]


def test_keys_are_unique_and_unguessable():
    keys = {new_key("jpg") for _ in range(1000)}
    assert len(keys) == 1000
    assert all(is_key(key) for key in keys)
    assert is_key(new_key(""))


@pytest.mark.parametrize(
    "key", ["", "x", "../../etc/passwd", "0" * 31, "0" * 32 + ".jpg/x", "0" * 32 + ".\n", "é" * 32]
)
def test_what_is_not_a_key_is_not_found(files, key):
    with pytest.raises(NotFoundError):
        files.open(key)
    with pytest.raises(NotFoundError):
        files.sealed_with(key)


def test_a_missing_file_is_not_found_at_once(files):
    with pytest.raises(NotFoundError):
        files.open(new_key("jpg"))
    with pytest.raises(NotFoundError):
        files.sealed_with(new_key("jpg"))


def test_deletion_may_be_repeated(files):
    keys = [new_key("jpg") for _ in range(3)]
    for key in keys[:2]:
        files.put(key, [b"x"])
    files.delete([keys[2], *keys, new_key("png")])
    files.delete([])
    assert keys_of(files) == []


def test_files_are_listed_with_their_times(files):
    keys = {new_key("jpg") for _ in range(5)}
    for key in keys:
        files.put(key, [b"x"])
    assert set(keys_of(files)) == keys
    assert all(abs(stored - time.time()) < 60 for _, stored in files.stored())
    some = min(keys)[:2]
    assert {key for key, _ in files.stored(some)} == {key for key in keys if key.startswith(some)}
    assert list(files.stored("zz")) == []


def test_a_check_leaves_nothing(files):
    files.check()
    assert keys_of(files) == []


@pytest.mark.parametrize("good", [0, 1, 7])
def test_a_source_that_breaks_off_leaves_nothing_and_its_error_comes_through(files, good):
    def source():
        yield from [bytes(MIB)] * good
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        files.put(key := new_key("mp4"), source())
    with pytest.raises(NotFoundError):
        files.open(key)
    assert keys_of(files) == []


def test_a_file_is_replaced_as_a_whole(files):
    """Readers of a file that is replaced all the time see one of its contents, or an error: never a mixture."""
    contents = [bytes([number]) * (3 * MIB) for number in range(4)]
    files.put(key := new_key("mp4"), [contents[0]])
    done = threading.Event()

    def read() -> int:
        whole = 0
        while not done.is_set() or not whole:
            try:
                assert files.read(key) in contents
                whole += 1
            except FilesUnavailableError:
                continue  # replaced between two of its parts
        return whole

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for content in contents * 5:
            files.put(key, [content])
        done.set()
        assert all(reader.result() for reader in readers)


def test_many_threads_at_once(files):
    def one(number: int) -> bool:
        key, content = new_key("jpg"), bytes([number]) * (MIB + number)
        files.put(key, [content])
        return files.read(key) == content

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(40)))


def test_memory_does_not_grow_with_the_file(files):
    key = new_key("mp4")
    tracemalloc.start()
    files.put(key, (bytes(MIB // 3) for _ in range(3 * 64)))
    size = sum(len(piece) for piece in files.open(key))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == MIB // 3 * 3 * 64
    # A request to S3 carries 5 MiB.
    assert peak < (12 if files.folder else 24) * MIB


_FORK = """
import os, sys
from faceVer.domain.errors import InternalError
from faceVer.settings.storing import StoreSettings
from faceVer.storage.blobs.files import FileStorage

files = FileStorage.of(StoreSettings(**eval(sys.argv[1])))
if sys.argv[2] == "used":
    files.check()
if os.fork():
    os.wait()
else:
    try:
        files.check()
        print("works")
    except InternalError as error:
        print(error)
"""


@pytest.mark.parametrize(("before", "after"), [("made", "works"), ("used", "before this process was forked")])
def test_a_storage_of_a_process_that_forks(settings, before, after):
    """Made before the fork it works; used before, obstore would wait forever for threads that are gone."""
    arguments = [sys.executable, "-c", _FORK, repr(dataclasses.asdict(settings)), before]
    ran = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=True)
    assert after in ran.stdout


class TestFolder:
    def path(self, files: FileStorage, key: str) -> Path:
        assert files.folder
        return files.folder / path_of(key)

    @pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:40], lambda b: b"", lambda b: b + b"x"])
    def test_damage_is_an_error_and_logged(self, in_folder, caplog, damage):
        content = content_of(2 * MIB)
        stored = in_folder.put(key := new_key("jpg"), [content])
        path = self.path(in_folder, key)
        path.write_bytes(damage(path.read_bytes()))
        with pytest.raises(FilesUnavailableError):
            in_folder.read(key, sha256=stored.sha256)
        assert key not in caplog.text

    def test_an_unencrypted_file_in_place_of_another_is_noticed_by_its_digest(self, folder_settings, in_folder):
        stored = in_folder.put(key := new_key("jpg"), [b"content"])
        with_keys(folder_settings).put(key, [b"another"])
        assert in_folder.read(key) == b"another"
        with pytest.raises(FilesUnavailableError):
            in_folder.read(key, sha256=stored.sha256)

    def test_files_are_readable_by_their_owner_only(self, in_folder, tmp_path):
        in_folder.put(new_key("jpg"), [b"x"])
        assert (tmp_path / "files").stat().st_mode & 0o077 == 0

    def test_what_a_killed_writer_left_is_removed_later(self, in_folder):
        in_folder.put(key := new_key("jpg"), [b"x"])
        partial = self.path(in_folder, key).with_name(new_key("jpg") + "#1")
        partial.write_bytes(b"half")
        assert in_folder.remove_partial(time.time() - 3600) == 0
        assert in_folder.remove_partial(time.time() + 60) == 1
        assert not partial.exists()
        assert in_folder.read(key) == b"x"

    def test_foreign_files_are_left_alone(self, in_folder):
        (in_folder.folder / "lost+found").mkdir()
        (in_folder.folder / "lost+found" / ("0" * 32)).write_text("x")
        (in_folder.folder / "README").write_text("x")
        assert keys_of(in_folder) == []

    def test_a_folder_that_is_gone_is_a_fault_not_a_missing_file(self, in_folder):
        in_folder.put(key := new_key("jpg"), [b"x"])
        in_folder.folder.rename(in_folder.folder.with_name("elsewhere"))
        with pytest.raises(FilesUnavailableError):
            in_folder.read(key)
        in_folder.folder.with_name("elsewhere").rename(in_folder.folder)
        assert in_folder.read(key) == b"x"

    def test_a_folder_in_the_way_is_a_fault(self, in_folder):
        key = new_key("jpg")
        (in_folder.folder / key[:2]).write_text("not a folder")
        with pytest.raises(FilesUnavailableError) as caught:
            in_folder.put(key, [b"x"])
        assert "/" not in str(caught.value)

    @pytest.mark.skipif(not os.path.exists("/dev/full") or os.getuid() != 0, reason="needs root, to mount")
    @pytest.mark.parametrize("size", [100_000, 4 * MIB])
    def test_a_full_disk_is_a_fault_and_nothing_is_left(self, folder_settings, tmp_path, size):
        small = tmp_path / "small"
        small.mkdir()
        if os.system(f"mount -t tmpfs -o size=64k tmpfs {small} 2> /dev/null"):
            pytest.skip("this machine does not let root mount")
        try:
            small_files = FileStorage.of(dataclasses.replace(folder_settings, storage_url=str(small)))
            with pytest.raises(FilesUnavailableError, match="ENOSPC"):
                small_files.put(new_key("mp4"), [bytes(size)])
            assert [path for path in small.rglob("*") if path.is_file()] == []
            small_files.check()
        finally:
            os.system(f"umount {small}")


class TestKeys:
    def test_files_of_all_keys_and_of_none_stay_readable(self, settings):
        keys = {}
        for names in ((), (FIRST,), (SECOND, FIRST)):
            with_keys(settings, *names).put(key := new_key("jpg"), [repr(names).encode()])
            keys[key] = names
        last = with_keys(settings, SECOND, FIRST)
        for key, names in keys.items():
            assert last.read(key) == repr(names).encode()
            assert last.sealed_with(key) == (names[0].split(":")[0] if names else "")

    def test_a_file_of_a_key_that_was_taken_away_is_a_fault(self, settings, caplog):
        with_keys(settings, FIRST).put(key := new_key("jpg"), [b"x"])
        with pytest.raises(FilesUnavailableError):
            with_keys(settings, SECOND).read(key)
        assert key[:8] in caplog.text
        assert "FACEVER_STORAGE_KEY" in caplog.text


@pytest.mark.parametrize(
    ("store", "url"),
    [("postgresql://db/facever", ""), ("/tmp", "https://bucket"), ("/tmp", "/proc/nowhere"), ("/tmp", "s3://")],
)
def test_settings_that_name_no_storage(store, url):
    with pytest.raises(SettingsError, match="STORAGE_URL"):
        FileStorage.of(StoreSettings(store=store, storage_url=url))
