"""Watch over the mailboxes: an alarm when one goes without a good cycle for too long, once an outage, and an all-clear.

The pages tell the same by themselves; this is for those who do not look at them.
"""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from inbox.inboxes.access import holders_of, people_with
from inbox.inboxes.permissions import DeskRight, Right
from inbox.mail.models import Mailbox
from inbox.mail.models.mailbox import SECRET_WARNING, alarm_after
from inbox.mail.send.alarm import alarm
from inbox.mail.send.system import divert
from inbox.mail.states import FAULTS


def watch() -> None:
    """Tell of outages that begin or end and of secrets that soon end, each once; let stuck alarms leave another way.

    May run twice.
    """
    for box in Mailbox.objects.exclude(imap_host=""):
        if _is_out(box):
            _raise_alarm(box.pk)
        elif box.outage_told_at is not None and (box.outage_until is not None or not box.active):
            _give_all_clear(box.pk)
        if _ends_soon(box):
            _announce_end(box.pk)
    divert()


def _is_out(box: Mailbox) -> bool:
    """Tell whether an outage began that nobody was told of. A mailbox that was just switched on has its first look."""
    if box.outage_told_at is not None or not box.active:
        return False
    waits_since = box.next_poll_at
    is_left_alone = waits_since is not None and timezone.now() - waits_since > alarm_after()
    return box.needs_consent or (box.is_late and (box.failures > 0 or is_left_alone))


@transaction.atomic
def _raise_alarm(mailbox_id: UUID) -> None:
    box = Mailbox.objects.select_for_update(of=("self",)).select_related("inbox").get(pk=mailbox_id)
    if not _is_out(box):
        return
    box.outage_from = box.good_until
    box.outage_told_at = timezone.now()
    box.outage_until = None
    box.outage_mails = 0
    box.save(update_fields=["outage_from", "outage_told_at", "outage_until", "outage_mails"])
    subject = format_lazy(_("No mail is fetched for {inbox}"), inbox=box.inbox.name)
    text = _(
        "The mailbox {mailbox}, which feeds the inbox {inbox}, was last fetched on {since}.\n\n{fault}\n\n"
        "Nothing is lost: mail waits on its server and comes in once this is mended. The desk goes on trying.\n\n"
        "The server's own words stand on the page of the mailbox: {url}\n"
    )
    fault = FAULTS.get(box.fault_step, _("Nobody looks into it: are the worker and the beat running?"))
    since = _moment(box.outage_from)
    alarm(subject, format_lazy(text, fault=fault, since=since, **_named(box)), to=_keepers(box))


@transaction.atomic
def _give_all_clear(mailbox_id: UUID) -> None:
    box = Mailbox.objects.select_for_update(of=("self",)).select_related("inbox").get(pk=mailbox_id)
    if box.outage_told_at is None:
        return
    box.outage_told_at = None
    box.save(update_fields=["outage_told_at"])
    if box.outage_until is None:
        return  # it was switched off: nothing is to be told
    subject = format_lazy(_("Mail is fetched again for {inbox}"), inbox=box.inbox.name)
    text = _(
        "The mailbox {mailbox}, which feeds the inbox {inbox}, is fetched again since {until}.\n\n"
        "Mails that had come in the meantime and are in the desk now: {mails}\n"
    )
    until = _moment(box.outage_until)
    words = format_lazy(text, until=until, mails=str(box.outage_mails), **_named(box))
    alarm(subject, words, to=_keepers(box))


def _ends_soon(box: Mailbox) -> bool:
    ends = box.secret_ends_at
    if ends is None or not box.active:
        return False
    told = box.secret_told_at
    return ends - timezone.now() < SECRET_WARNING and (told is None or told < ends - SECRET_WARNING)


@transaction.atomic
def _announce_end(mailbox_id: UUID) -> None:
    box = Mailbox.objects.select_for_update(of=("self",)).select_related("inbox").get(pk=mailbox_id)
    if box.secret_ends_at is None or not _ends_soon(box):
        return
    box.secret_told_at = timezone.now()
    box.save(update_fields=["secret_told_at"])
    subject = format_lazy(_("The sign-in of a mailbox soon ends: {inbox}"), inbox=box.inbox.name)
    text = _(
        "The secret with which the mailbox {mailbox} of the inbox {inbox} signs in ends on {ends}. "
        "After that no mail comes in until somebody renews it: {url}\n"
    )
    words = format_lazy(text, ends=_moment(box.secret_ends_at), **_named(box))
    alarm(subject, words, to=_keepers(box))


def _named(box: Mailbox) -> dict[str, str]:
    url = f"{settings.POSTERN_URL}/admin/mail/mailbox/{box.pk}/change/"
    return {"mailbox": str(box), "inbox": box.inbox.name, "url": url}


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _keepers(box: Mailbox) -> list[User]:
    """Return who is told: whoever manages the inbox's mailboxes, else those who manage the desk."""
    return holders_of(Right.MANAGE_MAILBOX, box.inbox_id) or people_with(DeskRight.MANAGE_ROLES)
