"""The context, the headers and the actor of each request."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, override_settings
from django.urls import include, path
from django.utils import timezone
from pytest_django.fixtures import Settings
from redis.exceptions import ConnectionError as RedisGone

from helpdesk.core.context import current_actor, current_request
from helpdesk.core.errors import Conflict, Forbidden, TooMuch
from helpdesk.web.base import errors
from helpdesk.web.base.request import DeskRequest
from tests.signed_in import client_of, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.helpdesk.web.base.test_middleware")]


class Stale(Conflict):
    """A refusal of these tests."""

    code = "stale"


_RAISED = {
    "conflict": Stale("secret words"),
    "forbidden": Forbidden("secret words"),
    "too_much": TooMuch("secret words"),
    "not_found": Http404("secret words"),
    "database": OperationalError("connection to server at secret-host failed"),
    "redis": RedisGone("secret-host:6379"),
    "bug": RuntimeError("secret words"),
}


def _raise(request: HttpRequest, what: str) -> HttpResponse:
    raise _RAISED[what]


@login_not_required
def _raise_openly(request: HttpRequest, what: str) -> HttpResponse:
    return _raise(request, what)


@login_not_required
def _context(request: HttpRequest) -> HttpResponse:
    here, actor = current_request(), current_actor()
    assert here is not None
    words = (here.request_id, here.network, here.agent, here.session, actor.kind, actor.id)
    return HttpResponse("|".join(str(word) for word in words))


def _stream(request: DeskRequest) -> StreamingHttpResponse:
    def chunks() -> Iterator[bytes]:
        here = current_request()
        yield str(current_actor().id).encode()
        yield b" " + (here.network if here else "nowhere").encode()

    return StreamingHttpResponse(chunks())


def _access(request: DeskRequest) -> HttpResponse:
    return HttpResponse(f"{request.access.user_id} {timezone.get_current_timezone()}")


@login_not_required
def _framed(request: HttpRequest) -> HttpResponse:
    own = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Frame-Options": "SAMEORIGIN"}
    return HttpResponse(headers=own)


urlpatterns = [
    path("context", _context),
    path("open/<what>", _raise_openly),
    path("raise/<what>", _raise),
    path("stream", _stream),
    path("access", _access),
    path("framed", _framed),
    path("", include("helpdesk.urls")),
]
handler400, handler403, handler404, handler500 = (
    errors.bad_request,
    errors.forbidden,
    errors.not_found,
    errors.server_error,
)

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def test_a_request_has_an_id_a_network_an_agent_and_a_session() -> None:
    client = client_of(make_person())
    first = client.get("/context", headers={"User-Agent": "Fire\rfox"}, REMOTE_ADDR="192.0.2.8").content.decode()
    second = client.get("/context").content.decode()

    request_id, network, agent, session, _kind, _actor = first.split("|")

    assert UUID(request_id).version == 7
    assert request_id != second.split("|")[0]
    assert (network, agent) == ("192.0.2.8", "Firefox")
    assert len(session) == 32
    assert session == second.split("|")[3]
    assert str(client.session.session_key) not in first


def test_the_context_is_gone_after_the_request() -> None:
    client_of(make_person()).get("/context")

    assert current_request() is None
    assert current_actor().id is None


def test_the_person_who_is_signed_in_acts() -> None:
    user = make_person()

    assert client_of(user).get("/context").content.decode().endswith(f"|person|{user.pk}")
    assert Client().get("/context").content.decode().endswith("|system|None")


def test_a_stream_goes_on_under_the_same_name() -> None:
    user = make_person()

    assert b"".join(client_of(user).get("/stream")) == f"{user.pk} 127.0.0.1".encode()


def test_access_is_that_of_the_person_in_their_time_zone() -> None:
    user = make_person()
    user.timezone = "Europe/Berlin"
    user.save()

    assert client_of(user).get("/access").content.decode() == f"{user.pk} Europe/Berlin"
    user.timezone = "Mars/Olympus"
    user.save()
    assert client_of(user).get("/access").content.decode() == f"{user.pk} UTC"


@pytest.mark.parametrize(
    "address",
    ["/login/", "/healthz", "/nothing", "/me/", "/open/conflict", "/open/bug", "/open/database", "/open/not_found"],
)
def test_every_answer_carries_the_headers(address: str) -> None:
    answer = Client(raise_request_exception=False).get(address)

    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src http://testserver/static/; ")
    assert "unsafe" not in policy
    assert "nonce" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "publickey-credentials-get=(self)" in answer.headers["Permissions-Policy"]
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_forged_host_is_refused_with_the_headers_too() -> None:
    answer = Client(raise_request_exception=False).get("/login/", HTTP_HOST="evil.example")

    assert answer.status_code == 400
    assert "http://localhost:8000/static/" in answer.headers["Content-Security-Policy"]
    assert b"evil.example" not in answer.content


def test_a_forwarded_host_is_ignored() -> None:
    answer = Client().get("/login/", HTTP_X_FORWARDED_HOST="evil.example")

    assert answer.status_code == 200
    assert b"evil.example" not in answer.content
    assert "evil.example" not in str(answer.headers)


def test_a_framed_mail_keeps_its_own_policy() -> None:
    answer = Client().get("/framed")

    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_over_https_browsers_are_told_to_stay_there(settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS = 63_072_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    with override_settings(MIDDLEWARE=settings.MIDDLEWARE):
        answer = Client().get("/login/", secure=True)

    assert answer.headers["Strict-Transport-Security"].startswith("max-age=63072000; includeSubDomains")
    assert "script-src https://testserver/static/;" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ("conflict", 409),
        ("forbidden", 403),
        ("too_much", 413),
        ("not_found", 404),
        ("database", 503),
        ("redis", 503),
        ("bug", 500),
    ],
)
def test_what_went_wrong_is_a_page_a_part_or_data_without_its_words(what: str, status: int) -> None:
    client = Client(raise_request_exception=False)

    page = client.get(f"/open/{what}")
    part = client.get(f"/open/{what}", headers={"HX-Request": "true"})
    data = client.get(f"/open/{what}", headers={"Accept": "application/json"})

    assert (page.status_code, part.status_code, data.status_code) == (status, status, status)
    assert b"<html" in page.content
    assert b"<html" not in part.content
    assert set(data.json()) == {"error", "words"}
    assert b"secret" not in page.content + part.content + data.content
    assert page.headers["Cache-Control"] == "no-store"
    assert ("Retry-After" in page.headers) == (status == 503)


def test_each_kind_of_error_has_its_own_words() -> None:
    client = Client(raise_request_exception=False)
    texts = {client.get(f"/open/{what}", headers={"Accept": "application/json"}).json()["words"] for what in _RAISED}

    assert len(texts) == len(_RAISED)


def test_nobody_is_told_an_error_behind_the_door() -> None:
    assert Client().get("/raise/conflict").headers["Location"] == "/login/?next=%2Fraise%2Fconflict"
    assert client_of(make_person()).get("/raise/conflict").status_code == 409


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", ["/me/", "/login/", "/access"])
def test_a_database_away_is_one_clear_page(address: str) -> None:
    client = client_of(make_person())
    client.raise_request_exception = False
    assert client.get("/me/").status_code == 200
    place = connection.settings_dict
    host = place["HOST"]

    try:
        connection.close()
        place["HOST"] = "/nonexistent"
        answer = client.get(address)
    finally:
        place["HOST"] = host
        connection.close()

    assert answer.status_code == 503
    assert b"cannot reach its database" in answer.content
    assert b"nonexistent" not in answer.content
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/me/").status_code == 200
