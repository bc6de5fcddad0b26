"""Mail in plain words: what a mail was taken for, why it landed where it did, how it leaves, and what failed."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inbox.mail.imap.wire import Step
from inbox.mail.mime.machine import Reason as Machine
from inbox.mail.receive.judge import FROM_DESK
from inbox.mail.receive.thread import Reason as Thread
from inbox.mail.states import FAULTS as OF_MAILBOXES
from inbox.mail.states import AckReason, OutReason, RawReason, Verdict

Words = Mapping[str, Promise]

UNREADABLE: Final[Words] = {
    "timeout": _("Reading it took too long."),
    "memory": _("Reading it took too much memory."),
    RawReason.CRASHED: _("It broke the program that reads mail."),
    RawReason.WITHHELD: _("The mail server lists it and does not hand it over."),
    RawReason.TOO_LARGE: _("It is larger than this desk fetches; it still lies on the mail server."),
    RawReason.CANNOT_BE_OPENED: _("Its seal does not fit: the stored bytes were changed or lost."),
}
VERDICTS: Final[Words] = {
    Verdict.KEEP: _("It was taken as an ordinary mail."),
    Verdict.MUTE: _("It was taken as a machine's mail: nothing is sent because of it, and it opens nothing again."),
    Verdict.BOUNCE: _("It was taken as a report that a mail did not arrive."),
    Verdict.QUARANTINE: _("It could not be read."),
}
MACHINES: Final[Words] = {
    Machine.BOUNCE: _("It is the report of a mail that came back."),
    Machine.DELAYED: _("It is the report of a mail that is late."),
    Machine.REPORT: _("It is the report of a mail server."),
    Machine.RECEIPT: _("It is a receipt."),
    Machine.OWN_LOOP: _("It is a mail of this desk itself that came back."),
    Machine.AUTO_REPLIED: _("It says that it is an automatic answer."),
    Machine.AUTO_SUBMITTED: _("It says that no person sent it."),
    Machine.AUTO_HEADER: _("It bears a mark that only machines write."),
    Machine.NULL_SENDER: _("It was sent without a return address, as only machines do."),
    Machine.DAEMON: _("It comes from the address of a mail server."),
    Machine.AUTO_SUBJECT: _("Its subject is that of an automatic answer."),
    Machine.PRECEDENCE: _("It is marked as bulk mail, so it is not acknowledged."),
    Machine.LIST: _("It came by a mailing list, so it is not acknowledged."),
    Machine.SUPPRESS: _("It asks for no automatic answer, and gets none."),
    Machine.NO_REPLY: _("Its sender reads no answers, so it is not acknowledged."),
    FROM_DESK: _("It says that it comes from an address of this desk."),
}
THREADS: Final[Words] = {
    Thread.TOKEN: _("It was sent to this ticket's own answer address, which nobody can guess."),
    Thread.OUR_ID: _("It answers a mail that the desk sent in this ticket."),
    Thread.THEIR_ID: _("It answers an earlier mail of this ticket, and its sender takes part in it."),
    Thread.MARK: _("Its text quotes the mark of this ticket, which nobody can guess."),
    Thread.NUMBER: _("Its subject names this ticket, and its sender takes part in it."),
    "reports_on_our_mail": _("It reports on a mail that the desk sent in this ticket."),
    "reports_on_no_mail_of_ours": _("It reports on a mail that the desk did not send: see the stray reports."),
    "answers_system_mail": _("It answers a mail that the desk wrote by itself."),
    Thread.NEW: _("It answers nothing that the desk knows, so it began a ticket of its own."),
}
ACKNOWLEDGED: Final[Words] = {
    AckReason.WRITTEN: _("It was acknowledged."),
    AckReason.NO_TEXT: _("It was not acknowledged: there is no text for it."),
    AckReason.NOT_NEW: _("It was not acknowledged: it belongs to a ticket that was there."),
    AckReason.MACHINE: _("It was not acknowledged: a machine wrote it."),
    AckReason.HISTORY: _("It was not acknowledged: it was there before, or was imported."),
    AckReason.OLD: _("It was not acknowledged: it is older than a day."),
    AckReason.DOUBTED: _("It was not acknowledged: its sender is doubtful."),
    AckReason.NO_PERSON: _("It was not acknowledged: nobody reads mail at its sender's address."),
    AckReason.NO_WAY_OUT: _("It was not acknowledged: this inbox cannot send."),
    AckReason.PER_SENDER: _("It was not acknowledged: its sender got several within the hour."),
    AckReason.PER_DOMAIN: _("It was not acknowledged: its sender's domain got many within the hour."),
    AckReason.STOPPED: _("It was not acknowledged: too many had gone out, so acknowledgements were stopped."),
}
SENDING: Final[Words] = {
    OutReason.HANDING: _("It is being handed in."),
    OutReason.LOST: _("The connection broke after it was handed in: perhaps it arrived. It is tried once more."),
    OutReason.LOST_ONCE: _("The connection broke after it was handed in: perhaps it arrived. It is not tried again."),
    OutReason.LOST_TWICE: _("The connection broke twice after it was handed in: perhaps it arrived."),
    OutReason.SECOND_TRY: _("It left at the second try, so it may have arrived twice."),
    OutReason.PARTLY_LATER: _("Some have it, the others are tried again."),
    OutReason.PARTLY: _("Some have it, for the others the server refused it."),
    OutReason.REFUSED: _("The server refused it."),
    OutReason.GAVE_UP: _("The server did not take it for three days."),
    OutReason.NO_MAILBOX: _("There is no mailbox to send it from."),
    OutReason.SEALED: _("A file or text of it cannot be opened any more."),
    OutReason.BROKEN: _("It breaks the program that writes mails."),
    OutReason.NOT_WANTED: _("It was not wanted any more before it left."),
    OutReason.WITHDRAWN: _("It was stopped in the outbox."),
}
FAULTS: Final[Words] = {
    **OF_MAILBOXES,
    Step.SEND: _("The server did not take the mail."),
    "lease_lost": _("Another worker took over."),
}
"""Why a look into a mailbox failed, by its step or error code; of a deferred mail, the step that failed."""


def worded(words: Words, code: str) -> Promise | str:
    """Return a code in words; one of a newer version keeps its name, "" stays ""."""
    return words.get(code, code)
