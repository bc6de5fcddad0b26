"""An IMAP session reads what is there, on Dovecot and on a server that knows RFC 3501 alone, and changes nothing."""

import time
from datetime import UTC, datetime

import pytest
from imapclient import SocketTimeout

from inbox.mail.imap import client as client_module
from inbox.mail.imap import session as session_module
from inbox.mail.imap.session import CHUNK_BYTES, FolderState, ImapSession, MailFacts, batches
from inbox.mail.imap.wire import Security, Step, WireError
from tests.servers.bare_imap import BareImap
from tests.servers.certs import Certs
from tests.servers.dovecot import PASSWORD, USER, MailHost

_MAIL = b"From: kim@example.net\r\nSubject: Hello\r\n\r\nA line.\r\n.\r\n..two\r\n"
_CAME = datetime(2026, 11, 20, 8, 15, 2, tzinfo=UTC)


def _bare(server: BareImap, *, password: str = PASSWORD) -> ImapSession:
    return ImapSession(server.server, user=USER, password=password)


def test_session_reads_a_mail_and_leaves_no_trace(mail_host: MailHost) -> None:
    mail_host.append(_MAIL, at=_CAME)
    mail_host.append(_MAIL, at=_CAME, flags=(b"\\Deleted",))

    with mail_host.session() as session:
        state = session.select("INBOX")
        uids = session.uids_above(0)
        facts = session.facts(uids)
        mails = list(session.fetch(uids))
        parts = list(session.fetch_partial(uids[0], facts[uids[0]].size_bytes))

    assert (state.uidnext, state.exists, uids) == (3, 2, [1, 2])
    assert facts == {
        1: MailFacts(len(_MAIL), _CAME, is_deleted=False),
        2: MailFacts(len(_MAIL), _CAME, is_deleted=True),
    }
    assert mails == [(1, _MAIL), (2, _MAIL)]
    assert parts == [_MAIL]
    assert mail_host.flags() == {1: (), 2: (b"\\Deleted",)}


def test_search_drops_the_newest_mail_when_it_is_known(mail_host: MailHost) -> None:
    mail_host.append(_MAIL)
    mail_host.append(_MAIL)

    with mail_host.session() as session:
        session.select("INBOX")

        assert session.uids_above(1) == [2]
        assert session.uids_above(2) == []
        assert session.uids_above(2000) == []


def test_empty_folder_has_no_mail_and_a_next_number(mail_host: MailHost) -> None:
    with mail_host.session() as session:
        state = session.select("INBOX")

        assert (state.exists, state.uidnext) == (0, 1)
        assert session.uids_above(0) == []
        assert session.facts([]) == {}
        assert list(session.fetch([])) == []


def test_vanished_mail_is_none_and_no_error(mail_host: MailHost) -> None:
    mail_host.append(_MAIL)
    mail_host.append(_MAIL)

    with mail_host.session() as session:
        session.select("INBOX")
        mail_host.expunge(1)

        assert list(session.fetch([1, 2])) == [(1, None), (2, _MAIL)]
        assert list(session.fetch_partial(1, len(_MAIL))) == [None]
        assert set(session.facts([1, 2])) == {2}


def test_partial_fetch_equals_the_whole(mail_host: MailHost) -> None:
    line = b"0123456789" * 7 + b"\r\n"
    big = b"Subject: big\r\n\r\n" + line * 40_000
    mail_host.append(big)

    with mail_host.session() as session:
        session.select("INBOX")
        chunks = [chunk or b"" for chunk in session.fetch_partial(1, len(big))]
        told_too_small = [chunk or b"" for chunk in session.fetch_partial(1, 10)]
        told_too_large = [chunk or b"" for chunk in session.fetch_partial(1, len(big) * 2)]
        whole = dict(session.fetch([1]))

    assert [len(chunk) for chunk in chunks] == [CHUNK_BYTES, CHUNK_BYTES, len(big) - 2 * CHUNK_BYTES]
    assert b"".join(chunks) == b"".join(told_too_small) == b"".join(told_too_large) == whole[1] == big


