"""The log in plain words: what was done, on what, under which circumstances, and its details."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from audit.actions import Action, Flag, SubjectKind
from audit.opening import Content, PayloadState
from audit.payload import Plain

ACTIONS: Final[Mapping[Action, Promise]] = {
    Action.TICKET_LIST: later("saw tickets in a list"),
    Action.TICKET_VIEW: later("opened a ticket"),
    Action.TICKET_PRINT: later("printed a ticket"),
    Action.TICKET_OPENED: later("a ticket was opened"),
    Action.TICKET_APPENDED: later("a message was added to a ticket"),
    Action.TICKET_REPLY: later("answered"),
    Action.TICKET_FORWARDED: later("forwarded a ticket"),
    Action.TICKET_PARTY: later("answered another party of a ticket"),
    Action.TICKET_NOTE: later("wrote a note"),
    Action.TICKET_ASSIGNED: later("assigned a ticket"),
    Action.TICKET_STATE: later("changed the state of a ticket"),
    Action.TICKET_DELETED: later("put a ticket into the bin"),
    Action.TICKET_RESTORED: later("took a ticket out of the bin"),
    Action.TICKET_SPAM: later("marked a ticket as spam"),
    Action.TICKET_RESTRICTED: later("restricted a ticket"),
    Action.TICKET_READER: later("changed who reads a restricted ticket"),
    Action.DRAFT_VIEW: later("opened a draft"),
    Action.MESSAGE_BODY: later("opened the body of a message"),
    Action.MESSAGE_RAW: later("saw the raw mail"),
    Action.ATTACHMENT_DOWNLOAD: later("downloaded an attachment"),
    Action.LINK_OPENED: later("followed a link of a mail"),
    Action.CONTACT_MADE: later("a contact was made"),
    Action.CONTACT_VIEW: later("opened a contact"),
    Action.ADDRESS_UNDELIVERABLE: later("an address was marked: mail to it comes back"),
    Action.ADDRESS_REACHABLE: later("an address was heard from again"),
    Action.MAIL_STORED: later("a mail was stored"),
    Action.MAIL_VIEW: later("saw what was reported about mails"),
    Action.MAIL_QUARANTINED: later("a mail could not be read"),
    Action.MAIL_RETRIED: later("had a mail read again"),
    Action.MAIL_ACKNOWLEDGED: later("a mail was acknowledged"),
    Action.ACKS_STOPPED: later("acknowledgements were stopped: too many went out"),
    Action.ACKS_RESUMED: later("let acknowledgements go out again"),
    Action.MAIL_SENT: later("a mail was sent"),
    Action.MAIL_REFUSED: later("a mail was refused"),
    Action.MAIL_UNCERTAIN: later("a mail was perhaps sent"),
    Action.MAIL_CANCELLED: later("took a mail back before it was sent"),
    Action.MAIL_STOPPED: later("stopped a mail in the outbox"),
    Action.MAIL_RESENT: later("had a mail sent again"),
    Action.MAIL_READDRESSED: later("sent a mail again to another address"),
    Action.MAIL_BOUNCED: later("a report on a mail came in"),
    Action.MAIL_BOUNCES: later("saw what came back"),
    Action.MAILBOX_TESTED: later("tested the connection of a mailbox"),
    Action.MAILBOX_CONNECTED: later("connected a mailbox to its provider"),
    Action.MAILBOX_CONSENT_ENDED: later("the provider let nobody into a mailbox any more"),
    Action.MAILBOX_SECRET: later("changed the secret of a mailbox"),
    Action.SIGN_IN: later("signed in"),
    Action.SIGN_IN_FAILED: later("tried to sign in"),
    Action.SIGN_OUT: later("signed out"),
    Action.SESSION_ENDED: later("a session was ended"),
    Action.FACTOR_ENROLLED: later("set up a second factor"),
    Action.FACTOR_FAILED: later("gave a wrong code"),
    Action.FACTOR_RESET: later("reset second factors"),
    Action.RECOVERY_ISSUED: later("got new recovery codes"),
    Action.RECOVERY_USED: later("used a recovery code"),
    Action.PASSWORD_CHANGED: later("changed a password"),
    Action.PERSON_SWITCHED_OFF: later("switched a person off"),
    Action.PERSON_SWITCHED_ON: later("switched a person on"),
    Action.TEAM_MEMBERS: later("changed the members of a team"),
    Action.ROLE_BOUND: later("bound a role"),
    Action.ROLE_UNBOUND: later("ended a binding"),
    Action.BINDING_CHANGED: later("changed a binding"),
    Action.ACCESS_DENIED: later("asked for something without the right to it"),
    Action.AUDIT_VIEW: later("read the log"),
    Action.AUDIT_EXPORT: later("exported the log"),
    Action.KEYS_ROTATED: later("renewed keys"),
    Action.INTEGRITY_FAILURE: later("something sealed does not fit"),
    Action.ROW_CREATED: later("made"),
    Action.ROW_CHANGED: later("changed"),
    Action.ROW_DELETED: later("removed"),
}
SUBJECTS: Final[Mapping[SubjectKind, Promise]] = {
    SubjectKind.TICKET: later("ticket"),
    SubjectKind.MESSAGE: later("message"),
    SubjectKind.ATTACHMENT: later("attachment"),
    SubjectKind.CONTACT: later("contact"),
    SubjectKind.MAIL: later("mail"),
    SubjectKind.MAILBOX: later("mailbox"),
    SubjectKind.INBOX: later("inbox"),
    SubjectKind.PERSON: later("person"),
    SubjectKind.TEAM: later("team"),
    SubjectKind.ROLE: later("role"),
    SubjectKind.BINDING: later("binding"),
    SubjectKind.AUDIT: later("the log"),
    SubjectKind.KEY: later("key"),
    SubjectKind.URL: later("address"),
    SubjectKind.DESK: later("the desk"),
    SubjectKind.ROW: later("row"),
}
FLAGS: Final[Mapping[Flag, Promise]] = {
    Flag.ASSIGNED_TO_ACTOR: later("own ticket"),
    Flag.CONTACT_VIP: later("important contact"),
    Flag.BREAK_GLASS: later("break-glass"),
    Flag.RESTRICTED: later("restricted"),
}


def action_words(action: str) -> str:
    """Return what was done; an action of a newer version keeps its name."""
    return str(ACTIONS[Action(action)]) if action in _ACTION_VALUES else action


def subject_words(kind: str, name: str) -> str:
    """Return what it was done on, with its name where there is one."""
    words = str(SUBJECTS[SubjectKind(kind)]) if kind in _SUBJECT_VALUES else kind
    return f"{words} {name}".rstrip()


def flag_words(flags: Sequence[str]) -> tuple[str, ...]:
    """Return the circumstances."""
    return tuple(str(FLAGS[Flag(flag)]) if flag in _FLAG_VALUES else flag for flag in flags)


def detail_words(content: Content, names: Mapping[UUID, str]) -> tuple[tuple[str, str], ...]:
    """Return the details as pairs of name and text; ids that have a name show it."""
    if content.state is PayloadState.ERASED:
        return ((_("payload"), _("erased with its person")),)
    if content.state is PayloadState.DAMAGED:
        return ((_("payload"), _("does not fit its row: it was changed")),)
    return (*_facts(content.details, names), *_changes(content.changes, names), *_agent(content))


def _agent(content: Content) -> Iterator[tuple[str, str]]:
    if content.agent:
        yield _("program"), content.agent


def _facts(details: Mapping[str, Plain], names: Mapping[UUID, str]) -> Iterator[tuple[str, str]]:
    for name, value in details.items():
        text = _text(value, names)
        if text:
            yield name.replace("_", " "), text


def _changes(changes: Mapping[str, Plain], names: Mapping[UUID, str]) -> Iterator[tuple[str, str]]:
    for name, value in changes.items():
        if isinstance(value, list):
            yield name, " → ".join(_text(side, names) or "–" for side in value)
        else:
            yield name, _text(value, names)


def _text(value: Plain, names: Mapping[UUID, str]) -> str:
    if value is None or value == []:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_text(part, names)}" for name, part in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_text(part, names) for part in value)
    return _named(str(value), names)


def _named(text: str, names: Mapping[UUID, str]) -> str:
    try:
        return names.get(UUID(text), text)
    except ValueError:
        return text


_ACTION_VALUES: Final = frozenset(action.value for action in Action)
_SUBJECT_VALUES: Final = frozenset(kind.value for kind in SubjectKind)
_FLAG_VALUES: Final = frozenset(flag.value for flag in Flag)
