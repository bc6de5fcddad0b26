"""What a mail of ours carries by which a report finds it."""

from helpdesk.core.context import Purpose, purpose
from inbox.mail import tokens
from inbox.mail.models import OutboundMail


def our_id(row: OutboundMail) -> str:
    """Return the Message-ID of a mail of ours."""
    with purpose(Purpose.SYSTEM):
        return str(row.header_id)


def our_mark(row: OutboundMail) -> str:
    """Return what a mail of ours carries as X-Postern-Loop."""
    return tokens.loop_mark(row.pk)
