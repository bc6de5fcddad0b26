"""Keyed fingerprints: equal for equal values, told apart by column, useless without the desk's key."""

import uuid

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpdesk.core.ids import new_id
from helpdesk.crypto import keyring
from helpdesk.crypto.blind import (
    blind,
    check_link_token,
    check_reply_token,
    content_key,
    link_token,
    reply_token,
)
from helpdesk.crypto.models import KeyEncryptionKey
from helpdesk.crypto.setup import setup_keys

ALPHABET = set("abcdefghijklmnopqrstuvwxyz234567")


def test_blind_is_equal_for_the_same_value_in_the_same_column_alone(db: None) -> None:
    value = blind("address", "ada@example.org")

    keyring.forget()

    assert value == blind("address", "ada@example.org")
    assert len(value) == 16
    assert len({value, blind("header_id", "ada@example.org"), blind("address", "Ada@example.org")}) == 3
    assert len(blind("address", "\ud800")) == 16


def test_blind_depends_on_the_desks_key(db: None) -> None:
    before = blind("address", "ada@example.org"), content_key(b"mail"), link_token("x", uuid.UUID(int=1))
    KeyEncryptionKey.objects.filter(purpose="blind").delete()
    keyring.forget()
    setup_keys()

    after = blind("address", "ada@example.org"), content_key(b"mail"), link_token("x", uuid.UUID(int=1))

    assert not set(before) & set(after)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.binary(max_size=50), max_size=6))
def test_content_key_does_not_see_the_chunks(db: None, chunks: list[bytes]) -> None:
    assert content_key(iter(chunks)) == content_key(b"".join(chunks))


def test_content_key_is_keyed_and_apart_from_blind_indexes(db: None) -> None:
    assert len({content_key(b"a"), content_key(b"b"), blind("content", "a"), blind("address", "a")}) == 4
    assert len(content_key(b"")) == 16


def test_reply_token_is_of_one_ticket_and_kind(db: None) -> None:
    ticket = new_id()
    token = reply_token("reply", 1042, ticket)

    assert (len(token), set(token) <= ALPHABET) == (16, True)
    assert check_reply_token(token, kind="reply", number=1042, id=ticket)
    assert check_reply_token(token.upper(), kind="reply", number=1042, id=ticket)
    assert not check_reply_token(token, kind="forward", number=1042, id=ticket)
    assert not check_reply_token(token, kind="reply", number=1043, id=ticket)
    assert not check_reply_token(token, kind="reply", number=1042, id=new_id())
    for wrong in ("", token[:-1], token + "a", "a" * 16, "é" * 16, "\ud800"):
        assert not check_reply_token(wrong, kind="reply", number=1042, id=ticket)


def test_link_token_is_of_one_thing_and_kind(db: None) -> None:
    thing = new_id()
    token = link_token("download", thing)

    assert (len(token), set(token) <= ALPHABET) == (24, True)
    assert check_link_token(token, kind="download", id=thing)
    assert not check_link_token(token, kind="out", id=thing)
    assert not check_link_token(token, kind="download", id=new_id())
