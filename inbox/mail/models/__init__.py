"""The models of mail, one noun a module."""

from inbox.mail.models.ack import Acknowledged, Acknowledgement, Breaker
from inbox.mail.models.bounce import Bounce
from inbox.mail.models.cycle import MailboxCycle
from inbox.mail.models.inbound import InboundMail
from inbox.mail.models.mailbox import Mailbox
from inbox.mail.models.outbound import OutboundMail
from inbox.mail.models.raw import RawMail
from inbox.mail.models.sent_copy import SentCopy

__all__ = [
    "Acknowledged",
    "Acknowledgement",
    "Bounce",
    "Breaker",
    "InboundMail",
    "Mailbox",
    "MailboxCycle",
    "OutboundMail",
    "RawMail",
    "SentCopy",
]
