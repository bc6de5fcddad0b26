"""What happens when something fails on the way of a mail: nothing is lost, and somebody is told."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from helpdesk.core.context import Purpose, purpose
from helpdesk.crypto.errors import StorageFull
from helpdesk.crypto.files import delete_blob, open_blob
from inbox.inboxes.access import access_of
from inbox.mail.access import quarantined_for
from inbox.mail.errors import NothingToRetry
from inbox.mail.imap.wire import Step, WireError
from inbox.mail.mime.parsed import ParsedMail
from inbox.mail.models import InboundMail, Mailbox, RawMail
from inbox.mail.receive.judge import Judgement, judge
from inbox.mail.receive.poll import poll
from inbox.mail.receive.store import Arrival, Source, store_raw
from inbox.mail.services.quarantine import retry
from inbox.mail.states import RawReason, RawState, Security, Verdict
from inbox.mail.tasks import process_mail, sweep_slow
from inbox.tickets.models import Attachment, Ticket
from tests.make import Letter, make_agent, make_inbox, make_mail, make_mailbox
from tests.servers.certs import Certs
from tests.servers.dovecot import MailHost

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]


@pytest.fixture
def mailbox(mail_host: MailHost) -> Mailbox:
    """A mailbox that takes everything from the test's server."""
    return make_mailbox(make_inbox(), mail_host)


def fetch(mailbox: Mailbox) -> None:
    """One cycle to its end, everything read."""
    poll(mailbox.pk)
    waiting = RawMail.objects.filter(state=RawState.STORED)
    process_mail([str(pk) for pk in waiting.values_list("pk", flat=True)])


def test_a_wrong_password_is_shown_and_nothing_moves(mailbox: Mailbox, mail_host: MailHost) -> None:
    mail_host.append(make_mail())
    with purpose(Purpose.SYSTEM):
        mailbox.secret = {**mailbox.secret, "imap_password": "wrong"}
    mailbox.save(update_fields=["secret"])

    with pytest.raises(WireError) as failed:
        poll(mailbox.pk)

    mailbox.refresh_from_db()
    with purpose(Purpose.SYSTEM):
        words = str(mailbox.fault_words)
    assert (failed.value.step, mailbox.fault_step, mailbox.failures) == (Step.SIGN_IN, "sign_in", 1)
    assert "uthenticat" in words
    assert "wrong" not in words
    assert (mailbox.last_uid, mailbox.lease_until, RawMail.objects.count()) == (0, None, 0)
    assert mailbox.next_poll_at is not None
    assert mailbox.next_poll_at > timezone.now()


def test_after_a_fault_the_mail_still_comes(mailbox: Mailbox, mail_host: MailHost) -> None:
    mail_host.append(make_mail())
    mail_host.stop()
    with pytest.raises(WireError):
        poll(mailbox.pk)
    mail_host.start()

    fetch(mailbox)

    mailbox.refresh_from_db()
    assert (Ticket.objects.count(), mailbox.fault_step, mailbox.failures) == (1, "", 0)


@pytest.fixture
def tls_host(certs: Certs) -> Iterator[MailHost]:
    """A server whose certificate has run out."""
    host = MailHost(tls=certs.expired)
    try:
        host.start()
        yield host
    finally:
        host.remove()


def test_an_expired_certificate_stops_before_the_password(tls_host: MailHost, certs: Certs) -> None:
    mailbox = make_mailbox(make_inbox(), tls_host)
    Mailbox.objects.update(
        imap_host="localhost", imap_port=tls_host.dovecot.tls_port, imap_security=Security.TLS, ca_file=str(certs.ca)
    )

    with pytest.raises(WireError) as failed:
        poll(mailbox.pk)

    mailbox.refresh_from_db()
    with purpose(Purpose.SYSTEM):
        assert "expired" in str(mailbox.fault_words)
    assert failed.value.step == Step.TLS


def test_a_server_without_starttls_gets_no_password(mailbox: Mailbox) -> None:
    Mailbox.objects.update(imap_host="localhost", imap_security=Security.STARTTLS)

    with pytest.raises(WireError) as failed:
        poll(mailbox.pk)

    assert failed.value.step == Step.TLS


def _full_after(monkeypatch: pytest.MonkeyPatch, writes: int) -> None:
    """Let the disk be full after some writes: the edge of the product is the system's write."""
    left = iter(range(writes))
    write = os.write

    def limited(file: int, data: Iterable[bytes]) -> int:
        if stat.S_ISREG(os.fstat(file).st_mode) and next(left, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data)  # type: ignore[arg-type] # as os.write takes it

    monkeypatch.setattr(os, "write", limited)


