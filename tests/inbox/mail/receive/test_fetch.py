"""Fetching from a server that misbehaves, under a lease, fair among many mailboxes."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from helpdesk.crypto.files import find_blobs
from inbox.mail.errors import LeaseLost, LeaseTaken
from inbox.mail.imap.session import ImapSession
from inbox.mail.imap.wire import WireError
from inbox.mail.models import InboundMail, Mailbox, RawMail
from inbox.mail.receive.lease import LEASE, held
from inbox.mail.receive.poll import is_due, mailboxes_due, poll
from inbox.mail.receive.store import Arrival, Cursor, Source, store_raw
from inbox.mail.receive.sweep import sweep_blobs
from inbox.mail.states import RawReason, RawState
from inbox.mail.tasks import look_into, poll_mailboxes, process_mail
from inbox.tickets.models import Ticket
from tests.make import make_inbox, make_mail, make_mailbox, receive
from tests.servers.bare_imap import BareImap
from tests.servers.dovecot import MailHost

pytestmark = pytest.mark.django_db


def arrival(key: str = "imap:INBOX:1:1") -> Arrival:
    """Return a small mail."""
    mime = make_mail()
    return Arrival(key, len(mime), timezone.now(), [mime])


@pytest.mark.dovecot
def test_a_mail_that_vanishes_between_its_parts_leaves_nothing(
    mail_host: MailHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox = make_mailbox(make_inbox(), mail_host)
    mail_host.append(make_mail("Big", "x" * 70 + "\n" + ("y" * 70 + "\n") * 20_000))
    mail_host.append(make_mail("Small"))
    whole = ImapSession.fetch_partial
    # The server's side of it: the mail is gone after its first part.
    monkeypatch.setattr(
        ImapSession, "fetch_partial", lambda self, uid, size: iter([next(whole(self, uid, size)), None])
    )

    poll(mailbox.pk)

    mailbox.refresh_from_db()
    assert (RawMail.objects.count(), mailbox.last_uid) == (1, 2)


@pytest.mark.parametrize(("limit_bytes", "is_taken"), [(3_000_000, False), (6_000_000, True)])
def test_a_mail_that_grows_beyond_what_was_told_ends(
    bare_imap: BareImap,
    settings: Settings,
    limit_bytes: int,
    is_taken: bool,  # noqa: FBT001 - a case
) -> None:
    settings.MAIL_MAX_BYTES = limit_bytes
    bare_imap.script.mails = {4: make_mail("Big", ("x" * 70 + "\n") * 70_000), 9: make_mail("B")}
    bare_imap.script.size_told = 1_500_000
    mailbox = make_mailbox(make_inbox())
    Mailbox.objects.update(imap_port=bare_imap.server.port)

    poll(mailbox.pk)

    big, small = RawMail.objects.order_by("pk")
    assert (big.blob is not None, big.reason) == (is_taken, "" if is_taken else RawReason.TOO_LARGE)
    assert small.blob is not None


def test_what_the_server_withholds_gets_one_ticket(bare_imap: BareImap) -> None:
    bare_imap.script.mails = {4: make_mail("A"), 9: make_mail("B"), 12: make_mail("C")}
    bare_imap.script.withheld = {9}
    mailbox = make_mailbox(make_inbox())
    Mailbox.objects.update(imap_port=bare_imap.server.port)

    for _ in range(2):
        poll(mailbox.pk)
        process_mail([str(pk) for pk in RawMail.objects.values_list("pk", flat=True)])

    withheld = RawMail.objects.get(state=RawState.QUARANTINED)
    assert (withheld.reason, withheld.blob) == (RawReason.WITHHELD, None)
    assert InboundMail.objects.get(raw=withheld).verdict_reason == RawReason.WITHHELD
    assert (Ticket.objects.count(), Ticket.objects.filter(unreadable=True).count()) == (3, 1)


def test_a_server_that_gives_nothing_moves_no_cursor(bare_imap: BareImap) -> None:
    bare_imap.script.mails = {4: make_mail("A")}
    bare_imap.script.is_ill = True
    mailbox = make_mailbox(make_inbox())
    Mailbox.objects.update(imap_port=bare_imap.server.port)

    with pytest.raises(WireError):
        poll(mailbox.pk)

    mailbox.refresh_from_db()
    assert (mailbox.back_uid, mailbox.fault_step, RawMail.objects.count()) == (0, "fetch", 0)


@pytest.mark.dovecot
def test_two_fetchers_never_share_a_mailbox(mail_host: MailHost) -> None:
    mailbox = make_mailbox(make_inbox(), mail_host)
    mail_host.append(make_mail())

    with held(mailbox.pk):
        with pytest.raises(LeaseTaken):
            poll(mailbox.pk)
        assert mailbox.pk not in mailboxes_due()

    assert poll(mailbox.pk).stored == 1


def test_a_lease_that_ran_out_is_taken_over_and_fences_its_old_holder() -> None:
    mailbox = make_mailbox(make_inbox())
    with held(mailbox.pk) as old:
        Mailbox.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        with held(mailbox.pk) as new:
            with pytest.raises(LeaseLost):
                store_raw(Source(mailbox.inbox, mailbox), [arrival()], cursor=Cursor(old, {"last_uid": 7}))
            assert (RawMail.objects.count(), new.number) == (0, old.number + 1)

            store_raw(Source(mailbox.inbox, mailbox), [arrival()], cursor=Cursor(new, {"last_uid": 7}))

    mailbox.refresh_from_db()
    assert (RawMail.objects.count(), mailbox.last_uid, mailbox.lease_until) == (1, 7, None)


def test_a_lease_from_before_the_clock_was_set_back_is_taken_over() -> None:
    mailbox = make_mailbox(make_inbox())
    Mailbox.objects.update(lease_until=timezone.now() + LEASE)
    with pytest.raises(LeaseTaken), held(mailbox.pk):
        pass
    assert mailbox.pk not in mailboxes_due()

    Mailbox.objects.update(lease_until=timezone.now() + timedelta(hours=2))

    assert mailbox.pk in mailboxes_due()
    with held(mailbox.pk) as lease:
        assert lease.number == 1


def test_storing_prolongs_the_lease() -> None:
    mailbox = make_mailbox(make_inbox())
    with held(mailbox.pk) as lease:
        Mailbox.objects.update(lease_until=timezone.now() + timedelta(seconds=1))
        store_raw(Source(mailbox.inbox, mailbox), [arrival()], cursor=Cursor(lease, {"last_uid": 7}))
        mailbox.refresh_from_db()
        assert mailbox.lease_until is not None
        assert mailbox.lease_until > timezone.now() + LEASE / 2


def test_the_same_mail_stored_twice_is_one() -> None:
    source = Source(make_inbox())

    assert len(store_raw(source, [arrival()])) == 1
    assert store_raw(source, [arrival()]) == []
    assert RawMail.objects.count() == 1


def test_the_same_bytes_in_one_batch_are_known_again() -> None:
    mime = make_mail()
    mailbox = make_mailbox(make_inbox())
    twins = [Arrival(f"imap:INBOX:1:{uid}", len(mime), timezone.now(), [mime]) for uid in (1, 2)]

    first, second = store_raw(Source(mailbox.inbox, mailbox), twins)

    assert (first.state, second.state, second.reason) == (
        RawState.STORED, RawState.DUPLICATE, RawReason.SAME_CONTENT,
    )  # fmt: skip


def test_the_same_bytes_through_another_mailbox_are_another_mail() -> None:
    mime = make_mail()
    for name in ("Support", "Billing"):
        inbox = make_inbox(name, address=f"{name.lower()}@desk.example.net")
        receive(mime, mailbox=make_mailbox(inbox))

    assert RawMail.objects.filter(state=RawState.DONE).count() == 2


def test_the_longest_waiting_mailbox_is_rung_first_and_a_new_one_before_it() -> None:
    inbox, now = make_inbox(), timezone.now()
    boxes = [make_mailbox(inbox) for _ in range(5)]
    for box, age in zip(boxes, (10, 300, 60, None, -60), strict=True):
        moment = None if age is None else now - timedelta(seconds=age)
        Mailbox.objects.filter(pk=box.pk).update(next_poll_at=moment)

    assert mailboxes_due() == [boxes[3].pk, boxes[1].pk, boxes[2].pk, boxes[0].pk]
    assert [is_due(box.pk) for box in boxes] == [True, True, True, True, False]


@pytest.mark.dovecot
def test_a_second_bell_for_the_same_look_does_nothing(mail_host: MailHost) -> None:
    mailbox = make_mailbox(make_inbox(), mail_host)
    look_into(mailbox.pk)
    mailbox.refresh_from_db()
    first = mailbox.last_good_at
    assert first is not None

    look_into(mailbox.pk)

    mailbox.refresh_from_db()
    assert mailbox.last_good_at == first


def test_a_dead_server_delays_its_own_mailbox_alone_and_longer_each_time() -> None:
    mailbox = make_mailbox(make_inbox())
    waits: list[float] = []
    for _ in range(8):
        Mailbox.objects.update(next_poll_at=None)
        before = timezone.now()
        look_into(mailbox.pk)
        mailbox.refresh_from_db()
        assert mailbox.next_poll_at is not None
        waits.append((mailbox.next_poll_at - before).total_seconds())

    assert mailbox.failures == 8
    assert waits[0] < 40 < waits[2]
    assert 800 < waits[-1] < 1000


def test_poll_mailboxes_rings_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = make_inbox()
    boxes = {str(make_mailbox(inbox).pk) for _ in range(3)}
    rung: list[str] = []
    monkeypatch.setattr("inbox.mail.tasks.ring", lambda _task, mailbox_id: rung.append(mailbox_id))

    poll_mailboxes()

    assert set(rung) == boxes


def test_blobs_without_a_row_go_after_a_day_and_others_stay() -> None:
    raw = receive(make_mail())
    kept = set(find_blobs(older_than=timezone.now() + timedelta(hours=1)))
    assert raw.stored_blob in kept

    sweep_blobs()

    assert set(find_blobs(older_than=timezone.now() + timedelta(hours=1))) == kept


@pytest.mark.django_db(transaction=True)
def test_the_same_bytes_again_take_no_room() -> None:
    mime = make_mail()
    mailbox = make_mailbox(make_inbox())
    twins = [Arrival(f"imap:INBOX:{uid}:1", len(mime), timezone.now(), [mime]) for uid in (1, 2, 3)]
    before = set(find_blobs(older_than=timezone.now() + timedelta(hours=1)))

    rows = [store_raw(Source(mailbox.inbox, mailbox), [twin])[0] for twin in twins]

    added = set(find_blobs(older_than=timezone.now() + timedelta(hours=1))) - before
    assert added == {rows[0].stored_blob}
    assert [row.blob for row in rows[1:]] == [None, None]
