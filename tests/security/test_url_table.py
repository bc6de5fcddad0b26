"""Role x URL x method, walked over the URL conf: hidden looks like absent, and reading changes nothing."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from typing import Final

import pytest
from allauth import urls as allauth_urls
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from helpdesk.web.base import policy
from inbox.mail.models import OutboundMail
from inbox.tickets.models import Ticket
from tests.security import rows
from tests.security.desk import ROLES, Desk, Side, absent_side, make_desk, make_holder, make_side
from tests.security.rows import TABLE, Row
from tests.signed_in import client_of, make_person

pytestmark = pytest.mark.django_db

WRITTEN_BY_READING: Final = {
    "audit_entry": "reading is recorded",
    "crypto_datakey": "the reader's own key, made for their first entry",
    "tickets_ticketseen": "what was read is no longer unread",
    "django_session": "the session is in use",
}
"""The tables that a GET may write, each with its reason."""
UNPROVED_ONLY: Final = {"accounts_totpdevice": "the secret that the page shows, until its first code"}
"""What reading the enrolment page writes beside."""


def ask(client: Client, row: Row, side: Side, **names: str) -> HttpResponseBase:
    """Return the answer to a row's address, filled with the side's numbers."""
    side.names |= {"me": side.names["user"]} | names
    address, kept = side.fill(row.path), SimpleCookie()
    kept.update(client.cookies)
    if row.method == "GET":
        return client.get(address)
    own_the_mail(client, side)
    response = client.post(address, {name: _filled(side, value) for name, value in (row.form or {}).items()})
    client.cookies = kept
    return response


def own_the_mail(client: Client, side: Side) -> None:
    """Let the waiting mail be of whoever asks: nobody else may take it back."""
    if settings.SESSION_COOKIE_NAME in client.cookies:
        OutboundMail.objects.filter(pk=side.names["waiting"]).update(author=client.session.get(SESSION_KEY))


def _filled(side: Side, value: str | list[str]) -> str | list[str]:
    return side.fill(value) if isinstance(value, str) else [side.fill(each) for each in value]


@contextmanager
def taken_back() -> Iterator[None]:
    """Run the block and undo what it wrote, so that each row finds the same desk."""
    with transaction.atomic():
        mark = transaction.savepoint()
        yield
        transaction.savepoint_rollback(mark)


def written() -> dict[str, int]:
    """Return how many rows of each table this transaction has inserted, changed and deleted so far."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables")
        return dict(cursor.fetchall())


def changed_since(before: dict[str, int]) -> set[str]:
    """Return the tables that were written since."""
    return {table for table, count in written().items() if count != before.get(table, 0)}


def lacking_headers(response: HttpResponseBase) -> list[str]:
    """Return the security headers that an answer lacks."""
    lacks = [name for name in policy.FIXED if name not in response.headers]
    csp = response.headers.get("Content-Security-Policy", "")
    if not csp.startswith("default-src 'none'") or "unsafe-eval" in csp:
        lacks.append("Content-Security-Policy")
    if response.headers.get("X-Content-Type-Options") != "nosniff":
        lacks.append("nosniff")
    return lacks


def text_of(response: HttpResponseBase) -> str:
    """Return the body without what differs from one request to the next."""
    body = b"".join(response) if response.streaming else response.content  # type: ignore[attr-defined] # one of both
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", body.decode(errors="replace"))


def faults_of(client: Client, row: Row, side: Side, expected: int, **names: str) -> list[str]:
    """Return what is wrong with the answer to one row: its status, its headers, what reading it wrote."""
    with taken_back():
        before = written()
        response = ask(client, row, side, **names)
        wrote = changed_since(before) - WRITTEN_BY_READING.keys() if row.method == "GET" else set()
    faults = [] if response.status_code == expected else [f"{row}: {response.status_code}, not {expected}"]
    faults += [f"{row}: lacks {name}" for name in lacking_headers(response)]
    return faults + [f"{row}: reading wrote {table}" for table in sorted(wrote)]


def test_every_address_stands_in_the_table() -> None:
    assert rows.unknown_addresses(rows.addresses()) == set()
    assert {row.name for row in TABLE} - {name for name, _route in rows.addresses()} == set()


def test_an_unknown_address_is_found() -> None:
    planted = [path("t/<int:number>/secret", lambda _request: HttpResponse(), name="secret")]

    assert rows.unknown_addresses(rows.addresses([*planted], "tickets:")) == {"tickets:secret"}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_its_answer_here_and_none_elsewhere(role: str) -> None:
    desk = make_desk(roles=(role,))
    client, place = desk.client(role), ROLES.index(role)
    me = str(desk.people[role].pk)
    faults = [
        fault for row in TABLE for fault in faults_of(client, row, desk.here, row.expected(place, there=False), me=me)
    ]

    elsewhere = [row for row in TABLE if row.has_there]
    faults += [
        f"elsewhere: {fault}"
        for row in elsewhere
        for fault in faults_of(client, row, desk.there, row.expected(place, there=True), me=me)
    ]

    assert faults == []


