"""From headers that mail servers and readers read differently are all doubted, and ordinary ones are not."""

import pytest

from inbox.mail.mime.doubt import Doubt, sender_of
from inbox.mail.mime.headers import read_headers


def sender(*lines: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the address and doubts of a mail with these header lines."""
    block = b"\n".join((*lines, b"", b""))
    headers, _ = read_headers(block, 0, len(block))
    address, doubts = sender_of(headers)
    return address.address if address else "", doubts


@pytest.mark.parametrize(
    ("line", "address", "doubt"),
    [
        (b"From: chief@corp.test <evil@x.test>", "evil@x.test", Doubt.ADDRESS_IN_NAME),
        (b"From: chief@corp.test\n <evil@x.test>", "evil@x.test", Doubt.ADDRESS_IN_NAME),
        (b'From: "chief@corp.test" <evil@x.test>', "evil@x.test", Doubt.ADDRESS_IN_NAME),
        (b"From: =?utf-8?Q?chief=40corp.test?= <evil@x.test>", "evil@x.test", Doubt.ADDRESS_IN_NAME),
        (b"From: chief\xef\xbc\xa0corp.test <evil@x.test>", "evil@x.test", Doubt.ADDRESS_IN_NAME),
        (b"From: evil@x.test (chief@corp.test)", "evil@x.test", Doubt.ADDRESS_IN_NAME),
        (b"From: chief@corp.test (hi) <evil@x.test>", "evil@x.test", Doubt.ADDRESS_IN_NAME),
        (b"From: <evil@x.test> chief@corp.test", "evil@x.test", Doubt.TEXT_AFTER_ADDRESS),
        (b"From: <chief@corp.test><evil@x.test>", "evil@x.test", Doubt.SEVERAL_ANGLES),
        (b"From: chief@corp.test, evil@x.test", "chief@corp.test", Doubt.SEVERAL_ADDRESSES),
        (b"From: chief@corp.test; evil@x.test", "chief@corp.test", Doubt.SEMICOLON),
        (b"From: chief@corp.test:evil@x.test;", "evil@x.test", Doubt.GROUP),
        (b"From: =?utf-8?Q?chief=40corp.test?=", "", Doubt.NO_ADDRESS),
        (b"From: =?utf-8?Q?chief?=@corp.test", "=?utf-8?Q?chief?=@corp.test", Doubt.ENCODED_ADDRESS),
        (b'From: "chief@corp.test"@x.test', '"chief@corp.test"@x.test', Doubt.ODD_ADDRESS),
        (b"From: <@corp.test:evil@x.test>", "evil@x.test", Doubt.ODD_ADDRESS),
        (b"From: <chief@corp.test@x.test>", "chief@corp.test@x.test", Doubt.ODD_ADDRESS),
        (b"From: <chief @corp.test>", "chief@corp.test", Doubt.ODD_ADDRESS),
        (b"From: chief@corp.test evil@x.test", "chief@corp.test", Doubt.TEXT_AFTER_ADDRESS),
        (b"From: chief@corp.test\x00 <evil@x.test>", "evil@x.test", Doubt.CONTROL_CHARACTERS),
        (b"From: Chief\rFrom: chief@corp.test <evil@x.test>", "evil@x.test", Doubt.CONTROL_CHARACTERS),
        (b"From: \xe2\x80\xaefeihC <evil@x.test>", "evil@x.test", Doubt.HIDDEN_LETTERS),
        (b'From: "chief@corp.test <evil@x.test>', "evil@x.test", Doubt.BROKEN_SYNTAX),
        (b'From: "chief@corp.test"', "chief@corp.test", Doubt.ODD_ADDRESS),
        (b"From: <chief@corp.test", "chief@corp.test", Doubt.BROKEN_SYNTAX),
        (b"From: Chief (never closed <evil@x.test>", "evil@x.test", Doubt.BROKEN_SYNTAX),
        (b"From: Chief <>", "", Doubt.NO_ADDRESS),
        (b"From: undisclosed-senders:;", "", Doubt.GROUP),
        (b"Sender: a@x.test", "", Doubt.NO_FROM),
        (b"From : chief@corp.test", "chief@corp.test", Doubt.SPACE_BEFORE_COLON),
        (b"From: chief@corp.test\nFrom: evil@x.test", "chief@corp.test", Doubt.SEVERAL_HEADERS),
    ],
)
def test_a_shape_that_can_be_read_twice_is_doubted(line: bytes, address: str, doubt: Doubt) -> None:
    found, doubts = sender(line)

    assert found == address
    assert doubt in doubts


@pytest.mark.parametrize(
    ("line", "address"),
    [
        (b"From: mara@example.org", "mara@example.org"),
        (b"From: <mara@example.org>", "mara@example.org"),
        (b"From: Mara Lindt <mara@Example.ORG>", "mara@example.org"),
        (b'From: "Lindt, Mara" <mara@example.org>', "mara@example.org"),
        (b"From: =?iso-8859-1?Q?L=F6we=2C_Mara?= <mara@example.org>", "mara@example.org"),
        (b"From: Muster GmbH, Einkauf <mara@example.org>", "mara@example.org"),
        (b'From: "mara@example.org" <mara@example.org>', "mara@example.org"),
        (b"From: mara@example.org (Mara Lindt)", "mara@example.org"),
        (b"From: Mara [IT] <mara@example.org>", "mara@example.org"),
        (b"From: Mara L\xc3\xb6we <mara@example.org>", "mara@example.org"),
        (b'From: "Mara \\"M\\" Lindt" <mara+desk@sub.example.org>', "mara+desk@sub.example.org"),
        (b"From: Mara\n <mara@example.org>", "mara@example.org"),
        (b"From: root <root@[192.0.2.7]>", "root@[192.0.2.7]"),
    ],
)
def test_an_ordinary_sender_is_not_doubted(line: bytes, address: str) -> None:
    assert sender(line) == (address, ())
