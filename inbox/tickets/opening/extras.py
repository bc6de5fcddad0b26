"""Open what few mails have besides their words: invitations, a signature, a sender without an address."""

from datetime import datetime
from typing import Any

from helpdesk.crypto.errors import CryptoError
from inbox.tickets.models import Message, Ticket
from inbox.tickets.opening.people import record_damage
from inbox.tickets.rows import Extras, InvitationView


def open_extras(ticket: Ticket, message: Message) -> Extras:
    """Return what `message` has besides; what is damaged is recorded and left out. The caller names the purpose."""
    try:
        values = message.extras
    except CryptoError:
        record_damage(ticket, message, "extras")
        return Extras()
    return _extras(values) if values else Extras()


def _extras(values: dict[str, Any]) -> Extras:  # Any: JSON values
    return Extras(
        sender_name=str(values.get("sender_name", "")),
        encrypted=str(values.get("encrypted", "")),
        signed=str(values.get("signed", "")),
        invitations=tuple(_invitation(found) for found in values.get("invitations", ())),
    )


def _invitation(values: dict[str, Any]) -> InvitationView:  # Any: JSON values
    organiser = values.get("organiser")
    return InvitationView(
        summary=values["summary"],
        starts=_moment(values["starts"]),
        ends=_moment(values["ends"]),
        all_day=values["all_day"],
        floating=values["floating"],
        place=values["place"],
        organiser=_person(organiser) if organiser else "",
        attendees=tuple(_person(person) for person in values["attendees"]),
        method=values["method"],
        repeats=values["repeats"],
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _person(pair: list[str]) -> str:
    name, address = pair
    return name or address