def test_a_full_disk_while_storing_loses_nothing(
    mailbox: Mailbox, mail_host: MailHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        mail_host.append(make_mail(f"Mail {number}", "z" * 900 + "\n"))
    with monkeypatch.context() as full:
        _full_after(full, 3)
        with pytest.raises(StorageFull):
            poll(mailbox.pk)
    mailbox.refresh_from_db()
    assert (mailbox.fault_step, mailbox.back_uid, RawMail.objects.count()) == ("storage_full", 0, 0)

    fetch(mailbox)

    assert Ticket.objects.count() == 3


def test_a_full_disk_while_reading_counts_as_no_try(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = _stored_with_file()
    for _ in range(5):
        with monkeypatch.context() as full:
            _full_after(full, 1)
            _ring_again(raw)
    raw.refresh_from_db()
    assert (raw.state, raw.attempts, Ticket.objects.count()) == (RawState.STORED, 0, 0)

    _ring_again(raw)

    raw.refresh_from_db()
    assert (raw.state, Attachment.objects.count()) == (RawState.DONE, 1)


def _stored_with_file() -> RawMail:
    return stored(make_mail(letter=Letter(files=[("a.bin", b"a" * 500)])))


def stored(mime: bytes) -> RawMail:
    """Return a mail that is stored and not read yet."""
    key = f"test:{RawMail.objects.count()}"
    return store_raw(Source(make_inbox()), [Arrival(key, len(mime), timezone.now(), [mime])])[0]


def _ring_again(raw: RawMail) -> None:
    RawMail.objects.filter(pk=raw.pk).update(next_try_at=timezone.now() - timedelta(seconds=1))
    process_mail([str(raw.pk)])


@pytest.mark.usefixtures("opened")
def test_a_mail_that_breaks_us_three_times_is_put_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = stored(make_mail("Bad"))
    with monkeypatch.context() as broken:
        broken.setattr("inbox.mail.receive.process.judge", _breaking)
        for _ in range(3):
            _ring_again(raw)
        raw.refresh_from_db()
        assert (raw.state, raw.attempts) == (RawState.STORED, 3)
        _ring_again(raw)

    raw.refresh_from_db()
    assert (raw.state, raw.reason) == (RawState.QUARANTINED, RawReason.CRASHED)
    ticket = Ticket.objects.get(unreadable=True)
    file = Attachment.objects.get(ticket=ticket)
    bytes_kept = b"".join(open_blob(file.blob, file.seal_ref(), kind="attachment"))
    assert (file.name, b"Subject: Bad" in bytes_kept) == ("mail.eml", True)
    assert InboundMail.objects.get().verdict == Verdict.QUARANTINE


def _breaking(mail: ParsedMail, *, from_desk: bool) -> Judgement:
    """A planted bug: mails of one subject break it."""
    if mail.subject == "Bad":
        raise ZeroDivisionError
    return judge(mail, from_desk=from_desk)


def test_one_bad_mail_stops_none_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = stored(make_mail("Bad")), stored(make_mail("Good"))
    monkeypatch.setattr("inbox.mail.receive.process.judge", _breaking)

    process_mail([str(bad.pk), str(good.pk)])

    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == (RawState.STORED, RawState.DONE)


def _in_quarantine(monkeypatch: pytest.MonkeyPatch) -> RawMail:
    raw = stored(make_mail("Bad"))
    with monkeypatch.context() as broken:
        broken.setattr("inbox.mail.receive.process.judge", _breaking)
        for _ in range(4):
            _ring_again(raw)
    raw.refresh_from_db()
    assert raw.state == RawState.QUARANTINED
    return raw


@pytest.mark.usefixtures("opened")
def test_retry_reads_a_quarantined_mail_again(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = _in_quarantine(monkeypatch)
    unreadable = Ticket.objects.get()
    access = access_of(make_agent("Senior agent", inbox=raw.inbox))

    retry(*quarantined_for(access, unreadable.number))
    process_mail([str(raw.pk)])

    raw.refresh_from_db()
    unreadable.refresh_from_db()
    ticket = Ticket.objects.get(unreadable=False)
    assert (raw.state, ticket.subject) == (RawState.DONE, "Bad")
    assert unreadable.deleted_at is not None
    with pytest.raises(NothingToRetry):
        quarantined_for(access, ticket.number)


def test_retry_that_fails_again_leaves_a_new_ticket(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = _in_quarantine(monkeypatch)
    retry(Ticket.objects.get(), raw)
    with pytest.raises(NothingToRetry):
        retry(Ticket.objects.get(), raw)
    monkeypatch.setattr("inbox.mail.receive.process.judge", _breaking)

    for _ in range(4):
        _ring_again(raw)

    raw.refresh_from_db()
    assert raw.state == RawState.QUARANTINED
    assert Ticket.objects.filter(unreadable=True, deleted_at=None).count() == 1
    assert Attachment.objects.filter(ticket__deleted_at=None).count() == 1


def test_a_mail_whose_stored_bytes_are_gone_gets_a_ticket_without_file() -> None:
    raw = stored(make_mail())
    delete_blob(raw.stored_blob)

    for _ in range(3):
        _ring_again(raw)

    raw.refresh_from_db()
    assert (raw.state, raw.reason) == (RawState.QUARANTINED, RawReason.CANNOT_BE_OPENED)
    assert (Ticket.objects.filter(unreadable=True).count(), Attachment.objects.count()) == (1, 0)


def test_what_nobody_heard_is_found_by_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = stored(make_mail())
    RawMail.objects.update(stored_at=timezone.now() - timedelta(minutes=1), next_try_at=None)
    rung: list[list[str]] = []
    monkeypatch.setattr("inbox.mail.tasks.ring", lambda _task, ids: rung.append(ids))

    sweep_slow()

    assert rung == [[str(raw.pk)]]
