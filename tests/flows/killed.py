"""A process that does one step of the mail path and dies where POSTERN_KILL_AT says: run by the crash tests."""

import sys
from uuid import UUID

import django

django.setup()

# Models can only be imported once Django is set up.
from accounts.models import User  # noqa: E402 - see above
from inbox.mail.models import Mailbox, RawMail  # noqa: E402 - see above
from inbox.mail.receive.poll import poll  # noqa: E402 - see above
from inbox.mail.send.deliver import deliver_mail, due  # noqa: E402 - see above
from inbox.mail.send.reply import NewReply, send_reply  # noqa: E402 - see above
from inbox.mail.send.sent_copy import due_copies, save_copy  # noqa: E402 - see above
from inbox.mail.states import RawState  # noqa: E402 - see above
from inbox.mail.tasks import process_mail  # noqa: E402 - see above
from inbox.tickets.models import Ticket  # noqa: E402 - see above


def take_in() -> None:
    """Fetch every mailbox and read what waits."""
    for mailbox in Mailbox.objects.all():
        poll(mailbox.pk)
    read_waiting()


def read_waiting() -> None:
    """Read every mail that waits, all in one batch."""
    waiting = RawMail.objects.filter(state=RawState.STORED).order_by("pk")
    process_mail([str(pk) for pk in waiting.values_list("pk", flat=True)])


def answer(once: str) -> None:
    """Answer the one ticket with the form of that key."""
    send_reply(Ticket.objects.get(), NewReply("Please try again.", UUID(once), None), by=User.objects.get())


def send() -> None:
    """Deliver what is due."""
    for outbound_id in due():
        deliver_mail(outbound_id)


def keep_copies() -> None:
    """Put the copies that are due into their folder."""
    for copy_id in due_copies():
        save_copy(copy_id)


def main(step: str, once: str = "") -> None:
    """Do the named step."""
    if step == "in":
        take_in()
    elif step == "answer":
        answer(once)
    elif step == "copies":
        keep_copies()
    else:
        send()


if __name__ == "__main__":
    main(*sys.argv[1:])