def test_frozen_server_raises_within_the_limit(mail_host: MailHost) -> None:
    mail_host.append(_MAIL)
    patience = SocketTimeout(connect=2, read=1)
    frozen = ImapSession(mail_host.server(), user=USER, password=PASSWORD, timeout=patience)

    with frozen as session:
        session.select("INBOX")
        assert list(session.fetch([1])) == [(1, _MAIL)]
        mail_host.freeze()
        began = time.monotonic()
        with pytest.raises(WireError) as caught:
            list(session.fetch([1]))
    took_s = time.monotonic() - began

    assert (caught.value.step, caught.value.again) == (Step.FETCH, True)
    assert took_s < 5
    with (
        pytest.raises(WireError) as greeting,
        ImapSession(mail_host.server(), user=USER, password="", timeout=patience),
    ):
        pass
    assert (greeting.value.step, greeting.value.again) == (Step.TCP, True)


def test_lost_connection_is_told_as_passing(mail_host: MailHost) -> None:
    with mail_host.session() as session:
        session.select("INBOX")
        mail_host.stop()

        with pytest.raises(WireError) as caught:
            session.facts([1])

    assert (caught.value.step, caught.value.again) == (Step.FETCH, True)


def test_password_and_user_of_any_letters_sign_in(certs: Certs) -> None:
    users = {"jörg@example.org": 'Grüße "und" \\', "old name@example.org": 'a "b" \\c'}
    host = MailHost(users, tls=certs.good)
    try:
        host.start()
        for user, password in users.items():
            with ImapSession(host.server(Security.TLS, ca=certs.ca), user=user, password=password) as session:
                assert session.select("INBOX").exists == 0
    finally:
        host.remove()


def test_control_characters_never_reach_the_server(bare_imap: BareImap) -> None:
    with pytest.raises(WireError) as caught, _bare(bare_imap, password="x\r\nA1 LOGOUT"):
        pass

    assert caught.value.step is Step.SIGN_IN
    assert [line for line in bare_imap.script.heard if "LOGIN" in line] == []
    with _bare(bare_imap):
        pass
    assert [line for line in bare_imap.script.heard if "LOGIN" in line] != []


def test_password_echoed_by_the_server_is_blotted_out(bare_imap: BareImap) -> None:
    bare_imap.script.login_answer = f"BAD cannot read LOGIN {PASSWORD}"

    with pytest.raises(WireError) as caught, _bare(bare_imap):
        pass

    assert caught.value.words == "LOGIN command error: BAD cannot read LOGIN ***"
    assert PASSWORD not in str(caught.value)
    assert caught.value.__cause__ is None


def test_server_that_is_busy_is_asked_again(bare_imap: BareImap) -> None:
    bare_imap.script.login_answer = "NO [UNAVAILABLE] back end away"
    with pytest.raises(WireError) as busy, _bare(bare_imap):
        pass
    bare_imap.script.login_answer = "NO [AUTHENTICATIONFAILED] no"
    with pytest.raises(WireError) as wrong, _bare(bare_imap):
        pass

    assert (busy.value.again, wrong.value.again) == (True, False)


def test_bare_server_gives_all_its_mail(bare_imap: BareImap) -> None:
    bare_imap.script.mails = {4: _MAIL, 9: b"Subject: two\r\n\r\n"}
    bare_imap.script.deleted = {9}

    with _bare(bare_imap) as session:
        state = session.select("INBOX")
        uids = session.uids_above(0)
        facts = session.facts(uids)
        mails = dict(session.fetch(uids))
        parts = list(session.fetch_partial(4, len(_MAIL)))

    came = datetime(2026, 11, 25, 7, 15, 2, tzinfo=UTC)
    assert state == FolderState(uidvalidity=77, uidnext=10, exists=2)
    assert uids == [4, 9]
    assert facts == {4: MailFacts(len(_MAIL), came, is_deleted=False), 9: MailFacts(16, came, is_deleted=True)}
    assert mails == bare_imap.script.mails
    assert parts == [_MAIL]
    verbs = {line.split()[1] for line in bare_imap.script.heard}
    assert verbs == {"CAPABILITY", "LOGIN", "EXAMINE", "UID", "LOGOUT"}


