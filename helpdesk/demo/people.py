"""The demo's people and inboxes: a bicycle shop, with one person at least of each role that ships."""

from dataclasses import dataclass
from typing import Final

DOMAIN: Final = "nordlicht.example.org"


@dataclass(frozen=True, slots=True)
class DemoInbox:
    """An inbox with its address. `signature` ends its answers."""

    name: str
    address: str
    language: str
    signature: str


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A person of the desk. `role` is a shipped role's name; `inboxes` are names, None means all of them."""

    email: str
    name: str
    role: str
    inboxes: tuple[str, ...] | None
    language: str = "en"
    timezone: str = "Europe/Berlin"
    team: str = ""


MAILBOX_USER: Final = f"desk@{DOMAIN}"
"""The one mail account behind all inboxes; mail is told apart by its recipient."""

INBOXES: Final = (
    DemoInbox("Support", f"support@{DOMAIN}", "en", "Nordlicht Bicycles\nSupport"),
    DemoInbox("Billing", f"billing@{DOMAIN}", "en", "Nordlicht Bicycles\nBilling"),
    DemoInbox("Privacy", f"privacy@{DOMAIN}", "en", "Nordlicht Bicycles\nData protection"),
)

TEAMS: Final = ("Workshop", "Office")

PEOPLE: Final = (
    DemoPerson(f"lea.sommer@{DOMAIN}", "Lea Sommer", "Agent", ("Support",), team="Workshop"),
    DemoPerson(f"bashir.haddad@{DOMAIN}", "Bashir Haddad", "Agent", ("Support", "Billing"), team="Workshop"),
    DemoPerson(f"mateo.rossi@{DOMAIN}", "Mateo Rossi", "Senior agent", ("Support", "Billing"), team="Workshop"),
    DemoPerson(f"yuki.mori@{DOMAIN}", "Yuki Mori", "Senior agent", ("Privacy",), timezone="Asia/Tokyo", team="Office"),
    DemoPerson(f"greta.lindqvist@{DOMAIN}", "Greta Lindqvist", "Team lead", ("Support", "Billing"), team="Office"),
    DemoPerson(f"tomasz.wrona@{DOMAIN}", "Tomasz Wrona", "Inbox admin", None, timezone="Europe/Warsaw", team="Office"),
    DemoPerson(f"aisha.bello@{DOMAIN}", "Aisha Bello", "Compliance officer", None, timezone="Africa/Lagos"),
    DemoPerson(f"viktor.hale@{DOMAIN}", "Viktor Hale", "Security admin", None, timezone="Europe/London"),
    DemoPerson(f"nina.castro@{DOMAIN}", "Nina Castro", "Read-only", ("Support",), timezone="America/Lima"),
)
