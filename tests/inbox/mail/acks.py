"""An inbox that acknowledges, for tests."""

from inbox.inboxes.models import Inbox
from inbox.mail.models import Acknowledgement, InboundMail, OutboundMail, RawMail
from inbox.mail.states import OutKind
from tests.make import make_inbox, make_mailbox
from tests.servers.smtp import SmtpHost

TEXT = "Thank you, we have your mail.\n\nYour ticket is number {number}."


def make_acknowledging(
    name: str = "Support", *, smtp_host: SmtpHost | None = None, language: str = "en", closed_text: str = ""
) -> Inbox:
    """Return an inbox that sends by `smtp_host` and acknowledges with TEXT."""
    inbox = make_inbox(name)
    if not inbox.mailboxes.exists():
        make_mailbox(inbox, smtp_host=smtp_host)
    inbox.acknowledges = True
    inbox.save(update_fields=["acknowledges"])
    add_text(inbox, language=language, closed_text=closed_text)
    return inbox


def add_text(
    inbox: Inbox, *, language: str, subject: str = "We have your mail", text: str = TEXT, closed_text: str = ""
) -> Acknowledgement:
    """Give the inbox a text in one more language."""
    return Acknowledgement.objects.create(
        inbox=inbox, language=language, subject=subject, text=text, closed_text=closed_text
    )


def acks() -> list[OutboundMail]:
    """Return the acknowledgements in the outbox, oldest first."""
    return list(OutboundMail.objects.filter(kind=OutKind.ACKNOWLEDGEMENT).order_by("created_at", "pk"))


def reason_of(raw: RawMail) -> str:
    """Return whether the mail was acknowledged in its one inbox, or why not."""
    return InboundMail.objects.get(raw=raw).acknowledged
