"""The envelope: what every version of the desk must be able to open, and what it must never take."""

import secrets

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.crypto import envelope
from helpdesk.crypto.errors import DecryptionError

KEY = bytes(range(32))
CONTEXT = b"tickets.Ticket.subject" + bytes(16)
PINNED = [
    (
        (
            "0100cba87d8dadb851fb86f2de3ecd649aa43fc8520a8a30b955fb754dd5afb025ceb8db64b4f5aa1d6f1a6a78a9c5407fb8541903425d43"
            "d6025f3570d3"
        ),
        b"",
    ),
    (
        (
            "0100b9f0c108db9ef7d4f5e81661893312d841e52e2f026b83c5f2f37a690c0a5ae079133bb63b0d648576f7d9a5dacf00a39f1c78358019"
            "4324d344e649"
        ),
        "Grüße aus Köln".encode(),
    ),
    (
        (
            "0101f3e1e84f4a5119269d86362c5446f55666c704d60c427cba1c5964bf7f5b8c09716209abc80eb4f8865d2e386b7fb64fb929be4ea2d1"
            "c77451e78ffa467412b7e10047618f417fc7f9de5747"
        ),
        b"The parcel has not arrived. " * 30,
    ),
]


@pytest.mark.parametrize(("stored", "plain"), PINNED)
def test_version_1_opens_for_ever(stored: str, plain: bytes) -> None:
    assert envelope.unseal(AESGCM(KEY), bytes.fromhex(stored), context=CONTEXT) == plain


@given(st.one_of(st.binary(max_size=2000), st.binary(max_size=40).map(lambda part: part * 100)))
def test_seal_comes_back_whole(plain: bytes) -> None:
    cipher = AESGCM(KEY)

    assert envelope.unseal(cipher, envelope.seal(cipher, plain, context=CONTEXT), context=CONTEXT) == plain


@pytest.mark.parametrize("plain", [b"short", b"long and dull " * 100])
def test_unseal_refuses_every_changed_byte(plain: bytes) -> None:
    cipher = AESGCM(KEY)
    sealed = envelope.seal(cipher, plain, context=CONTEXT)

    for at in range(len(sealed)):
        for bit in (0x01, 0x80):
            changed = bytearray(sealed)
            changed[at] ^= bit
            with pytest.raises(DecryptionError):
                envelope.unseal(cipher, bytes(changed), context=CONTEXT)
    for end in range(len(sealed)):
        with pytest.raises(DecryptionError):
            envelope.unseal(cipher, sealed[:end], context=CONTEXT)
    assert envelope.unseal(cipher, sealed, context=CONTEXT) == plain


def test_unseal_refuses_another_context() -> None:
    cipher = AESGCM(KEY)
    sealed = envelope.seal(cipher, b"plain", context=CONTEXT)

    with pytest.raises(DecryptionError):
        envelope.unseal(cipher, sealed, context=CONTEXT + b"x")


def test_seal_compresses_only_what_is_long_and_gets_shorter() -> None:
    cipher = AESGCM(KEY)
    dull, noise = b"dull " * 200, secrets.token_bytes(1000)

    assert envelope.seal(cipher, dull[:511], context=b"")[:2] == bytes((1, 0))
    assert envelope.seal(cipher, dull, context=b"")[:2] == bytes((1, 1))
    assert len(envelope.seal(cipher, dull, context=b"")) < 100
    assert envelope.seal(cipher, noise, context=b"")[:2] == bytes((1, 0))


def test_seal_hides_the_length_of_short_values() -> None:
    cipher = AESGCM(KEY)

    assert {len(envelope.seal(cipher, b"n" * length, context=b"")) for length in range(32)} == {32 + 30}


@pytest.mark.parametrize(
    ("length", "padded"),
    [(0, 32), (32, 32), (33, 36), (100, 104), (200, 208), (256, 256), (257, 272), (10**6, 1015808)],
)
def test_padded_length_follows_padme(length: int, padded: int) -> None:
    assert envelope.padded_length(length) == padded


@given(st.integers(min_value=33, max_value=2**40))
def test_padded_length_wastes_at_most_an_eighth(length: int) -> None:
    assert length <= envelope.padded_length(length) <= length * 1.125
