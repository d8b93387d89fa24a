"""Signed addresses of stored files: who they are made for, how long they are valid, that nothing can be changed."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from faceVer.services.file_urls import ROUNDING, STATIC, FileSigner

FOLDER, KEY, USER = (
    "9b0f5f3a-1111-4222-8333-444455556666",
    "0123456789abcdef.jpg",
    "7c1e0000-aaaa-4bbb-8ccc-ddddeeeeffff",
)
NOW, TTL = 1_700_000_000, 3600
seconds = st.integers(0, 4_000_000_000)
lifetimes = st.integers(10, 30 * 86_400)
texts = st.text(max_size=60)


def signer(now: float = NOW, ttl: int = TTL, secret: bytes = b"secret") -> FileSigner:
    return FileSigner(secret, ttl, lambda: now)


def test_an_address_is_absolute_and_names_the_file_and_its_reader() -> None:
    address = signer().address("https://faces.example:8443/x", USER)(FOLDER, KEY)
    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc, parts.path) == (
        "https",
        "faces.example:8443",
        f"/x{STATIC}/{FOLDER}/{KEY}",
    )
    (token,) = parse_qs(parts.query, strict_parsing=True)["token"]
    assert signer().reader(FOLDER, KEY, token) == USER
    assert "+" not in token  # which a query string would read as a blank


@given(seconds, lifetimes)
def test_it_is_valid_for_its_time_and_at_most_the_rounding_longer(now: int, ttl: int) -> None:
    token = signer(now, ttl).address("", USER)(FOLDER, KEY).partition("token=")[2]
    assert signer(now + ttl).reader(FOLDER, KEY, token) == USER
    assert signer(now + ttl + ROUNDING).reader(FOLDER, KEY, token) is None


@given(seconds, lifetimes, st.integers(0, ROUNDING - 1))
def test_addresses_repeat_so_that_browsers_can_cache(now: int, ttl: int, later: int) -> None:
    start = now - (now + ttl) % ROUNDING
    assume(start >= 0)
    assert signer(start, ttl).address("", USER)(FOLDER, KEY) == signer(start + later, ttl).address("", USER)(
        FOLDER, KEY
    )
    assert signer(start, ttl).address("", USER)(FOLDER, KEY) != signer(start + ROUNDING, ttl).address("", USER)(
        FOLDER, KEY
    )


@given(st.data(), seconds.map(lambda expires: expires + NOW + 1))
def test_a_change_of_any_character_of_a_token_is_refused(data: st.DataObject, expires: int) -> None:
    token = signer().token(FOLDER, KEY, USER, expires)
    at = data.draw(st.integers(0, len(token)))
    cut = data.draw(st.integers(0, 2))
    changed = token[:at] + data.draw(st.text(max_size=3)) + token[at + cut :]
    assume(changed != token)
    assert signer().reader(FOLDER, KEY, changed) is None


@given(texts, texts, texts)
def test_a_token_of_another_file_or_secret_is_refused(folder_id: str, key: str, secret: str) -> None:
    token = signer().token(FOLDER, KEY, USER, NOW + 1)
    assume((folder_id, key) != (FOLDER, KEY))
    assert signer().reader(folder_id, key, token) is None
    assert signer().reader(FOLDER, folder_id, token) is None
    assert signer(secret=secret.encode("utf-8", "surrogatepass") + b"x").reader(FOLDER, KEY, token) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda expires, user, mac: f"0{expires}.{user}.{mac}",
        lambda expires, user, mac: f"{int(expires) + ROUNDING}.{user}.{mac}",
        lambda expires, user, mac: f"{expires}.{FOLDER}.{mac}",
        lambda expires, user, mac: f"{expires}.{user.upper()}.{mac}",
        lambda expires, user, mac: f"{expires}.{user}.",
        lambda expires, user, mac: f"{expires}.{user}.{mac}=",
        lambda expires, user, mac: f"{expires}.{user}.{mac}é",
        lambda expires, user, mac: f"{expires}..{mac}",
        lambda expires, user, mac: f"-{expires}.{user}.{mac}",
        lambda expires, user, mac: f"٣{expires}.{user}.{mac}",
        lambda expires, user, mac: f"{'9' * 5000}.{user}.{mac}",
        lambda expires, user, mac: mac,
    ],
)
def test_forgeries(change: object) -> None:
    token = signer().token(FOLDER, KEY, USER, NOW + 600)
    assert callable(change)
    assert signer().reader(FOLDER, KEY, token) == USER
    assert signer().reader(FOLDER, KEY, change(*token.split("."))) is None


@given(texts, texts, texts)
def test_arbitrary_texts_are_refused_without_an_error(folder_id: str, key: str, token: str) -> None:
    assert signer().reader(folder_id, key, token) is None


@given(st.text(st.characters(codec=None), max_size=20))
def test_surrogates_are_refused_without_an_error(token: str) -> None:
    assert signer().reader(FOLDER, token, f"{NOW + 9}.{token}.{token}") is None
