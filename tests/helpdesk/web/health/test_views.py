"""`/healthz`: what machines are told."""

from pathlib import Path

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django.fixtures import Settings

from helpdesk.crypto import keyring
from inbox.mail.smtpd import pulse

pytestmark = pytest.mark.django_db

ALL_WELL = {"database": "ok", "redis": "ok", "keys": "ok"}


def test_all_is_well() -> None:
    answer = Client().get("/healthz")

    assert (answer.status_code, answer.json()) == (200, ALL_WELL)
    assert "no-store" in answer.headers["Cache-Control"]
    assert Client().post("/healthz").status_code == 405


def test_redis_away_is_told(settings: Settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "unix:///nonexistent/redis.sock?db=1"}}

    answer = Client().get("/healthz")

    assert (answer.status_code, answer.json()) == (503, {**ALL_WELL, "redis": "away"})
    assert b"nonexistent" not in answer.content


def test_keys_away_are_told(settings: Settings, tmp_path: Path) -> None:
    settings.KEY_PROVIDER, settings.ROOT_KEY_FILE = "file", tmp_path / "no.key"
    keyring.forget()

    answer = Client().get("/healthz")
    keyring.forget()

    assert (answer.status_code, answer.json()) == (503, {**ALL_WELL, "keys": "away"})


def test_the_database_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helpdesk.web.health.views.connection", _Cut())

    answer = Client().get("/healthz")

    assert answer.status_code == 503
    assert answer.json()["database"] == "away"


class _Cut:
    def cursor(self) -> object:
        raise OperationalError("cut")


def test_the_listener_is_told_where_it_is_wanted_and_keeps_no_page_away(settings: Settings) -> None:
    assert "listener" not in Client().get("/healthz").json()

    settings.SMTPD = "lmtp"
    away = Client().get("/healthz")
    pulse.beat()

    assert (away.status_code, away.json()["listener"]) == (200, "away")
    assert Client().get("/healthz").json()["listener"] == "ok"
