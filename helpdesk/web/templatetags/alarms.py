"""What is wrong with the desk as a whole, for those who can do something about it."""

from dataclasses import dataclass

from django import template
from django.urls import reverse
from django.utils.translation import gettext

from helpdesk.web.base.request import NOBODY
from inbox.inboxes.models import Inbox
from inbox.inboxes.permissions import DeskRight
from inbox.mail.send.limits import is_stopped

register = template.Library()


@dataclass(frozen=True, slots=True)
class Alarm:
    """One trouble in words, and where one does something about it."""

    words: str
    url: str


@register.simple_tag(takes_context=True)
def alarms(context: template.Context) -> tuple[Alarm, ...]:
    """Return what is wrong and stays so until this person acts; nothing for whoever cannot, and no query then."""
    access = getattr(context.get("request"), "access", NOBODY)
    if not access.may(DeskRight.MANAGE_ROLES) or not is_stopped():
        return ()
    return (Alarm(gettext("Acknowledgements are stopped"), _page_of_acknowledgements()),)


def _page_of_acknowledgements() -> str:
    inbox = Inbox.objects.order_by("-acknowledges", "name").first()
    if inbox is None:
        return reverse("admin:inboxes_inbox_changelist")
    return reverse("admin:inbox_acknowledgements", args=[inbox.pk])
