"""How sign-in, sessions and settings were broken at peers, tried here."""

import re
import time
from importlib import import_module
from typing import Final

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from accounts.models import User
from audit.models import Entry
from inbox.inboxes.models import Inbox
from inbox.mail.models import OutboundMail
from inbox.mail.send.deliver import deliver_mail
from tests.make import make_agent, make_inbox, make_mailbox, make_reply, make_ticket
from tests.security.desk import make_desk, make_holder
from tests.security.rows import TABLE
from tests.servers.smtp import SmtpHost
from tests.signed_in import PASSWORD, client_of, code_of, make_app, make_person

pytestmark = pytest.mark.django_db

WRONG: Final = "Sumpfdotterblume 47"


def _plain(answer: object) -> str:
    """Return the page without what differs each time, and without the address that was typed."""
    text: str = answer.content.decode()  # type: ignore[attr-defined] # the test client's own answer
    return re.sub(r'value="[^"]*"|[0-9a-f-]{36}', "", text)


def test_peer_25_nobody_is_answered_but_at_the_door() -> None:
    side = make_desk(roles=()).here
    answered = {
        row.name for row in TABLE if row.method == "GET" and Client().get(side.fill(row.path)).status_code == 200
    }

    assert answered == {"health:health", "door:sign_in", "door:sign_out"}
    assert Client().get("/system/cron").status_code == 404


def test_peer_26_a_wrong_password_and_an_unknown_address_look_the_same() -> None:
    make_person("lea@example.org")
    User.objects.filter(pk=make_person("off@example.org").pk).update(is_active=False)

    answers = [
        Client().post("/login/", {"login": address, "password": password})
        for address, password in (
            ("lea@example.org", WRONG), ("nobody@example.org", WRONG), ("off@example.org", WRONG),
            ("off@example.org", PASSWORD),
        )
    ]  # fmt: skip

    assert {answer.status_code for answer in answers} == {400}
    assert len({_plain(answer) for answer in answers}) == 1
    assert Client().post("/login/", {"login": "lea@example.org", "password": PASSWORD}).status_code == 302


def test_peer_26_there_is_no_reset_to_ask_for() -> None:
    for address in ("/password/reset/", "/accounts/password/reset/", "/login/reset/", "/reset/", "/signup/"):
        assert Client().get(address).status_code == 404


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Client-IP", "CF-Connecting-IP", "X-Real-IP"])
def test_peer_28_an_address_in_a_header_is_believed_of_our_own_proxies_alone(header: str) -> None:
    make_person("lea@example.org")
    evil = "<img src=x onerror=alert(1)>"

    Client(headers={header: evil}).post("/login/", {"login": "lea@example.org", "password": WRONG})

    boss = client_of(make_holder("Security admin", make_inbox()))
    page = boss.get("/audit/").content.decode()
    assert Entry.objects.filter(action="session.sign_in_failed").exists()
    assert "onerror" not in page
    assert "127.0.0.1" in page


def test_peer_28_the_name_of_a_browser_is_text() -> None:
    user = make_person("lea@example.org")
    app = make_app(user)
    client = Client(headers={"user-agent": "<script>alert(1)</script>"})
    client.post("/login/", {"login": user.email, "password": PASSWORD})
    client.post("/login/code/", {"code": code_of(app)})

    page = client.get("/me/").content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("act", ["__class__", "_page", "once", "", "end_others "])
def test_peer_32_no_name_of_the_clients_picks_what_runs(act: str) -> None:
    client = client_of(make_person())
    before = Entry.objects.count()

    answer = client.post("/me/", {"act": act})

    assert answer.status_code == 422
    assert "__" not in answer.content.decode()
    assert Entry.objects.count() == before