def test_hidden_and_absent_look_the_same() -> None:
    desk = make_desk()
    absent = absent_side(desk.there)
    faults = []

    for role in ROLES:
        client = desk.client(role)
        for row in (
            row for row in TABLE if row.has_there and row.expected(ROLES.index(role), there=True) in {200, 404}
        ):
            if row.expected(ROLES.index(role), there=True) == 200 and row.name != "tickets:rows":
                continue
            with taken_back():
                hidden, gone = (ask(client, row, side, me=str(desk.people[role].pk)) for side in (desk.there, absent))
            if (hidden.status_code, text_of(hidden)) != (gone.status_code, text_of(gone)):
                faults.append(f"{role}: {row}: {hidden.status_code} for hidden, {gone.status_code} for absent")

    assert faults == []


def test_a_refusal_does_not_look_like_an_absence() -> None:
    desk = make_desk(roles=("Read-only",))
    client = desk.client("Read-only")

    refused = client.post(desk.here.fill("/t/{number}/note"), {"text": "x"})
    hidden = client.post(desk.there.fill("/t/{number}/note"), {"text": "x"})

    assert (refused.status_code, hidden.status_code) == (403, 404)
    assert text_of(refused) != text_of(hidden)


def test_a_restricted_ticket_is_absent_for_whoever_may_not_read_it() -> None:
    desk = make_desk()
    Ticket.objects.filter(pk=desk.here.ticket.pk).update(restricted=True)
    mine = [row for row in TABLE if "{number}" in row.path or "{message}" in row.path or "{file}" in row.path]
    faults = []

    for role in ("Read-only", "Agent", "Inbox admin"):
        client = desk.client(role)
        for row in mine:
            if row.name in {"audit:timeline", "tickets:rows"}:
                continue
            faults += [f"{role}: {fault}" for fault in faults_of(client, row, desk.here, 404)]

    assert faults == []
    assert desk.client("Senior agent").get(desk.here.fill("/t/{number}")).status_code == 200


def test_nobody_gets_further_than_the_door() -> None:
    side = make_side("Here")
    faults = [fault for row in TABLE for fault in faults_of(Client(), row, side, row.nobody, me="")]

    assert faults == []
    assert [
        row.name
        for row in TABLE
        if row.nobody == 302 and row.name not in {"door:code", "door:recovery", "door:sign_out"}
        and not ask(Client(), row, side).headers["Location"].startswith("/login/")
    ] == []  # fmt: skip


def test_nobody_gets_further_than_the_enrolment_without_a_factor() -> None:
    side = make_side("Here")
    user = make_person("new@staff.example.com")
    client = Client()
    client.force_login(user, backend="accounts.backend.DoorBackend")
    faults = [fault for row in TABLE for fault in faults_of(client, row, side, row.unproved, me=str(user.pk))]

    allowed = {f"GET door:enrol: reading wrote {table}" for table in UNPROVED_ONLY}
    assert set(faults) - allowed == set()


@pytest.mark.parametrize("role", ROLES)
def test_the_administration_is_shut_to_whoever_is_no_staff(role: str) -> None:
    side = make_side("Here")
    user = make_holder(role, side.inbox)
    user.is_staff = False
    user.save(update_fields=["is_staff"])
    client = client_of(user)
    admin = [row for row in TABLE if row.name.startswith("admin:")]

    with taken_back():
        answers = [ask(client, row, side, me=str(user.pk)) for row in admin]

    assert {answer.status_code for answer in answers} == {302}
    assert {answer.headers["Location"].split("?")[0] for answer in answers} <= {"/admin/login/", "/admin/", "/"}


UNSAFE: Final = ("post", "put", "patch", "delete")
"""All but the first are offered nowhere."""
EXEMPT: Final[frozenset[str]] = frozenset()
"""Addresses that take an unsafe request without a token. None does."""


def unguarded(client: Client, address: str) -> list[str]:
    """Return the unsafe methods that an address takes without a token."""
    return [method for method in UNSAFE if getattr(client, method)(address).status_code not in {403, 405}]


def test_every_unsafe_request_needs_a_token() -> None:
    desk = make_desk(roles=("Team lead",))
    client = desk.client("Team lead", enforce_csrf_checks=True)
    found = {row.name for row in TABLE if unguarded(client, desk.here.fill(row.path.split("?")[0]))}

    assert found == EXEMPT


def test_with_its_token_a_form_is_taken() -> None:
    desk = make_desk(roles=("Team lead",))
    client = desk.client("Team lead", enforce_csrf_checks=True)
    page = client.get(desk.here.fill("/t/{number}")).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None

    answer = client.post(desk.here.fill("/t/{number}/note"), {"text": "Seen.", "csrfmiddlewaretoken": token[1]})

    assert answer.status_code == 302


