"""The demo's IMAP server takes and gives mail on Dovecot and on pymap alike."""

import importlib.util
import shutil
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from helpdesk.demo.dovecot import HOST, Dovecot, is_listening
from helpdesk.demo.imap_server import Arrival, DemoImap, Flavour, installed_flavour
from helpdesk.demo.pymap_server import Pymap
from helpdesk.embedded.errors import ServiceError
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


def test_server_that_does_not_come_up_says_why(tmp_path: Path) -> None:
    broken = Dovecot(tmp_path / "dovecot", {"a": "b"}, extra="no_such_setting = 1")
    with pytest.raises(ServiceError, match="no_such_setting"):
        broken.start()
    assert broken.pid == 0

    with socket.socket() as taken:
        taken.bind((HOST, 0))
        with pytest.raises(ServiceError, match="pymap did not start"):
            Pymap(tmp_path / "pymap", "a", "b").start(taken.getsockname()[1])


def test_missing_servers_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_args, **_kwargs: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    assert installed_flavour() is Flavour.PYMAP
    with pytest.raises(ServiceError, match="pip install"):
        DemoImap("a", "b").start(tmp_path)
