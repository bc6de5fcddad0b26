"""Filters that say codes of mail in words."""

from collections.abc import Iterator

from django import template
from django.utils.functional import Promise
from django.utils.translation import ngettext

from helpdesk.web.base.mailwords import FAULTS, UNREADABLE, worded
from inbox.mail.overview.mailboxes import Cycle

register = template.Library()


@register.filter
def fault_words(step: str) -> Promise | str:
    """Return why a look into a mailbox failed."""
    return worded(FAULTS, step)


@register.filter
def unreadable_words(reason: str) -> Promise | str:
    """Return why a mail could not be read."""
    return worded(UNREADABLE, reason or "crashed")


@register.filter
def counted(look: Cycle) -> list[str]:
    """Return what came in one look into a mailbox, one phrase a kind; nothing for nothing."""
    return list(_counted(look))


def _counted(look: Cycle) -> Iterator[str]:
    if look.stored:
        yield ngettext("%(n)d new mail", "%(n)d new mails", look.stored) % {"n": look.stored}
    if look.duplicate:
        yield ngettext("%(n)d that was here", "%(n)d that were here", look.duplicate) % {"n": look.duplicate}
    if look.reconciled:
        yield ngettext("%(n)d found by comparing", "%(n)d found by comparing", look.reconciled) % {"n": look.reconciled}
    if look.skipped:
        yield ngettext("%(n)d left out", "%(n)d left out", look.skipped) % {"n": look.skipped}
    if look.disposed:
        yield ngettext("%(n)d moved or deleted there", "%(n)d moved or deleted there", look.disposed) % {
            "n": look.disposed
        }
