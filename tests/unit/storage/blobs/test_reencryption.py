"""Change of keys: every file is encrypted with the current key afterwards, and what cannot be read stays."""

from __future__ import annotations

import pytest

from faceVer.domain.errors import FilesUnavailableError
from faceVer.storage.blobs.names import new_key
from faceVer.storage.blobs.reencryption import Reencrypted, reencrypt
from tests.unit.storage.blobs.support import FIRST, MIB, SECOND, content_of, keys_of, with_keys


def test_all_files_get_the_current_key(settings):
    contents = {}
    for number, names in enumerate([(), (FIRST,), (SECOND,), (FIRST,)]):
        key, content = new_key("mp4"), content_of(number * MIB + number)
        with_keys(settings, *names).put(key, [content])
        contents[key] = content
    files = with_keys(settings, SECOND, FIRST)
    assert reencrypt(files) == Reencrypted(changed=3, current=1)
    assert reencrypt(files) == Reencrypted(current=4)
    only = with_keys(settings, SECOND)
    assert {key: only.read(key) for key in keys_of(only)} == contents


def test_a_file_whose_key_is_lost_stays_and_the_others_change(settings):
    with_keys(settings, FIRST).put(lost := new_key("jpg"), [b"lost"])
    with_keys(settings).put(plain := new_key("jpg"), [b"plain"])
    files = with_keys(settings, SECOND)
    assert reencrypt(files) == Reencrypted(changed=1, failed=1)
    assert files.read(plain) == b"plain"
    assert with_keys(settings, FIRST).read(lost) == b"lost"


def test_a_file_that_is_erased_meanwhile_is_left_out(settings, monkeypatch):
    files = with_keys(settings, FIRST)
    gone = new_key("jpg")
    monkeypatch.setattr(files, "stored", lambda: iter([(gone, 0.0)]))
    assert reencrypt(files) == Reencrypted()


def test_a_storage_that_fails_is_no_damaged_file(folder_settings, monkeypatch):
    files = with_keys(folder_settings, FIRST)
    with_keys(folder_settings).put(new_key("jpg"), [b"x"])

    put, calls = files.put, []

    def put_once(key, source):
        """The check at the beginning works, then the storage fails."""
        calls.append(key)
        if len(calls) > 1:
            raise FilesUnavailableError
        return put(key, source)

    monkeypatch.setattr(files, "put", put_once)
    with pytest.raises(FilesUnavailableError):
        reencrypt(files)
