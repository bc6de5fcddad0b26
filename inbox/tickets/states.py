"""The closed sets of a ticket and its messages. Stored values are never renamed."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class State(TextChoices):
    """Where a ticket stands. Bin, spam and snooze are columns of their own."""

    OPEN = "open", _("Open")
    PENDING = "pending", _("Pending")
    CLOSED = "closed", _("Closed")


class Direction(TextChoices):
    """What a message is."""

    INBOUND = "inbound", _("Received")
    OUTBOUND = "outbound", _("Sent")
    NOTE = "note", _("Internal note")


class Part(TextChoices):
    """The part that an address has in a message (RFC 5322 3.6.2 and 3.6.3)."""

    FROM = "from", _("From")
    REPLY_TO = "reply_to", _("Reply to")
    TO = "to", _("To")
    CC = "cc", _("Cc")
    BCC = "bcc", _("Bcc")


class Protection(TextChoices):
    """Who can open a body: the server with its keys, or only a client."""

    SERVER_SEALED = "server_sealed", _("Encrypted at rest")
    CLIENT_SEALED = "client_sealed", _("End-to-end encrypted")


class DraftKind(TextChoices):
    """What a draft will become."""

    REPLY = "reply", _("Reply")
    NOTE = "note", _("Internal note")
    NEW = "new", _("New conversation")
    FORWARD = "forward", _("Forward")
    PARTY = "party", _("Answer to another party")


class Folder(TextChoices):
    """The folders of the list: each is a question about tickets."""

    MINE = "mine", _("My open")
    UNASSIGNED = "unassigned", _("Unassigned")
    OPEN = "open", _("All open")
    PENDING = "pending", _("Pending")
    CLOSED = "closed", _("Closed")
    SPAM = "spam", _("Spam")
    BIN = "bin", _("Bin")
