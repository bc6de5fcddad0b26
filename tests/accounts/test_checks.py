"""What would silently weaken sign-in stops the start."""

import pytest
from django.conf import settings

from accounts.checks import check_sign_in

LOCAL = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


def found() -> list[str | None]:
    """Return the ids of what is wrong."""
    return [fault.id for fault in check_sign_in(None)]


def test_a_desks_own_settings_are_right() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("CACHES", LOCAL, "accounts.E001"),
        ("SESSION_ENGINE", "django.contrib.sessions.backends.cache", "accounts.E002"),
        ("SESSION_ENGINE", "django.contrib.sessions.backends.signed_cookies", "accounts.E002"),
        ("INSTALLED_APPS", ["accounts", "allauth.mfa"], "accounts.E003"),
        ("SECRET_KEY", "x" * 49, "accounts.E004"),
    ],
)
def test_what_weakens_sign_in_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: object, fault: str) -> None:
    monkeypatch.setattr(settings, name, value)

    assert found() == [fault]
