"""The filter of the log and the form of an export. Days are those of the person who asks."""

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.actions import Action, Outcome
from audit.export import Form
from audit.querysets import EntryFilter
from helpdesk.web.audit.words import ACTIONS
from inbox.inboxes.models import Inbox
from inbox.inboxes.permissions import Access
from inbox.tickets.models import Ticket

NO_TICKET = UUID(int=0)
"""Stands for a ticket number that was never given: no entry has it."""

_OUTCOMES = {Outcome.DONE: _("done"), Outcome.DENIED: _("denied"), Outcome.FAILED: _("failed")}


def _day_input() -> forms.DateInput:
    return forms.DateInput({"type": "date"}, format="%Y-%m-%d")


class FilterForm(forms.Form):
    """What to look for. An empty field means any."""

    who = forms.TypedChoiceField(label=_("Who"), coerce=UUID, empty_value=None, required=False)
    action = forms.TypedChoiceField(label=_("What"), coerce=Action, empty_value=None, required=False)
    outcome = forms.TypedChoiceField(label=_("Outcome"), coerce=Outcome, empty_value=None, required=False)
    ticket = forms.IntegerField(label=_("Ticket number"), min_value=1, max_value=2**62, required=False)
    inbox = forms.TypedChoiceField(label=_("Inbox"), coerce=UUID, empty_value=None, required=False)
    since = forms.DateField(label=_("From day"), required=False, widget=_day_input())
    until = forms.DateField(label=_("To day"), required=False, widget=_day_input())

    def __init__(self, *args: object, person: User, access: Access, **kwargs: object) -> None:
        """Offer what `access` may see; days begin and end where `person` is."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # Django's own arguments, handed on
        self._zone = ZoneInfo(person.timezone)
        self._inbox_ids = access.audit_inboxes
        inboxes = Inbox.objects.order_by("name")
        if access.audit_inboxes is not None:
            inboxes = inboxes.filter(pk__in=access.audit_inboxes)
        people = [(str(key), name) for key, name in User.objects.order_by("name").values_list("pk", "name")]
        self._offer("who", [("", _("anybody")), *people])
        self._offer("inbox", [("", _("any inbox")), *((str(inbox.pk), inbox.name) for inbox in inboxes)])
        self._offer("action", [("", _("anything")), *((action.value, words) for action, words in ACTIONS.items())])
        if person.timezone != "UTC":
            self.fields["since"].label = gettext("From day (%(zone)s)") % {"zone": person.timezone}
            self.fields["until"].label = gettext("To day (%(zone)s)") % {"zone": person.timezone}
        self._offer("outcome", [("", _("any outcome")), *((one.value, words) for one, words in _OUTCOMES.items())])

    def _offer(self, name: str, choices: list[tuple[str, object]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined] # it is a choice field

    def clean(self) -> dict[str, object]:
        """Refuse a range that ends before it begins."""
        data = self.cleaned_data
        if data.get("since") and data.get("until") and data["until"] < data["since"]:
            self.add_error("until", _("This lies before the first day."))
        return data

    def as_filter(self) -> EntryFilter:
        """Return what was asked for, narrowed to what the person may see. The form must be valid."""
        data = self.cleaned_data
        return EntryFilter(
            person_id=data["who"],
            action=data["action"],
            outcome=data["outcome"],
            ticket_id=_ticket_id(data["ticket"]),
            inbox_id=data["inbox"],
            since=self._begin(data["since"]),
            until=self._begin(data["until"] + timedelta(days=1)) if data["until"] else None,
            inbox_ids=self._inbox_ids,
        )

    def _begin(self, day: date | None) -> datetime | None:
        return None if day is None else datetime.combine(day, time.min, self._zone)


class ExportForm(FilterForm):
    """A filter, and what the file looks like."""

    format = forms.ChoiceField(label=_("Format"), choices=[(Form.CSV, "CSV"), (Form.JSONL, "JSON Lines")])
    byte_order_mark = forms.BooleanField(
        label=_("Begin CSV with a byte order mark"),
        help_text=_("Some spreadsheets show names in other scripts rightly only with it."),
        required=False,
    )


def _ticket_id(number: int | None) -> UUID | None:
    if number is None:
        return None
    return Ticket.objects.filter(number=number).values_list("pk", flat=True).first() or NO_TICKET
