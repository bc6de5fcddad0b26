"""Address lists: split raw, decoded afterwards, nothing lost and nothing made up."""

import time

import pytest

from inbox.mail.mime.addresses import read_addresses
from inbox.mail.mime.limits import MAX_ADDRESSES
from inbox.mail.mime.parsed import Address


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        (
            b'=?utf-8?Q?D=C3=BCrr=2C_Anna?= <a@x.org>, "Last, First" <b@x.org>, c@x.org',
            [Address("Dürr, Anna", "a@x.org"), Address("Last, First", "b@x.org"), Address("", "c@x.org")],
        ),
        (
            b"John Doe [IT] <j@x.org>, Pat (Sales, North) <p@x.org>",
            [Address("John Doe [IT]", "j@x.org"), Address("Pat", "p@x.org")],
        ),
        (
            b"team: a@x.org, Bo <b@x.org>;, c@x.org",
            [Address("", "a@x.org"), Address("Bo", "b@x.org"), Address("", "c@x.org")],
        ),
        (b"a@x.org; b@x.org", [Address("", "a@x.org"), Address("", "b@x.org")]),
        (b"undisclosed-recipients:;", []),
        (b"a@x.org, A <A@x.org>", [Address("", "a@x.org")]),
        (b"c@x.org (Cees)", [Address("Cees", "c@x.org")]),
        (b"<@relay.example,@other.example:d@x.org>", [Address("", "d@x.org")]),
        (b"'Eve' <e@x.org>", [Address("Eve", "e@x.org")]),
        (b"Fay f@x.org", [Address("Fay", "f@x.org")]),
        (b"J\xf6rg <g@x.org>", [Address("Jörg", "g@x.org")]),
        (b"h@b\xc3\xbccher.example", [Address("", "h@bücher.example")]),
        (b"<mailto:i@x.org>", [Address("", "i@x.org")]),
        (b"nobody, , <>, ,", []),
        (b'Al "\\"A\\"" <a@x.org>, [b <b@x.org>', [Address('Al "A"', "a@x.org"), Address("[b", "b@x.org")]),
        (b"Cy (the \\) one (here)) <c@x.org>", [Address("Cy", "c@x.org")]),
        (b'"d e"@x.org, <f @ x.org>', [Address("", '"d e"@x.org'), Address("", "f@x.org")]),
        (b"<g@x.org, h@x.org", [Address("", "g@x.org"), Address("", "h@x.org")]),
        (b"@, a@, @b, i@x.org.", [Address("", "i@x.org")]),
        (b"", []),
    ],
)
def test_a_list_is_read(raw: bytes, want: list[Address]) -> None:
    assert read_addresses([raw]) == tuple(want)


def test_several_headers_make_one_list() -> None:
    found = read_addresses([b"a@x.org", b"b@x.org, a@x.org"])

    assert found == (Address("", "a@x.org"), Address("", "b@x.org"))


def test_a_list_ends_at_its_limit() -> None:
    raw = b", ".join(b"a%d@x.org" % number for number in range(MAX_ADDRESSES + 5))

    assert len(read_addresses([raw])) == MAX_ADDRESSES


def test_the_domain_is_told() -> None:
    assert Address("", "a@x.org").domain == "x.org"
    assert Address("", "local").domain == ""


@pytest.mark.parametrize("run", [b" ", b"'", b"=?", b"\xff", b"[ ", b"<"])
def test_a_header_of_one_endless_run_is_read_at_once(run: bytes) -> None:
    began = time.process_time()

    read_addresses([b"x " + run * (60_000 // len(run)) + b" kim@example.org y"])

    assert time.process_time() - began < 5.0  # seconds; it took twenty


def test_an_address_begins_where_its_run_begins() -> None:
    assert read_addresses([b"mail kim.reyes@example.org now"]) == (Address("mail now", "kim.reyes@example.org"),)
    assert read_addresses([b"write to kim@example.org []"]) == (Address("write to", "kim@example.org"),)
