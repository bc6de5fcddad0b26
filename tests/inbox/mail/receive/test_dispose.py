"""What becomes of mail on the server: it leaves its folder only once it is safe here, and nothing else ever does."""

import pytest
from imapclient import DELETED, SEEN

from inbox.mail.imap.wire import WireError
from inbox.mail.models import Mailbox, MailboxCycle, RawMail
from inbox.mail.receive.poll import poll
from inbox.mail.states import Disposal, RawState
from inbox.mail.tasks import process_mail
from inbox.tickets.models import Ticket
from tests.make import make_inbox, make_mail, make_mailbox
from tests.servers.dovecot import MailHost

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]


def box_that(dispose: Disposal, host: MailHost) -> Mailbox:
    """Return a mailbox that takes everything and then does that with it."""
    mailbox = make_mailbox(make_inbox(), host)
    Mailbox.objects.update(dispose=dispose, dispose_folder="Done and dusted")
    mailbox.refresh_from_db()
    return mailbox


def read_all() -> None:
    """Read every mail that waits."""
    waiting = RawMail.objects.filter(state=RawState.STORED)
    process_mail([str(pk) for pk in waiting.values_list("pk", flat=True)])


def in_folder(host: MailHost, folder: str = "INBOX") -> int:
    """Return how many mails lie there, 0 when there is no such folder."""
    with host.client() as client:
        if not client.folder_exists(folder):
            return 0
        client.select_folder(folder)
        return len(client.search())


def test_by_default_mail_stays_where_it_is(mail_host: MailHost) -> None:
    mail_host.append(make_mail())
    mailbox = make_mailbox(make_inbox(), mail_host)

    for _ in range(2):
        poll(mailbox.pk)
        read_all()

    assert mail_host.flags() == {1: ()}
    assert RawMail.objects.get().disposed_at is None


@pytest.mark.parametrize(("dispose", "kept"), [(Disposal.MOVE, 3), (Disposal.DELETE, 0)])
def test_what_was_read_leaves_the_folder_and_what_was_not_stays(
    dispose: Disposal, kept: int, mail_host: MailHost
) -> None:
    for number in range(3):
        mail_host.append(make_mail(f"Mail {number}"))
    mailbox = box_that(dispose, mail_host)
    poll(mailbox.pk)
    assert in_folder(mail_host) == 3  # stored, but not read yet
    read_all()
    mail_host.append(make_mail("Meanwhile"))

    for _ in range(2):
        poll(mailbox.pk)

    assert (in_folder(mail_host), in_folder(mail_host, "Done and dusted")) == (1, kept)
    assert RawMail.objects.filter(disposed_at__isnull=False).count() == 3
    assert [row.disposed for row in MailboxCycle.objects.order_by("started_at")] == [0, 3, 0]
    read_all()
    assert Ticket.objects.count() == 4


def test_a_crash_between_the_act_and_its_note_does_it_no_second_time(mail_host: MailHost) -> None:
    mail_host.append(make_mail())
    mailbox = box_that(Disposal.MOVE, mail_host)
    poll(mailbox.pk)
    read_all()
    poll(mailbox.pk)
    RawMail.objects.update(disposed_at=None)

    poll(mailbox.pk)

    assert RawMail.objects.get().disposed_at is not None
    assert (in_folder(mail_host), in_folder(mail_host, "Done and dusted"), Ticket.objects.count()) == (0, 1, 1)


def test_mail_that_others_marked_as_deleted_is_never_expunged(mail_host: MailHost) -> None:
    mail_host.append(make_mail("Theirs"), flags=(DELETED,))
    mail_host.append(make_mail("Ours"))
    mailbox = box_that(Disposal.DELETE, mail_host)

    for _ in range(2):
        poll(mailbox.pk)
        read_all()

    assert mail_host.flags() == {1: (DELETED,)}


@pytest.mark.parametrize(("dispose", "copies"), [(Disposal.MOVE, 1), (Disposal.DELETE, 0)])
def test_a_server_without_extensions_marks_the_mail_itself_and_expunges_nothing(
    dispose: Disposal, copies: int, bare_mail_host: MailHost
) -> None:
    bare_mail_host.append(make_mail("Theirs"), flags=(DELETED,))
    bare_mail_host.append(make_mail("Ours"))
    mailbox = box_that(dispose, bare_mail_host)
    poll(mailbox.pk)
    read_all()
    bare_mail_host.append(make_mail("Meanwhile"), flags=(SEEN,))

    for _ in range(3):
        poll(mailbox.pk)
    RawMail.objects.update(disposed_at=None)  # as a crash before the note leaves it
    poll(mailbox.pk)

    assert bare_mail_host.flags() == {1: (DELETED,), 2: (DELETED,), 3: (SEEN,)}
    assert in_folder(bare_mail_host, "Done and dusted") == copies
    read_all()
    assert Ticket.objects.count() == 2


def test_a_server_that_refuses_is_told_and_mail_still_comes_in(mail_host: MailHost) -> None:
    mail_host.append(make_mail("First"))
    mailbox = box_that(Disposal.MOVE, mail_host)
    Mailbox.objects.update(dispose_folder="bad..name")
    poll(mailbox.pk)
    read_all()
    mail_host.append(make_mail("Second"))

    with pytest.raises(WireError, match="dispose"):
        poll(mailbox.pk)

    mailbox.refresh_from_db()
    assert (mailbox.fault_step, mailbox.failures, mailbox.is_late) == ("dispose", 0, False)
    read_all()
    assert (Ticket.objects.count(), in_folder(mail_host)) == (2, 2)


def test_after_new_numbers_no_old_number_takes_anything_away(mail_host: MailHost) -> None:
    mail_host.append(make_mail("Old"))
    mailbox = box_that(Disposal.DELETE, mail_host)
    poll(mailbox.pk)
    read_all()
    mail_host.expunge(1)
    mail_host.renumber()
    mail_host.append(make_mail("New"))  # it may have the number that the old one had

    poll(mailbox.pk)

    assert in_folder(mail_host) == 1
    assert RawMail.objects.filter(disposed_at__isnull=False).count() == 0


def test_changing_ones_mind_keeps_what_has_not_gone_yet(mail_host: MailHost) -> None:
    mail_host.append(make_mail())
    mailbox = box_that(Disposal.DELETE, mail_host)
    poll(mailbox.pk)
    read_all()
    Mailbox.objects.update(dispose=Disposal.LEAVE)

    poll(mailbox.pk)

    assert in_folder(mail_host) == 1