def test_peer_32_an_error_tells_nothing_of_the_desk() -> None:
    client = client_of(make_person())

    for address, status in (("/t/1", 404), ("/rows?numbers=x", 422), ("/?after=@@", 422), ("/?inbox=x", 404)):
        page = client.get(address)
        assert page.status_code == status
        for word in ("Traceback", "File &quot;", "helpdesk.", "psycopg", "no such ticket"):
            assert word not in page.content.decode()


@pytest.mark.parametrize("header", ["Remote-User", "X-Forwarded-User", "X-Remote-User", "X-Auth-Request-Email"])
def test_peer_38_no_header_signs_anybody_in(header: str) -> None:
    user = make_holder("Security admin", make_inbox())

    assert Client(headers={header: user.email}).get("/").status_code == 302
    assert Client(REMOTE_USER=user.email).get("/admin/").status_code == 302
    assert client_of(user).get("/").status_code == 200


def test_peer_45_the_sessions_key_changes_when_somebody_signs_in() -> None:
    user = make_person()
    app = make_app(user)
    client = Client()
    client.post("/login/", {"login": user.email, "password": PASSWORD})
    before = client.session.session_key

    client.post("/login/code/", {"code": code_of(app)})

    assert client.get("/").status_code == 200
    assert client.session.session_key != before
    stolen = Client()
    stolen.cookies[django_settings.SESSION_COOKIE_NAME] = before or ""
    assert stolen.get("/").status_code == 302


def test_peer_46_53_a_new_password_needs_the_old_one_and_ends_other_sessions() -> None:
    user = make_person()
    app = make_app(user)
    here, elsewhere = client_of(user), client_of(user)
    form = {"act": "password", "new": WRONG, "again": WRONG}

    assert here.post("/me/", form | {"old": "not this one", "code": code_of(app)}).status_code == 400
    assert elsewhere.get("/").status_code == 200
    assert here.post("/me/", form | {"old": PASSWORD, "code": code_of(app)}).status_code == 302

    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302


EVIL: Final = 'Lea\r\nBcc: evil@evil.example\r\n\r\n<b>Hi</b>, "x" <evil@evil.example>'


def test_peer_47_no_name_writes_a_header(smtp_host: SmtpHost) -> None:
    inbox = make_inbox()
    make_mailbox(inbox, smtp_host=smtp_host)
    Inbox.objects.filter(pk=inbox.pk).update(name=EVIL[:80])
    User.objects.filter(pk=(agent := make_agent(inbox=inbox)).pk).update(name=EVIL)
    ticket = make_ticket(inbox=Inbox.objects.get(pk=inbox.pk), sender='"Kim, Reyes" <kim@example.org>')
    row = make_reply(ticket, by=User.objects.get(pk=agent.pk))
    OutboundMail.objects.update(send_after="2026-01-01T00:00:00Z")

    deliver_mail(row.pk)

    (sent,) = smtp_host.received
    head = sent.mime.partition(b"\r\n\r\n")[0]
    assert sent.recipients == ("kim@example.org",)
    assert re.search(rb"^bcc:", head, re.MULTILINE | re.IGNORECASE) is None
    assert head.count(b"\r\nFrom:") + head.startswith(b"From:") == 1


@pytest.mark.parametrize(
    "to", ["kim@example.org\r\nBcc: evil@evil.example", "kim@example.org, evil@evil.example", "kim@example.org\0",
           "<kim@example.org>\nSubject: x", "kim@exam ple.org"],
)  # fmt: skip
def test_peer_47_a_recipient_that_is_no_address_is_refused(to: str) -> None:
    desk = make_desk(roles=("Agent",))
    client = desk.client("Agent")
    form = {"inbox": desk.here.names["inbox"], "subject": "x", "text": "x"}
    count = OutboundMail.objects.count()

    assert client.post("/new", form | {"to": to, "once": desk.here.fill("{once}")}).status_code == 422
    assert OutboundMail.objects.count() == count
    assert client.post("/new", form | {"to": "kim@example.org", "once": desk.here.fill("{once}")}).status_code == 302


