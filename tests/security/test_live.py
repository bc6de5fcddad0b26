"""The live stream tells each person only of tickets that they may see, and ends when they may no longer listen."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from importlib import import_module

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.test import Client, RequestFactory

from accounts.models import User
from accounts.services import sessions
from helpdesk.core.live import publish
from helpdesk.web.live import views
from inbox.inboxes.models import Binding, Inbox
from inbox.inboxes.services.bindings import end_binding
from inbox.inboxes.services.people import switch_off
from tests.make import make_inbox
from tests.security.desk import make_holder
from tests.signed_in import client_of, make_person

pytestmark = pytest.mark.django_db(transaction=True)

LAST = 99


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "PING_S", 0.05)


def signal(inbox: Inbox, number: int, *, restricted: bool = False) -> None:
    """Tell that a ticket of `inbox` has changed."""
    publish({"number": number, "inbox": str(inbox.pk), "version": 2, "restricted": int(restricted)})


def session_of(client: Client) -> SessionBase:
    """Return the session of a browser."""
    store: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(client.session.session_key)
    return store


async def heard(user: User, session: SessionBase, then: Callable[[], None], *, first: int = 0) -> list[int] | None:
    """Return the numbers that `user` hears while `then` acts, up to LAST; None when the stream ended before.

    `then` runs once the stream listens; with `first`, only after that number was heard.
    """
    request = RequestFactory().get("/live")
    request.user, request.session = user, session
    response = await views.stream(request)
    numbers: list[int] = []
    acted = False
    async with asyncio.timeout(20):
        async for line in _lines(response):
            if not acted and (line.startswith(":") if not first else first in numbers):
                await sync_to_async(then)()
                acted = True
            if line.startswith("data: {") and "number" in line:
                numbers.append(json.loads(line.removeprefix("data: "))["number"])
            if LAST in numbers:
                return numbers
    return None


async def _lines(response: object) -> AsyncIterator[str]:
    async for chunk in response.streaming_content:  # type: ignore[attr-defined] # an async streaming response
        for line in chunk.decode().splitlines():
            yield line


def listen(user: User, then: Callable[[], None]) -> list[int] | None:
    """Return what `user` hears in a browser of theirs."""
    session = session_of(client_of(user))
    assert session[SESSION_KEY] == str(user.pk)
    return asyncio.run(heard(user, session, then))


def _tell(here: Inbox, there: Inbox) -> None:
    signal(there, 1)
    signal(here, 2, restricted=True)
    signal(there, 3, restricted=True)
    signal(here, LAST)


@pytest.mark.parametrize(
    ("role", "numbers"),
    [("Read-only", [LAST]), ("Agent", [LAST]), ("Senior agent", [2, LAST]), ("Team lead", [2, LAST])],
)
def test_hidden_inboxes_and_restricted_tickets_are_not_heard(role: str, numbers: list[int]) -> None:
    here, there = make_inbox("Here"), make_inbox("There", address="there@desk.example.net")
    user = make_holder(role, here)

    assert listen(user, lambda: _tell(here, there)) == numbers


def test_without_its_filter_everything_would_be_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = make_inbox("Here"), make_inbox("There", address="there@desk.example.net")
    monkeypatch.setattr(views, "_may_hear", lambda *_who: True)

    assert listen(make_holder("Read-only", here), lambda: _tell(here, there)) == [1, 2, 3, LAST]


def test_a_right_that_is_taken_is_heard_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = make_inbox("Here"), make_inbox("There", address="there@desk.example.net")
    monkeypatch.setattr(views, "RECHECK_S", 0.0)
    user = make_holder("Agent", here)
    _also(user, there)

    def take() -> None:
        end_binding(Binding.objects.get(people=user, inboxes=here), by=None)
        signal(here, 1)
        signal(there, LAST)

    assert listen(user, take) == [LAST]


def test_until_the_next_look_the_old_rights_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = make_inbox("Here"), make_inbox("There", address="there@desk.example.net")
    monkeypatch.setattr(views, "RECHECK_S", 30.0)
    user = make_holder("Agent", here)
    _also(user, there)

    def take() -> None:
        end_binding(Binding.objects.get(people=user, inboxes=here), by=None)
        signal(here, 1)
        signal(there, LAST)

    assert listen(user, take) == [1, LAST]


def test_the_looks_are_no_further_apart_than_a_minute() -> None:
    assert views.RECHECK_S <= 60


def _also(user: User, inbox: Inbox) -> None:
    other = make_holder("Read-only", inbox)
    binding = Binding.objects.get(people=other)
    binding.group.user_set.add(user)


@pytest.mark.parametrize("how", ["signed out", "switched off", "idle"])
def test_a_stream_ends_with_its_session(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    inbox = make_inbox()
    monkeypatch.setattr(views, "RECHECK_S", 0.0)
    user = make_holder("Agent", inbox)
    client = client_of(user)
    session = session_of(client)

    def end() -> None:
        if how == "signed out":
            sessions.end_sessions(user)
        elif how == "switched off":
            switch_off(user)
        else:
            session["seen"] = 1
            session["born"] = 1
            session.save()
        signal(inbox, LAST)

    assert asyncio.run(heard(user, session, end)) is None


def test_nobody_listens_without_a_full_sign_in() -> None:
    new = make_person()
    half = Client()
    half.force_login(new, backend="accounts.backend.DoorBackend")

    for client in (Client(), half):
        assert client.get("/live").status_code == 302
        assert client.get("/live", headers={"HX-Request": "true"}).status_code == 401
    answer = client_of(new).get("/live")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream")
