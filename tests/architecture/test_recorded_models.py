"""Every model of ours stands in exactly one column: registry, `record()`, or not recorded with its reason."""

from collections.abc import Iterable
from typing import Final

from auditlog.registry import auditlog
from django.apps import apps

from tests.architecture.source import PRODUCT

REGISTRY: Final = frozenset(
    {
        "accounts.User",
        "accounts.Team",
        "inboxes.Inbox",
        "inboxes.InboxAddress",
        "inboxes.OpeningHours",
        "inboxes.Holiday",
        "inboxes.Role",
        "mail.Acknowledgement",
        "mail.Mailbox",
    }
)
RECORD: Final = frozenset(
    {
        "accounts.TotpDevice",
        "accounts.RecoveryDevice",
        "accounts.RecoveryCode",
        "inboxes.Binding",
        "mail.Bounce",
        "mail.Breaker",
        "contacts.Contact",
        "contacts.ContactAddress",
        "tickets.Ticket",
        "tickets.TicketReader",
        "tickets.Message",
        "tickets.Participant",
        "tickets.Attachment",
        "tickets.Draft",
    }
)
UNRECORDED: Final = {
    "audit.Entry": "the log itself",
    "crypto.KeyEncryptionKey": "keys: their own rows and `keys status` tell their life",
    "crypto.DataKey": "keys: made and destroyed with their owner, whose act is recorded",
    "inboxes.InboxGroupPermission": "derived from bindings, which are recorded",
    "mail.RawMail": "what the server sent, before anybody looks at it",
    "mail.Acknowledged": "counts what was sent: the entry on the ticket tells of it",
    "mail.InboundMail": "the work item of one mail: the ticket's acts are recorded",
    "mail.MailboxCycle": "how one look into a mailbox went, kept for a month",
    "mail.OutboundMail": "the work item of one reply: reply, sending and refusal are recorded",
    "mail.SentCopy": "the work item of one copy: the mail itself was recorded as sent",
    "tickets.TicketSeen": "a person's own mark; the view itself is an entry",
}


def our_models() -> set[str]:
    """Return the labels of the models that our own packages define, those made by the way for relations left out."""
    return {
        model._meta.label
        for model in apps.get_models()
        if model.__module__.split(".")[0] in PRODUCT and not model._meta.auto_created
    }


def registered_models() -> set[str]:
    """Return the labels of all models in auditlog's registry."""
    return {model._meta.label for model in apps.get_models() if auditlog.contains(model)}


def misplaced(labels: Iterable[str]) -> list[str]:
    """Return the labels that stand in no column, or in more than one."""
    columns: tuple[Iterable[str], ...] = (REGISTRY, RECORD, UNRECORDED)
    return sorted(label for label in labels if sum(label in column for column in columns) != 1)


def unknown(labels: set[str]) -> list[str]:
    """Return the labels of the table that no model has."""
    return sorted((REGISTRY | RECORD | set(UNRECORDED)) - labels)


def test_every_model_stands_in_one_column() -> None:
    labels = our_models()

    assert misplaced(labels) == []
    assert unknown(labels) == []


def test_the_registry_holds_the_first_column_and_nothing_else_of_ours() -> None:
    assert registered_models() & our_models() == REGISTRY


def test_each_unrecorded_model_has_its_reason() -> None:
    assert [label for label, reason in UNRECORDED.items() if len(reason.split()) < 3] == []


def test_a_new_model_is_seen() -> None:
    assert misplaced({"tickets.Ticket", "tickets.Planted"}) == ["tickets.Planted"]
    assert unknown(our_models() - {"tickets.Ticket"}) == ["tickets.Ticket"]
