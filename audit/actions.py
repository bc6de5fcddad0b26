"""The closed list of what can be recorded. Stored values are never renamed."""

from enum import StrEnum


class Action(StrEnum):
    """What was done, named `subject.verb`."""

    TICKET_LIST = "ticket.list"
    TICKET_VIEW = "ticket.view"
    TICKET_PRINT = "ticket.print"
    TICKET_OPENED = "ticket.opened"
    TICKET_APPENDED = "ticket.appended"
    TICKET_REPLY = "ticket.reply"
    TICKET_NOTE = "ticket.note"
    TICKET_ASSIGNED = "ticket.assigned"
    TICKET_STATE = "ticket.state"
    TICKET_DELETED = "ticket.deleted"
    TICKET_RESTORED = "ticket.restored"
    TICKET_SPAM = "ticket.spam"
    TICKET_RESTRICTED = "ticket.restricted"
    TICKET_READER = "ticket.reader"
    DRAFT_VIEW = "draft.view"
    MESSAGE_BODY = "message.body"
    MESSAGE_RAW = "message.raw"
    ATTACHMENT_DOWNLOAD = "attachment.download"
    LINK_OPENED = "link.opened"
    CONTACT_MADE = "contact.made"
    CONTACT_VIEW = "contact.view"
    MAIL_STORED = "mail.stored"
    MAIL_QUARANTINED = "mail.quarantined"
    MAIL_RETRIED = "mail.retried"
    MAIL_SENT = "mail.sent"
    MAIL_REFUSED = "mail.refused"
    MAIL_UNCERTAIN = "mail.uncertain"
    MAIL_CANCELLED = "mail.cancelled"
    MAIL_RESENT = "mail.resent"
    MAILBOX_TESTED = "mailbox.tested"
    MAILBOX_SECRET = "mailbox.secret"  # noqa: S105 - an action's name, no secret
    SIGN_IN = "session.sign_in"
    SIGN_IN_FAILED = "session.sign_in_failed"
    SIGN_OUT = "session.sign_out"
    SESSION_ENDED = "session.ended"
    FACTOR_ENROLLED = "factor.enrolled"
    FACTOR_FAILED = "factor.failed"
    FACTOR_RESET = "factor.reset"
    RECOVERY_ISSUED = "factor.recovery_issued"
    RECOVERY_USED = "factor.recovery_used"
    PASSWORD_CHANGED = "person.password_changed"  # noqa: S105 - an action's name, no password
    PERSON_SWITCHED_OFF = "person.switched_off"
    PERSON_SWITCHED_ON = "person.switched_on"
    TEAM_MEMBERS = "team.members"
    ROLE_BOUND = "binding.made"
    ROLE_UNBOUND = "binding.ended"
    BINDING_CHANGED = "binding.changed"
    ACCESS_DENIED = "access.denied"
    AUDIT_VIEW = "audit.view"
    AUDIT_EXPORT = "audit.export"
    KEYS_ROTATED = "keys.rotated"
    INTEGRITY_FAILURE = "integrity.failure"
    ROW_CREATED = "row.created"
    ROW_CHANGED = "row.changed"
    ROW_DELETED = "row.deleted"


class Outcome(StrEnum):
    """How it ended."""

    DONE = "done"
    DENIED = "denied"
    FAILED = "failed"


class SubjectKind(StrEnum):
    """What an entry is about."""

    TICKET = "ticket"
    MESSAGE = "message"
    ATTACHMENT = "attachment"
    CONTACT = "contact"
    MAIL = "mail"
    MAILBOX = "mailbox"
    INBOX = "inbox"
    PERSON = "person"
    TEAM = "team"
    ROLE = "role"
    BINDING = "binding"
    AUDIT = "audit"
    KEY = "key"
    URL = "url"
    DESK = "desk"
    ROW = "row"
    """A settings row without a kind of its own; the entry's content type tells which."""


class Flag(StrEnum):
    """Circumstances that a reviewer asks for."""

    ASSIGNED_TO_ACTOR = "assigned_to_actor"
    CONTACT_VIP = "contact_vip"
    BREAK_GLASS = "break_glass"
    RESTRICTED = "restricted"
