"""Judge a mail: what it is taken for, and why."""

from dataclasses import dataclass
from typing import Final

from inbox.mail.mime.machine import Reason
from inbox.mail.mime.parsed import ParsedMail
from inbox.mail.states import BounceAction, Verdict
from inbox.mail.tokens import mail_of_mark


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict with its reason as a code ("" when there is nothing to say)."""

    verdict: Verdict
    reason: str = ""


FROM_DESK: Final = "from_desk"


def judge(mail: ParsedMail, *, from_desk: bool = False) -> Judgement:
    """Return what `mail` is taken for. Machine mail becomes a ticket as usual, but nothing is sent because of it.

    So it is with mail that says it comes `from_desk`, from an address of one of our inboxes, and with mail of this desk
    itself that comes back: answers to it would go in a circle. The mark of another desk proves nothing. The reason of
    a bounce is its status, else what it reports.
    """
    if mail.bounce is not None and not mail.bounce.may_be_a_person(mail.in_reply_to):
        failed = mail.bounce.action == BounceAction.FAILED
        return Judgement(Verdict.BOUNCE, (failed and mail.bounce.status) or mail.bounce.action)
    if mail.auto_reply:
        return Judgement(Verdict.MUTE, mail.machine)
    if mail.loop and mail_of_mark(mail.loop) is not None:
        return Judgement(Verdict.MUTE, Reason.OWN_LOOP)
    if from_desk:
        return Judgement(Verdict.MUTE, FROM_DESK)
    return Judgement(Verdict.KEEP, mail.machine)