def test_an_answer_has_its_room_and_the_next_one_has_its_own(
    bare_imap: BareImap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may tell of a literal of any length, or go on line after line."""
    monkeypatch.setattr(client_module, "MOST_BYTES", 6_000)
    bare_imap.script.mails = {4: b"x" * 4_000, 9: b"y" * 4_000, 12: b"z" * 7_000}

    with _bare(bare_imap) as session:
        session.select("INBOX")
        assert [len(dict(session.fetch([uid]))[uid] or b"") for uid in (4, 9)] == [4_000, 4_000]
    for too_much in ([12], [4, 9]):
        with _bare(bare_imap) as session:
            session.select("INBOX")
            with pytest.raises(WireError, match="fetch") as caught:
                list(session.fetch(too_much))
            assert (caught.value.words.endswith("The answer is too long."), caught.value.again) == (True, True)


def test_bare_dovecot_gives_its_mail(bare_mail_host: MailHost) -> None:
    bare_mail_host.append(_MAIL)
    bare_mail_host.append(_MAIL, flags=(b"\\Deleted",))

    with bare_mail_host.session() as session:
        session.select("INBOX")
        mails = dict(session.fetch(session.uids_above(0)))

    assert mails == {1: _MAIL, 2: _MAIL}
    assert bare_mail_host.flags() == {1: (), 2: (b"\\Deleted",)}


def test_odd_answers_are_borne(bare_imap: BareImap) -> None:
    bare_imap.script.mails = {4: _MAIL, 9: _MAIL, 12: _MAIL}
    bare_imap.script.says_uidnext = False
    bare_imap.script.splits_search = True
    bare_imap.script.date = '"99-Foo-2026 garbled"'

    with _bare(bare_imap) as session:
        state = session.select("INBOX")
        uids = session.uids_above(4)
        facts = session.facts(uids)

    assert state.uidnext == 13
    assert uids == [9, 12]
    assert abs((facts[9].internaldate - datetime.now(UTC)).total_seconds()) < 60


def test_folder_without_lasting_numbers_is_refused(bare_imap: BareImap) -> None:
    bare_imap.script.says_uidvalidity = False

    with _bare(bare_imap) as session, pytest.raises(WireError) as caught:
        session.select("INBOX")

    assert (caught.value.step, caught.value.again) == (Step.FOLDER, False)


def test_greeting_goodbye_fails_at_tcp(bare_imap: BareImap) -> None:
    bare_imap.script.greeting = "* BYE overloaded"

    with pytest.raises(WireError) as caught, _bare(bare_imap):
        pass

    assert caught.value.step is Step.TCP


def test_large_folder_is_searched_in_windows(mail_host: MailHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "_SEARCH_WINDOW", 3)
    for _ in range(8):
        mail_host.append(_MAIL)
    mail_host.expunge(4)

    with mail_host.session() as session:
        session.select("INBOX")

        assert session.uids_above(0) == [1, 2, 3, 5, 6, 7, 8]
        assert session.uids_above(5) == [6, 7, 8]
        assert session.uids_above(8) == []


def test_batches_hold_every_small_mail_once() -> None:
    sizes = dict.fromkeys(range(1, 151), 100000) | {200: 2 * CHUNK_BYTES, 201: 5}
    facts = {uid: MailFacts(size, _CAME, is_deleted=False) for uid, size in sizes.items()}

    made = list(batches(facts))

    assert [uid for batch in made for uid in batch] == [*range(1, 151), 201]
    assert max(sum(sizes[uid] for uid in batch) for batch in made) <= 4 * CHUNK_BYTES
    assert list(batches({})) == []
    small = {uid: MailFacts(9, _CAME, is_deleted=False) for uid in range(250)}
    assert [len(batch) for batch in batches(small)] == [100, 100, 50]


def test_one_withheld_mail_stops_no_other(bare_imap: BareImap) -> None:
    bare_imap.script.mails = {4: _MAIL, 9: _MAIL, 12: _MAIL}
    bare_imap.script.withheld = {9}

    with _bare(bare_imap) as session:
        session.select("INBOX")
        facts = session.facts([4, 9, 12])
        mails = dict(session.fetch([4, 9, 12]))
        parts = list(session.fetch_partial(9, len(_MAIL)))

    assert [(uid, known.size_bytes) for uid, known in sorted(facts.items())] == [(4, 60), (9, 0), (12, 60)]
    assert mails == {4: _MAIL, 9: None, 12: _MAIL}
    assert parts == [None]
    assert session.withheld == {9}


def test_server_that_gives_nothing_is_an_error_and_no_vanished_mail(bare_imap: BareImap) -> None:
    bare_imap.script.mails = {4: _MAIL, 9: _MAIL}
    bare_imap.script.is_ill = True

    with _bare(bare_imap) as session:
        session.select("INBOX")
        with pytest.raises(WireError) as caught:
            list(session.fetch([4, 9]))

    assert (caught.value.step, caught.value.again) == (Step.FETCH, True)
    assert caught.value.words == "fetch failed: [SERVERBUG] internal error"