@csrf_exempt
def _open_to_all(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("done")


class PlantedUrls:
    """A URL conf with one page that asks for no token."""

    urlpatterns = [path("planted", _open_to_all)]


def test_a_page_without_its_guard_is_found(settings: object) -> None:
    settings.ROOT_URLCONF = PlantedUrls  # type: ignore[attr-defined] # pytest-django's settings
    client = client_of(make_person(), enforce_csrf_checks=True)

    assert unguarded(client, "/planted") == ["post"]


def test_a_writing_page_is_seen_to_write() -> None:
    desk = make_desk(roles=("Agent",))
    before = written()

    desk.client("Agent").post(desk.here.fill("/t/{number}/note"), {"text": "Seen."})

    assert "tickets_message" in changed_since(before) - WRITTEN_BY_READING.keys()


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT", "PROPFIND"])
def test_no_other_method_is_answered(method: str) -> None:
    desk = make_desk(roles=("Team lead",))
    client = desk.client("Team lead")
    answers = {row.name: client.generic(method, desk.here.fill(row.path)) for row in TABLE}

    assert {name: answer.status_code for name, answer in answers.items() if answer.status_code != 405} == {}
    assert all(not lacking_headers(answer) for answer in answers.values())


def test_head_answers_without_a_body_and_changes_nothing() -> None:
    desk = make_desk(roles=("Team lead",))
    client = desk.client("Team lead")
    for row in (row for row in TABLE if row.method == "GET"):
        before = written()
        answer = client.head(desk.here.fill(row.path))

        assert answer.status_code in {row.expected(ROLES.index("Team lead"), there=False), 405}, row
        assert b"".join(answer) == b""
        assert changed_since(before) - WRITTEN_BY_READING.keys() == set(), row


def _not_offered() -> set[str]:
    found = {route for _name, route in rows.addresses(list(allauth_urls.urlpatterns))}
    literal = {re.sub(r"\(\?P<[^>]+>[^)]*\)|<[^>]+>", "x", route).strip("^$").replace("\\", "") for route in found}
    return {f"/{prefix}{route}" for prefix in ("", "accounts/", "account/") for route in literal}


def test_nothing_of_allauth_that_is_not_offered_is_there() -> None:
    ours = {"/", "/login/", "/logout/"}
    client = client_of(make_person(is_staff=True))
    found = {address for address in _not_offered() - ours if client.get(address).status_code != 404}

    assert "/accounts/password/reset/" in _not_offered()
    assert found == set()


@pytest.mark.parametrize(
    "address",
    [
        "password_change/done/", "autocomplete/", "r/1/1/", "auth/group/", "account/emailaddress/", "doc/",
        "usersessions/usersession/", "audit/entry/", "auth/user/1/password/", "accounts/user/1/password/",
        "inboxes/inboxgrouppermission/", "tickets/ticket/", "sessions/session/",
    ],
)  # fmt: skip
def test_nothing_of_django_that_is_not_offered_is_in_the_administration(address: str) -> None:
    client = client_of(make_person(is_staff=True))

    assert client.get(f"/admin/{address}").status_code == 404
    assert client.get("/admin/").status_code == 200


def test_the_history_of_a_row_is_not_kept_beside_the_log() -> None:
    desk = make_desk(roles=("Security admin",))
    client = desk.client("Security admin")
    page = client.get(desk.here.fill("/admin/accounts/user/{user}/change/")).content.decode()

    assert client.get(desk.here.fill("/admin/accounts/user/{user}/history/")).status_code == 404
    assert "history" not in page
    assert "/admin/password_change/" not in page


def _broken(_request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


class BrokenUrls:
    """A URL conf whose page fails."""

    urlpatterns = [path("broken", _broken)]
    handler500 = "helpdesk.web.base.errors.server_error"


def test_an_error_page_carries_the_headers_too(settings: object) -> None:
    settings.ROOT_URLCONF = BrokenUrls  # type: ignore[attr-defined] # pytest-django's settings
    client = client_of(make_person())
    client.raise_request_exception = False

    answer = client.get("/broken")

    assert answer.status_code == 500
    assert lacking_headers(answer) == []
    assert lacking_headers(Client().get("/static/nowhere.js")) == []
    assert lacking_headers(Client(headers={"host": "evil.example"}).get("/")) == []


def test_an_answer_without_headers_is_found() -> None:
    assert lacking_headers(HttpResponse()) == [*policy.FIXED, "Content-Security-Policy", "nosniff"]


def test_the_desk_of_these_tests_has_every_shipped_role() -> None:
    desk: Desk = make_desk()

    assert set(desk.people) == set(ROLES)
