"""AES-GCM and STREAM against published answers and every change of a byte."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.crypto import aead
from helpdesk.crypto.errors import DecryptionError

KEY = bytes(range(32))
NIST = [
    # McGrew and Viega, The Galois/Counter Mode of Operation, cases 13, 14 and 16: key, iv, aad, plain, sealed, tag.
    ("00" * 32, "00" * 12, "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
    ("00" * 32, "00" * 12, "", "00" * 16, "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"),
    (
        "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
        "cafebabefacedbaddecaf888",
        "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        (
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
            "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
        ),
        (
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
            "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        ),
        "76fc6ece0f4e1768cddf8853bb2d551b",
    ),
]


@pytest.mark.parametrize(("key", "iv", "aad", "plain", "sealed", "tag"), NIST)
def test_unseal_gives_the_published_answers(key: str, iv: str, aad: str, plain: str, sealed: str, tag: str) -> None:
    stored = bytes.fromhex(iv + sealed + tag)

    opened = aead.unseal(AESGCM(bytes.fromhex(key)), stored, bytes.fromhex(aad))

    assert opened == bytes.fromhex(plain)


def test_derive_key_gives_the_answer_of_rfc_5869() -> None:
    # RFC 5869, A.3: no salt, no info, the first 32 of 42 bytes.
    derived = aead.derive_key(b"\x0b" * 22, info=b"")

    assert derived.hex() == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_seal_comes_back_whole(plain: bytes, aad: bytes) -> None:
    cipher = AESGCM(KEY)

    assert aead.unseal(cipher, aead.seal(cipher, plain, aad), aad) == plain


def test_seal_never_repeats_itself() -> None:
    cipher = AESGCM(KEY)

    assert len({aead.seal(cipher, b"same", b"") for _ in range(100)}) == 100


def test_unseal_refuses_every_changed_byte() -> None:
    cipher = AESGCM(KEY)
    sealed = aead.seal(cipher, b"plain", b"row")

    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(DecryptionError):
            aead.unseal(cipher, bytes(changed), b"row")
    with pytest.raises(DecryptionError):
        aead.unseal(cipher, sealed, b"another row")
    with pytest.raises(DecryptionError):
        aead.unseal(AESGCM(bytes(32)), sealed, b"row")
    assert aead.unseal(cipher, sealed, b"row") == b"plain"


@pytest.mark.parametrize("length", [0, 1, 27])
def test_unseal_refuses_what_is_too_short(length: int) -> None:
    with pytest.raises(DecryptionError):
        aead.unseal(AESGCM(KEY), bytes(length), b"")


@given(st.lists(st.binary(max_size=20), max_size=5), st.lists(st.binary(max_size=20), max_size=5))
def test_bound_is_different_for_different_parts(first: list[bytes], second: list[bytes]) -> None:
    assert (aead.bound(*first) == aead.bound(*second)) is (first == second)


def test_stream_opens_only_the_right_chunk_in_its_place() -> None:
    stream = aead.new_stream(KEY, aad=b"file")
    first, second = stream.seal(0, b"first", last=False), stream.seal(1, b"second", last=True)
    again = aead.known_stream(KEY, stream.header, aad=b"file")

    assert (again.unseal(0, first, last=False), again.unseal(1, second, last=True)) == (b"first", b"second")
    for number, chunk, last in [(1, first, False), (0, first, True), (0, second, True), (1, second, False)]:
        with pytest.raises(DecryptionError):
            again.unseal(number, chunk, last=last)


def test_stream_refuses_another_file_key_and_header() -> None:
    stream = aead.new_stream(KEY, aad=b"file")
    sealed = stream.seal(0, b"plain", last=True)

    for key, header, aad in [
        (bytes(32), stream.header, b"file"),
        (KEY, stream.header, b"another"),
        (KEY, aead.new_stream(KEY, aad=b"file").header, b"file"),
        (KEY, bytes((1, 15)) + stream.header[2:], b"file"),
    ]:
        with pytest.raises(DecryptionError):
            aead.known_stream(key, header, aad=aad).unseal(0, sealed, last=True)
    assert aead.known_stream(KEY, stream.header, aad=b"file").unseal(0, sealed, last=True) == b"plain"


@pytest.mark.parametrize(
    "header", [b"", bytes(8), bytes(9), *(bytes(head) + bytes(7) for head in [(2, 16), (1, 9), (1, 21)])]
)
def test_known_stream_refuses_a_header_of_another_kind(header: bytes) -> None:
    with pytest.raises(DecryptionError):
        aead.known_stream(KEY, header, aad=b"")


def test_new_stream_has_chunks_of_64_kib() -> None:
    assert aead.new_stream(KEY, aad=b"").chunk_bytes == 65536
