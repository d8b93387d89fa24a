"""The file storage on a real S3 server that fails: bounded in time, one kind of error, nothing half written."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from faceVer.domain.errors import FilesUnavailableError, NotFoundError
from faceVer.storage.blobs import places
from faceVer.storage.blobs.files import FileStorage
from faceVer.storage.blobs.names import new_key, path_of
from tests.unit.storage.blobs.support import FIRST, MIB, content_of, keys_of

pytestmark = pytest.mark.platform
CONTENT = content_of(12 * MIB)
FAULTS = ["500", "503", "403", "cut", "hang"]
BOUND = 10.0
"""Seconds: far more than an operation takes with the short time limits of these tests, on a busy machine, too."""


@pytest.fixture
def files(s3, bucket, proxy, monkeypatch) -> FileStorage:
    """A storage that reaches the server through the proxy."""
    monkeypatch.setattr(places, "REQUEST", timedelta(seconds=0.6))
    monkeypatch.setattr(places, "RETRY", timedelta(seconds=0.4))
    return FileStorage.of(s3.settings(bucket, FIRST, endpoint=proxy.endpoint))


def uploads(s3, bucket) -> int:
    return s3.request("GET", f"/{bucket}?uploads").count("<Upload>")


def test_the_time_limits_of_an_operation_add_up_to_half_a_minute():
    assert timedelta(seconds=30) >= 2 * places.REQUEST
    assert places.CONNECT < places.RETRY < places.REQUEST


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("good", [0, 1, 2, 4], ids=["at once", "before a part", "mid-way", "at completion"])
def test_a_fault_while_writing(s3, bucket, proxy, files, fault, good):
    """Creation of the upload, three parts, completion: five requests."""
    proxy.fail(fault, good)
    start = time.monotonic()
    with pytest.raises(FilesUnavailableError):
        files.put(key := new_key("mp4"), [CONTENT])
    assert time.monotonic() - start < BOUND
    proxy.repair()
    with pytest.raises(NotFoundError):
        files.open(key)
    assert keys_of(files) == []
    assert files.put(key, [CONTENT]).size == len(CONTENT)
    assert files.read(key) == CONTENT


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("good", [0, 2])
def test_a_fault_while_reading(proxy, files, fault, good):
    files.put(key := new_key("mp4"), [CONTENT])
    proxy.fail(fault, good)
    start = time.monotonic()
    with pytest.raises(FilesUnavailableError):
        files.read(key)
    assert time.monotonic() - start < BOUND
    proxy.repair()
    assert files.read(key) == CONTENT


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_while_listing_deleting_and_checking(proxy, files, fault):
    files.put(key := new_key("jpg"), [b"x"])
    proxy.fail(fault)
    for operation in (lambda: keys_of(files), lambda: files.delete([key]), files.check):
        start = time.monotonic()
        with pytest.raises(FilesUnavailableError) as caught:
            operation()
        assert time.monotonic() - start < BOUND
        assert "127.0.0.1" not in str(caught.value)
    proxy.repair()
    files.check()
    assert keys_of(files) == [key]


def test_one_failed_request_is_tried_again(proxy, files):
    proxy.fail("500", good=1, bad=1)
    files.put(key := new_key("mp4"), [CONTENT])
    proxy.fail("500", bad=1)
    assert files.read(key) == CONTENT
    assert proxy.seen > 3


def test_a_source_that_breaks_off_leaves_no_unfinished_upload(s3, bucket, files):
    def source():
        yield CONTENT
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        files.put(new_key("mp4"), source())
    assert uploads(s3, bucket) == 0


def test_a_server_that_is_not_there(s3, bucket):
    files = FileStorage.of(s3.settings(bucket, endpoint="http://127.0.0.1:1"))
    with pytest.raises(FilesUnavailableError, match="Connect"):
        files.put(new_key("jpg"), [b"x"])
    with pytest.raises(FilesUnavailableError, match="Connect"):
        files.read(new_key("jpg"))


def test_a_bucket_that_is_not_there_is_a_fault_not_a_missing_file(s3):
    files = FileStorage.of(s3.settings("no-such-bucket"))
    for operation in (
        lambda: files.read(new_key("jpg")),
        lambda: files.put(new_key("jpg"), [b"x"]),
        lambda: files.delete([new_key("jpg")]),
        lambda: keys_of(files),
        files.check,
    ):
        with pytest.raises(FilesUnavailableError):
            operation()


def test_files_lie_below_the_prefix(s3, bucket):
    files = FileStorage.of(s3.settings(bucket))
    files.put(key := new_key("jpg"), [b"x"])
    assert f"<Key>a/prefix/{path_of(key)}</Key>" in s3.request("GET", f"/{bucket}")


def test_more_files_than_one_request_lists_or_deletes(s3, bucket):
    files = FileStorage.of(s3.settings(bucket))
    keys = {new_key("jpg") for _ in range(1005)}
    for key in keys:
        files.put(key, [b"x"])
    assert set(keys_of(files)) == keys
    files.delete(keys)
    assert keys_of(files) == []