def test_peer_49_a_password_of_a_megabyte_is_refused_at_once() -> None:
    user = make_person()
    begun = time.process_time()

    answer = Client().post("/login/", {"login": user.email, "password": "x" * 1_000_000})

    assert answer.status_code == 400
    assert time.process_time() - begun < 2
    assert len(answer.content) < 100_000


def test_peer_50_a_mail_that_leaves_holds_no_link_to_the_desk(smtp_host: SmtpHost) -> None:
    inbox = make_inbox()
    make_mailbox(inbox, smtp_host=smtp_host)
    row = make_reply(make_ticket(inbox=inbox))
    OutboundMail.objects.update(send_after="2026-01-01T00:00:00Z")

    deliver_mail(row.pk)

    assert b"://" not in smtp_host.received[0].mime
    assert b"It does not print" in smtp_host.received[0].mime


def test_peer_61_every_cookie_is_kept_from_scripts_and_other_sites() -> None:
    user = make_person()
    app = make_app(user)
    client = Client()
    client.get("/login/")
    client.post("/login/", {"login": user.email, "password": PASSWORD})
    client.post("/login/code/", {"code": code_of(app)})
    client.get("/me/")

    cookies = {name: (bool(morsel["httponly"]), morsel["samesite"]) for name, morsel in client.cookies.items()}

    assert set(cookies) == {"postern_sid", "postern_csrf", "postern_known"}
    assert {httponly for httponly, _samesite in cookies.values()} == {True}
    assert {samesite for _httponly, samesite in cookies.values()} <= {"Lax", "Strict"}


@pytest.mark.parametrize("target", ["//evil.example", "https:evil.example", "\\\\evil.example", "/\\evil.example",
                                    "https://evil.example/", "javascript:alert(1)", "///evil.example"])  # fmt: skip
def test_peer_67_signing_in_leads_to_no_other_host(target: str) -> None:
    user = make_person()
    app = make_app(user)
    client = Client()

    client.post(f"/login/?next={target}", {"login": user.email, "password": PASSWORD, "next": target})
    answer = client.post("/login/code/", {"code": code_of(app), "next": target})

    assert answer.headers["Location"] == "/"


def test_peer_67_signing_in_leads_back_to_ones_page() -> None:
    user = make_person()
    app = make_app(user)
    client = Client()

    client.post("/login/", {"login": user.email, "password": PASSWORD, "next": "/me/"})

    assert client.post("/login/code/", {"code": code_of(app)}).headers["Location"] == "/me/"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "testserver@evil.example", "evil:80:80"])
def test_peer_72_a_forged_host_is_refused(host: str) -> None:
    answer = Client(headers={"host": host}).get("/login/")

    assert answer.status_code == 400
    assert "evil" not in answer.content.decode()
    assert "evil" not in str(answer.headers)


def test_peer_72_a_forwarded_host_is_not_believed() -> None:
    answer = Client(headers={"x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}).get("/login/")

    assert answer.status_code == 200
    assert "evil" not in answer.content.decode() + str(answer.headers)


def test_peer_73_nothing_is_unpickled() -> None:
    assert django_settings.CELERY_ACCEPT_CONTENT == ["json"]
    assert django_settings.CELERY_TASK_SERIALIZER == django_settings.CELERY_RESULT_SERIALIZER == "json"
    assert django_settings.SESSION_SERIALIZER == "django.contrib.sessions.serializers.JSONSerializer"
    assert issubclass(import_module(django_settings.SESSION_ENGINE).SessionStore, SessionStore)
    assert all("JsonSerializer" in str(cache) for cache in django_settings.CACHES.values())


def test_peer_40_no_other_origin_may_read_an_answer() -> None:
    answer = client_of(make_person()).get("/", headers={"origin": "https://evil.example"})

    assert answer.status_code == 200
    assert [name for name in answer.headers if name.lower().startswith("access-control")] == []
