"""Acknowledgements in the administration: written, shown as they leave, tried out, and let go again after a stop."""

import re

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from audit.models import Entry
from inbox.inboxes.models import Inbox
from inbox.mail.models import Acknowledgement, Breaker, OutboundMail
from inbox.mail.models.ack import ACKNOWLEDGEMENTS
from inbox.mail.send.limits import is_stopped
from tests.admin_forms import inbox_form
from tests.inbox.mail.acks import make_acknowledging
from tests.make import Letter, make_agent, make_inbox, make_mail, make_mailbox, receive
from tests.security.desk import make_holder
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db

TEXT = {
    "language": "en",
    "subject": "We have your mail",
    "text": "Your <b>ticket</b> is {number}.",
    "closed_text": "We are back on Monday.",
}


def person(role: str, inbox: Inbox) -> Client:
    """Return the browser of somebody who holds the role on the inbox."""
    return client_of(make_holder(role, inbox))


def change(client: Client, inbox: Inbox, form: dict[str, str]) -> str:
    """Send the form of the inbox and return what it complains about, "" when it was taken."""
    answer = client.post(f"/admin/inboxes/inbox/{inbox.pk}/change/", form)
    found = re.findall(r'class="errorlist[^"]*"[^>]*>(.*?)</ul>', answer.content.decode(), re.DOTALL)
    return "" if answer.status_code == 302 else re.sub(r"<[^>]+>|\s+", " ", " ".join(found)).strip()


def stop(settings: Settings) -> None:
    """Open the breaker."""
    settings.MAIL_ACKS_AN_HOUR = 1
    make_acknowledging()
    for host in ("one", "two"):
        receive(make_mail(letter=Letter(sender=f"kim@{host}.example.org")))
    assert is_stopped()


def test_a_text_is_written_and_switched_on_in_one_form() -> None:
    inbox = make_inbox()

    told = change(
        person("Inbox admin", inbox),
        inbox,
        inbox_form("Support", {"acknowledgements": [TEXT]}) | {"acknowledges": "on"},
    )

    inbox.refresh_from_db()
    row = Acknowledgement.objects.get()
    assert (told, inbox.acknowledges, row.inbox, row.text) == ("", True, inbox, TEXT["text"])
    assert Entry.objects.filter(action="row.created", subject_kind="row").exists()


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({}, "Write a text before"),
        ({"acknowledgements": [TEXT | {"text": ""}]}, "required"),
        ({"acknowledgements": [TEXT, TEXT]}, "duplicate"),
        ({"acknowledgements": [TEXT | {"language": "klingon"}]}, "not one of the available"),
        (
            {"acknowledgements": [TEXT], "opening_hours": [{"weekday": "0", "opens": "17:00", "closes": "9:00"}]},
            "ends after",
        ),
        ({"acknowledgements": [TEXT], "holidays": [{"day": "2026-02-30"}]}, "valid date"),
    ],
)
def test_what_does_not_fit_is_told_and_nothing_is_switched_on(
    parts: dict[str, list[dict[str, str]]], words: str
) -> None:
    inbox = make_inbox()

    told = change(person("Inbox admin", inbox), inbox, inbox_form("Support", parts) | {"acknowledges": "on"})

    inbox.refresh_from_db()
    assert words in told
    assert (inbox.acknowledges, Acknowledgement.objects.count()) == (False, 0)


def test_hours_and_days_off_are_kept() -> None:
    inbox = make_inbox()
    parts = {
        "opening_hours": [{"weekday": "0", "opens": "22:00", "closes": "00:00"}],
        "holidays": [{"day": "2026-12-25", "every_year": "on", "name": "Christmas"}],
    }

    told = change(person("Team lead", inbox), inbox, inbox_form("Support", parts) | {"time_zone": "Europe/Berlin"})

    inbox.refresh_from_db()
    assert (told, inbox.time_zone) == ("", "Europe/Berlin")
    assert [str(row) for row in inbox.opening_hours.all()] == ["Monday 22:00–00:00"]
    assert [str(row) for row in inbox.holidays.all()] == ["2026-12-25 Christmas"]


def test_the_page_shows_both_texts_as_they_leave_and_escaped() -> None:
    inbox = make_inbox()
    boss = person("Inbox admin", inbox)
    change(boss, inbox, inbox_form("Support", {"acknowledgements": [TEXT]}))

    page = boss.get(f"/admin/inboxes/inbox/{inbox.pk}/acknowledgements/").content.decode()

    assert "We have your mail [#1234]" in page
    assert "Your &lt;b&gt;ticket&lt;/b&gt; is 1234." in page
    assert "We are back on Monday." in page
    assert "Switched off: nobody gets this." in page


def test_a_test_goes_to_whoever_asks_and_to_nobody_else() -> None:
    inbox = make_acknowledging()
    inbox.mailboxes.all().delete()
    boss = person("Inbox admin", inbox)
    path = f"/admin/inboxes/inbox/{inbox.pk}/acknowledgements/"

    assert "no mailbox sends that yet" in boss.post(f"{path}test/", follow=True).content.decode()
    assert OutboundMail.objects.count() == 0

    make_mailbox(inbox, sends_system_mail=True)
    assert "is on its way to you" in boss.post(f"{path}test/", follow=True).content.decode()


def test_who_manages_roles_lets_them_go_again_and_nobody_else(settings: Settings) -> None:
    stop(settings)
    inbox = make_inbox()
    lead, boss = person("Team lead", inbox), person("Security admin", inbox)
    path = f"/admin/inboxes/inbox/{inbox.pk}/acknowledgements/"

    assert "stopped on the whole desk" in lead.get(path).content.decode()
    assert lead.post("/admin/inboxes/inbox/acknowledgements/resume/").status_code == 404
    assert is_stopped()

    assert "Let them go out again" in boss.get(path).content.decode()
    assert boss.post("/admin/inboxes/inbox/acknowledgements/resume/").status_code == 302
    assert not is_stopped()
    assert boss.post("/admin/inboxes/inbox/acknowledgements/resume/").status_code == 302
    assert Entry.objects.filter(action="acknowledgements.resumed", actor_kind="person").count() == 1


def test_an_open_breaker_is_shown_to_who_may_close_it(settings: Settings) -> None:
    inbox = make_inbox()
    agent, boss = person("Agent", inbox), person("Security admin", inbox)
    words = "Acknowledgements are stopped"

    assert words not in boss.get("/").content.decode()
    stop(settings)
    assert f'href="/admin/inboxes/inbox/{inbox.pk}/acknowledgements/" title="{words}"' in boss.get("/").content.decode()
    assert words in boss.get("/admin/").content.decode()
    assert words not in agent.get("/").content.decode()


def test_without_an_inbox_the_alarm_leads_to_where_one_is_made() -> None:
    boss = client_of(make_agent("Security admin"))
    Breaker.objects.create(name=ACKNOWLEDGEMENTS, stopped_at=timezone.now())

    assert 'href="/admin/inboxes/inbox/" title="Acknowledgements' in boss.get("/").content.decode()
