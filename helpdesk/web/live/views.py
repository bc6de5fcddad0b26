"""`/live`: server-sent events for one person, filtered by what they may see."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django.http import HttpRequest, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase

from accounts.models import User
from helpdesk.web.base import lifetime
from helpdesk.web.live.hub import Away, Heard, Lost, Signal, hub_here
from inbox.inboxes.access import access_of
from inbox.inboxes.permissions import Access, Right

PING_S: Final = 20.0
RECHECK_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Listener:
    """Who listens: what they may see now, and the session that must go on."""

    user_id: UUID
    access: Access
    session_key: str


async def stream(request: HttpRequest) -> HttpResponseBase:
    """Answer with a stream of the tickets that change, as far as the person may see them."""
    if request.method != "GET":
        return HttpResponseNotAllowed(["GET"])
    listener = await sync_to_async(_listener)(request)
    response = StreamingHttpResponse(_events(listener), content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _listener(request: HttpRequest) -> _Listener:
    user = request.user
    if not isinstance(user, User):
        raise TypeError("the door lets nobody else through")
    listener = _Listener(user.pk, access_of(user), request.session.session_key or "")
    # A stream may last for hours: it must not hold a database connection.
    connections.close_all()
    return listener


async def _events(listener: _Listener) -> AsyncIterator[bytes]:
    watch = _Watch(listener)
    yield b"retry: 3000\n\n"
    async with hub_here().joined() as queue:
        while (line := await watch.next_line(queue)) is not None:
            if line:
                yield line


class _Watch:
    """One open stream: what it may tell, and whether it goes on.

    A signal that the person may not hear changes nothing on the wire, not even the moment of the next ping.
    """

    def __init__(self, listener: _Listener) -> None:
        self._listener = listener
        self._checked = self._told = time.monotonic()

    async def next_line(self, queue: asyncio.Queue[Heard]) -> bytes | None:
        """Return what to tell next, b"" for nothing, None when the stream is over."""
        heard = await _next(queue, until=self._told + PING_S)
        if isinstance(heard, Away) or not await self._goes_on():
            return None
        line = _line(heard, self._listener.access)
        if not line and time.monotonic() >= self._told + PING_S:
            line = b": ping\n\n"
        if line:
            self._told = time.monotonic()
        return line

    async def _goes_on(self) -> bool:
        if time.monotonic() - self._checked <= RECHECK_S:
            return True
        again = await sync_to_async(_renewed)(self._listener)
        if again is None:
            return False
        self._listener, self._checked = again, time.monotonic()
        return True


async def _next(queue: asyncio.Queue[Heard], *, until: float) -> Heard | None:
    """Return what is heard next, None when nothing is until that moment of the monotonic clock."""
    try:
        async with asyncio.timeout(max(0.0, until - time.monotonic())):
            return await queue.get()
    except TimeoutError:
        return None


def _renewed(listener: _Listener) -> _Listener | None:
    """Return the listener with today's rights, None when the session is over or the person was switched off."""
    try:
        session = SessionStore(listener.session_key)
        alive = SESSION_KEY in session and not lifetime.is_over(session)
        user = User.objects.filter(pk=listener.user_id, is_active=True).first()
        return _Listener(user.pk, access_of(user), listener.session_key) if alive and user else None
    finally:
        connections.close_all()


def _line(heard: Heard | None, access: Access) -> bytes:
    if isinstance(heard, Lost):
        return b"event: resync\ndata: {}\n\n"
    if isinstance(heard, Signal) and _may_hear(heard, access):
        return f"event: ticket\ndata: {json.dumps({'number': heard.number, 'version': heard.version})}\n\n".encode()
    return b""


def _may_hear(signal: Signal, access: Access) -> bool:
    """A restricted ticket is heard by holders of VIEW_RESTRICTED alone; its named readers see it on their next look."""
    right = Right.VIEW_RESTRICTED if signal.restricted else Right.VIEW
    return access.can(right, signal.inbox_id) and access.can(Right.VIEW, signal.inbox_id)
