"""A case for each address of mail administration that takes a form: the form is sent, and its effect is read back."""

import json
import re
from typing import Final

from tests.flows.posts_of_tickets import Case, refused, unread
from tests.flows.real_desk import RealDesk, Visitor, found, wait_for
from tests.servers.reports import Told, make_report


def _cancel(real: RealDesk) -> None:
    number = real.ticket()
    fields = {"text": "Goldregenpfeifer, stopped", "version": real.version(number)}
    sent = real.person().form(f"/t/{number}/reply", fields, Accept="application/json")
    mail = json.loads(sent.body)["undo"]["url"].rpartition("/")[2]

    answer = real.person("Inbox admin").form(f"/mail/outbox/{mail}/cancel", {"state": "all"})

    assert (answer.status, answer.headers["location"]) == (302, "/mail/outbox?state=all")
    assert real.acts(number)[-1] == "mail.stopped"
    assert real.sent("Goldregenpfeifer") is None


def _resend(real: RealDesk) -> None:
    number, mail = refused(real, "Mornellregenpfeifer 40")
    path = f"/mail/outbox/{mail}/resend"
    keeper = real.person("Inbox admin")
    assert f'action="{path}"' in keeper.page("/mail/outbox")

    assert keeper.form(path, {}).status == 302

    assert "mail.resent" in real.acts(number)
    wait_for(lambda: real.acts(number).count("mail.refused") == 2)


def _retry_one(real: RealDesk) -> None:
    number, keeper = unread(real, "Third chance"), real.person("Inbox admin")
    row = rf'href="/t/{number}">.*?action="(/mail/quarantine/[0-9a-f-]{{36}}/retry)"'
    path = found(row, keeper.page("/mail/quarantine"))

    answer = keeper.form(path, {})

    assert (answer.status, answer.headers["location"]) == (302, "/mail/quarantine")
    _is_read(real, number, "Third chance")


def _retry_all(real: RealDesk) -> None:
    first, second = unread(real, "Fourth chance"), unread(real, "Fifth chance")

    answer = real.person("Inbox admin").form("/mail/quarantine/retry", {})

    assert (answer.status, answer.headers["location"]) == (302, "/mail/quarantine")
    _is_read(real, first, "Fourth chance")
    _is_read(real, second, "Fifth chance")


def _is_read(real: RealDesk, number: int, subject: str) -> None:
    """Prove that the mail of that subject is a ticket now, and that the one that stood for it is in the bin."""
    wait_for(lambda: subject in real.person().page("/?folder=open"))
    assert real.acts(number)[-1] == "mail.retried"
    assert "This ticket is in the bin." in real.ticket_page(number)


def _take_report(real: RealDesk) -> None:
    keeper = real.person("Inbox admin")
    before = _reports(keeper)
    real.deliver(make_report("<never@example.net>", Told("kim@example.com"), subject="Dotterel 41"))
    (path,) = wait_for(lambda: _reports(keeper) - before)

    assert keeper.form(path, {}).status == 302

    wait_for(lambda: "Dotterel 41" in real.person().page("/?folder=open"))
    assert path not in _reports(keeper)


def _reports(keeper: Visitor) -> set[str]:
    return set(re.findall(r'action="(/mail/reports/[0-9a-f-]{36}/take)"', keeper.page("/mail/reports")))


CASES: Final[dict[str, Case]] = {
    "mail:cancel": _cancel,
    "mail:resend_here": _resend,
    "mail:retry_one": _retry_one,
    "mail:retry_all": _retry_all,
    "mail:take_report": _take_report,
}
