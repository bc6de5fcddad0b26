"""Where a request came from."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.web.base.client import bounded_agent, client_address


@pytest.mark.parametrize(
    ("remote", "forwarded", "proxies", "found"),
    [
        ("192.0.2.1", "", 0, "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", 0, "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", 1, "198.51.100.7"),
        ("192.0.2.1", "203.0.113.9, 198.51.100.7", 1, "198.51.100.7"),
        ("192.0.2.1", "203.0.113.9, 198.51.100.7", 2, "203.0.113.9"),
        ("192.0.2.1", "6.6.6.6, 203.0.113.9, 198.51.100.7", 2, "203.0.113.9"),
        ("192.0.2.1", "198.51.100.7", 2, "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7:4711", 1, "192.0.2.1"),
        ("192.0.2.1", "<script>alert(1)</script>", 1, "192.0.2.1"),
        ("192.0.2.1", "010.0.0.1", 1, "192.0.2.1"),
        ("192.0.2.1", "fe80::1%eth0", 1, "192.0.2.1"),
        ("::ffff:192.0.2.5", "", 0, "192.0.2.5"),
        ("2001:DB8::0001", "", 0, "2001:db8::1"),
        ("", "", 0, ""),
        ("unix:", "", 1, ""),
    ],
)
def test_only_what_our_own_proxies_wrote_is_believed(remote: str, forwarded: str, proxies: int, found: str) -> None:
    assert client_address(remote=remote, forwarded=forwarded, proxies=proxies) == found


@given(st.text(), st.text(), st.integers(0, 4))
def test_whatever_is_sent_gives_an_address_or_nothing(remote: str, forwarded: str, proxies: int) -> None:
    found = client_address(remote=remote, forwarded=forwarded, proxies=proxies)

    assert found == "" or str(ipaddress.ip_address(found)) == found


@given(st.text())
def test_an_agent_string_is_short_and_printable(text: str) -> None:
    agent = bounded_agent(text)

    assert len(agent) <= 200
    assert agent == "" or agent.isprintable()


def test_an_agent_string_cannot_break_a_line() -> None:
    assert bounded_agent("Firefox\r\nX: 1\x00" + "y" * 300) == "FirefoxX: 1" + "y" * 186
