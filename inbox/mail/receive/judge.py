"""Judge a mail: what it is taken for, and why."""

from dataclasses import dataclass

from inbox.mail.mime.parsed import ParsedMail
from inbox.mail.states import Verdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict with its reason as a code ("" when there is nothing to say)."""

    verdict: Verdict
    reason: str = ""


def judge(mail: ParsedMail) -> Judgement:
    """Return what `mail` is taken for. Machine mail becomes a ticket as usual, but nothing is sent because of it."""
    if mail.bounce is not None and mail.bounce.action == "failed":
        return Judgement(Verdict.BOUNCE, mail.bounce.status or "failed")
    if mail.auto_reply:
        return Judgement(Verdict.MUTE, mail.machine)
    return Judgement(Verdict.KEEP, mail.machine)
