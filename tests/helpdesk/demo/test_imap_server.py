"""The demo's IMAP server takes and gives mail on Dovecot and on pymap alike."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from helpdesk.demo.dovecot import HOST, is_listening
from helpdesk.demo.imap_server import Arrival, DemoImap, Flavour, installed_flavour
from inbox.mail.imap.session import ImapSession
from inbox.mail.imap.wire import Security, Server

_NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
_MAILS = [b"Subject: one\r\n\r\nA\r\n", b"Subject: two\r\n\r\n\xc3\xa9\r\n"]


def _session(imap: DemoImap, password: str) -> ImapSession:
    server = Server(HOST, imap.port, Security.PLAINTEXT_LOOPBACK)
    return ImapSession(server, user=imap.user, password=password)


@pytest.mark.parametrize("flavour", list(Flavour))
def test_demo_imap_holds_what_is_put_in(tmp_path: Path, flavour: Flavour) -> None:
    imap = DemoImap("desk@nordlicht.example.org", "for the demo", flavour=flavour)
    port = imap.start(tmp_path)
    try:
        with _session(imap, "for the demo") as session:
            assert session.select("INBOX").exists == 0

        assert imap.append(Arrival(mime, _NOW) for mime in _MAILS) == 2

        with _session(imap, "for the demo") as session:
            session.select("INBOX")
            uids = session.uids_above(0)
            assert [mime for _uid, mime in session.fetch(uids)] == _MAILS
            assert {facts.internaldate for facts in session.facts(uids).values()} == {_NOW}
    finally:
        imap.stop()
    assert not is_listening(port)


def test_dovecot_keeps_its_mails_over_a_restart(tmp_path: Path) -> None:
    imap = DemoImap("desk@nordlicht.example.org", "for the demo", flavour=Flavour.DOVECOT)
    port = imap.start(tmp_path)
    imap.append([Arrival(_MAILS[0], _NOW)])
    with _session(imap, "for the demo") as session:
        before = session.select("INBOX")
    imap.stop()

    try:
        assert imap.start(tmp_path, port) == port
        with _session(imap, "for the demo") as session:
            assert session.select("INBOX") == before
    finally:
        imap.stop()


def test_dovecot_is_preferred_where_it_is_installed() -> None:
    assert installed_flavour() is Flavour.DOVECOT, "apt-get install --no-install-recommends dovecot-imapd"
