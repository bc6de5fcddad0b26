"""The closed sets of mail. Stored values are never renamed."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Security(TextChoices):
    """How a connection is protected. Plaintext is for a server on the same machine alone."""

    TLS = "tls", _("TLS")
    STARTTLS = "starttls", _("STARTTLS")
    PLAINTEXT_LOOPBACK = "plaintext-loopback", _("none, same machine only")


class AuthKind(TextChoices):
    """How a mailbox signs in."""

    PASSWORD = "password", _("Password")
    XOAUTH2 = "xoauth2", _("OAuth2")


class OAuthProvider(TextChoices):
    """Who gives out the tokens of a mailbox that signs in by OAuth2."""

    GOOGLE = "google", _("Google")
    MICROSOFT = "microsoft", _("Microsoft 365")
    OTHER = "other", _("Another, as this desk's settings tell")


class OAuthFlow(TextChoices):
    """Who lets the desk into a mailbox: a person who consents, or an administrator for the application itself."""

    CONSENT = "consent", _("A person consents")
    APP = "app", _("The application by itself")


class History(TextChoices):
    """What the first connect takes."""

    NONE = "none", _("only mail that comes from now on")
    ALL = "all", _("everything that is there")


class Disposal(TextChoices):
    """What becomes of a mail on the server once it is safe here."""

    LEAVE = "leave", _("stays where it is")
    MOVE = "move", _("is moved to a folder")
    DELETE = "delete", _("is deleted")


class RawState(TextChoices):
    """How far a stored mail has come."""

    STORED = "stored", _("Stored")
    DONE = "done", _("Done")
    DUPLICATE = "duplicate", _("Same mail again")
    QUARANTINED = "quarantined", _("Could not be read")
    SKIPPED = "skipped", _("Skipped")


class Verdict(TextChoices):
    """What a mail is taken for."""

    KEEP = "keep", _("Mail")
    MUTE = "mute", _("Machine mail")
    BOUNCE = "bounce", _("Bounce")
    QUARANTINE = "quarantine", _("Could not be read")


class OutState(TextChoices):
    """How far an outgoing mail has come."""

    QUEUED = "queued", _("Waiting to be sent")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    DEFERRED = "deferred", _("Deferred")
    REFUSED = "refused", _("Refused")
    CANCELLED = "cancelled", _("Cancelled")
    UNCERTAIN = "uncertain", _("Not certain")


class OutKind(TextChoices):
    """What an outgoing mail is."""

    REPLY = "reply", _("Reply")
    NEW = "new", _("New conversation")
    ACKNOWLEDGEMENT = "acknowledgement", _("Acknowledgement")
    SYSTEM = "system", _("System mail")
    FORWARD = "forward", _("Forward")
    PARTY = "party", _("Answer to another party")


class BounceAction(TextChoices):
    """What a report says became of a mail. Only FAILED is a failure."""

    FAILED = "failed", _("Came back")
    DELAYED = "delayed", _("Delayed on the way")
    DELIVERED = "delivered", _("Arrived")
    COMPLAINT = "complaint", _("Reported as spam")


class CopyState(TextChoices):
    """How far the copy of a sent mail has come on its way into the folder for sent mail."""

    WAITING = "waiting", _("Waiting to be saved")
    SAVING = "saving", _("Being saved")
    SAVED = "saved", _("Saved")
    FAILED = "failed", _("Could not be saved")


class OutReason(StrEnum):
    """Why an outgoing mail is where it is, beside its state; pages have the words."""

    HANDING = "handing"
    LOST = "connection_lost"
    LOST_TWICE = "connection_lost_twice"
    SECOND_TRY = "second_try"
    """Sent, but an earlier try ended without an answer: it may have arrived twice."""
    PARTLY_LATER = "partly_deferred"
    PARTLY = "partly_refused"
    REFUSED = "refused"
    GAVE_UP = "gave_up"
    NO_MAILBOX = "no_mailbox"
    SEALED = "cannot_be_opened"
    BROKEN = "cannot_be_composed"
    WITHDRAWN = "withdrawn"
    """Stopped in the outbox by a person while it waited; it can be sent again."""
    LOST_ONCE = "connection_lost_once"
    """An acknowledgement whose connection was lost: it is not tried again, so that no two arrive."""
    NOT_WANTED = "not_wanted"
    """An acknowledgement that was switched off, stopped or outlived before it left."""


class AckReason(StrEnum):
    """Whether a mail was acknowledged, or why not; pages have the words."""

    WRITTEN = "written"
    NO_TEXT = "no_text"
    NOT_NEW = "not_new"
    """It hangs at a ticket that was there."""
    MACHINE = "machine"
    HISTORY = "history"
    """Imported, back-filled, or found by the comparison with the server."""
    OLD = "too_old"
    DOUBTED = "sender_doubted"
    NO_PERSON = "no_person"
    """Its sender is an address of this desk, one that nobody reads, or none at all."""
    NO_WAY_OUT = "no_way_out"
    PER_SENDER = "too_many_to_sender"
    PER_DOMAIN = "too_many_to_domain"
    STOPPED = "stopped"
    """The breaker is open: too many were sent within the hour."""


class RawReason(StrEnum):
    """Why a mail was not taken whole; what breaks a reader has its own codes."""

    TOO_LARGE = "too_large"
    WITHHELD = "withheld"
    DELETED_THERE = "deleted_on_server"
    BEFORE_US = "older_than_mailbox"
    SAME_CONTENT = "same_content"
    SAME_MAIL = "same_mail"
    """Another copy of a mail that the inbox has: the same to whoever reads it."""
    OWN_MAIL = "own_mail"
    """What the inbox sent itself came back to it."""
    SAME_ID = "same_message_id"
    """Taken, though the inbox has another mail of that Message-ID."""
    CANNOT_BE_OPENED = "cannot_be_opened"
    CRASHED = "crashed"
    FOR_MAIL = "for_mail"
    """A person says that this report is a mail to be read."""


class KillPoint(StrEnum):
    """Where a crash test kills the process: at each commit, rename and SMTP step of the mail path."""

    RAW_WRITTEN = "raw_written"
    RAW_BEFORE_COMMIT = "raw_before_commit"
    RAW_COMMITTED = "raw_committed"
    ATTEMPT_COUNTED = "attempt_counted"
    FILES_WRITTEN = "files_written"
    PROCESS_BEFORE_COMMIT = "process_before_commit"
    PROCESS_COMMITTED = "process_committed"
    REPLY_BEFORE_COMMIT = "reply_before_commit"
    REPLY_COMMITTED = "reply_committed"
    DELIVERY_CLAIMED = "delivery_claimed"
    DELIVERY_HANDING = "delivery_handing"
    DELIVERY_ANSWERED = "delivery_answered"
    DELIVERY_SETTLED = "delivery_settled"
    COPY_CLAIMED = "copy_claimed"
    COPY_KEPT = "copy_kept"
    COPY_SETTLED = "copy_settled"


FAULTS: Final[Mapping[str, Promise]] = {
    "token": _("The provider gives the desk no token: the consent may have ended."),
    "dns": _("The server's name is not found."),
    "tcp": _("The server cannot be reached."),
    "tls": _("The server's encryption or certificate cannot be trusted."),
    "sign_in": _("The server refuses the sign-in."),
    "folder": _("The folder cannot be opened: it may have been moved or renamed."),
    "fetch": _("The server fails while mail is read."),
    "dispose": _("Mail comes in, but cannot be moved or deleted on the server."),
    "storage_full": _("There is no room left to store mail."),
    "interrupted": _("Fetching was broken off by a fault of the desk itself; its log tells more."),
}
"""What is wrong with a mailbox, by the step at which its last cycle failed."""
