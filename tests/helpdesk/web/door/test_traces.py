"""What signing in leaves behind: no password, code, seed or recovery code in any store, in whatever spelling."""

import base64
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client

from accounts.models import Team, User
from helpdesk.core.context import Purpose, purpose
from tests.signed_in import PASSWORD, code_of, make_person

pytestmark = pytest.mark.django_db(transaction=True)


def _spellings(needle: str) -> set[bytes]:
    raw = needle.encode()
    found = {
        raw,
        needle.encode("utf-16-le"),
        needle.encode("utf-16-be"),
        raw.hex().encode(),
        raw.hex().upper().encode(),
    }
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + raw)
        found.add(whole[-(-offset * 8 // 6) : len(whole) - 4])
    return found


def _stores() -> Iterator[tuple[str, bytes]]:
    """Give everything that is kept: the files of the home, each key of Redis, each session as it is read."""
    for path in Path(settings.POSTERN_HOME).rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield str(path), path.read_bytes()
    for number in range(16):
        with redis.Redis.from_url(settings.REDIS_LIVE_URL.rsplit("=", 1)[0] + f"={number}") as store:
            for key in store.scan_iter(count=1000):
                yield f"redis {number}", key + (store.dump(key) or b"")
    for session in Session.objects.all():
        yield "session", str(session.get_decoded()).encode()


def _traces(*needles: str | bytes) -> list[tuple[str | bytes, str]]:
    """Return each needle with the place where it lies in any spelling."""
    spelled = [(needle, _spellings(needle) if isinstance(needle, str) else {needle}) for needle in needles]
    return [
        (needle, place)
        for place, content in _stores()
        for needle, spellings in spelled
        if any(spelling in content for spelling in spellings)
    ]


@pytest.mark.parametrize("offset", range(3))
def test_every_spelling_is_looked_for(offset: int) -> None:
    text = base64.b64encode(b"x" * (offset + 3) + PASSWORD.encode() + b"yy")

    assert any(spelling in text for spelling in _spellings(PASSWORD))
    assert PASSWORD.encode("utf-16-le") in _spellings(PASSWORD)


def test_what_is_planted_is_found() -> None:
    Team.objects.create(name="Zaunkönig-17-rot")
    cache.set("planted", "Rotkehlchen-18-blau")
    client = Client()
    session = client.session
    session["planted"] = "Goldammer-19-braun"
    session.save()

    found = _traces("Zaunkönig-17-rot", "Rotkehlchen-18-blau", "Goldammer-19-braun")

    assert any(needle == "Zaunkönig-17-rot" and "postgres" in place for needle, place in found)
    assert any(needle == "Rotkehlchen-18-blau" and place.startswith("redis") for needle, place in found)
    assert ("Goldammer-19-braun", "session") in found


def test_a_half_done_sign_in_holds_no_password(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "django.request")
    user = make_person()
    client = Client()
    client.post("/login/", {"login": user.email, "password": PASSWORD})
    client.get("/login/enrol/")
    waiting = user.totpdevice_set.get()
    with purpose(Purpose.SYSTEM):
        seed = waiting.secret
    answer = client.post("/login/enrol/", {"code": code_of(waiting)})
    codes = answer.context["codes"]
    later = Client()
    later.post("/login/", {"login": user.email, "password": PASSWORD})
    assert later.get("/login/code/").status_code == 200
    later.post("/login/recovery/", {"code": codes[0]})
    later.post("/login/", {"login": "nobody@example.org", "password": "Blaumeise-20-gelb"})

    needles = [PASSWORD, "Blaumeise-20-gelb", base64.b32encode(seed).decode(), *codes[:2], codes[0].replace("-", "")]
    assert User.objects.count() == 1
    assert _traces(*needles, seed) == []
    assert not any(needle in caplog.text for needle in needles)
