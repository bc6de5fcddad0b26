"""Who may come, and how much of their mail is held."""

import ipaddress

import pytest

from inbox.mail.smtpd.room import Room


def make_room(*networks: str) -> Room:
    """Return a room for three, two of each address, and ten bytes."""
    return Room([ipaddress.ip_network(each) for each in networks], 3, 2, 10)


@pytest.mark.parametrize(
    ("address", "is_known"),
    [
        ("192.0.2.7", True),
        ("::ffff:192.0.2.7", True),
        ("2001:db8::1", True),
        ("fe80::1%eth0", True),
        ("192.0.3.7", False),
        ("2001:db9::1", False),
        ("", False),
        ("no address", False),
    ],
)
def test_only_known_networks_may_come(address: str, *, is_known: bool) -> None:
    room = make_room("192.0.2.0/24", "2001:db8::/32", "fe80::/10")

    assert (room.refusal(address) == "") is is_known


def test_there_is_room_for_some_and_a_share_for_each() -> None:
    room = make_room("0.0.0.0/0")
    for address in ("192.0.2.1", "192.0.2.1"):
        assert room.refusal(address) == ""
        room.enter(address)

    assert (room.refusal("192.0.2.1")[:3], room.refusal("192.0.2.2")) == ("421", "")
    room.enter("192.0.2.2")
    assert room.refusal("192.0.2.3").startswith("421")
    room.leave("192.0.2.1")
    assert room.refusal("192.0.2.1") == ""


def test_so_much_is_held_and_no_more() -> None:
    room = make_room()

    assert (room.hold(6), room.hold(4), room.hold(1), room.is_quiet.is_set()) == (True, True, False, False)
    room.let_go(11)
    assert (room.held_bytes, room.is_quiet.is_set()) == (0, True)
