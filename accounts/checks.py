"""System checks of sign-in: what would silently weaken it must stop the start."""

from collections.abc import Sequence
from importlib import import_module

from django.apps import AppConfig
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.core.checks import CheckMessage, Error, Tags, register

_SHARED = "django.core.cache.backends.redis.RedisCache"


@register(Tags.security)
def check_sign_in(app_configs: Sequence[AppConfig] | None, **_more: object) -> list[CheckMessage]:  # noqa: ARG001 - Django's signature
    """Return what is wrong with the settings that sign-in stands on."""
    found: list[CheckMessage] = []
    if settings.CACHES["default"]["BACKEND"] != _SHARED:
        found.append(Error("The cache must be a shared Redis: limits on sign-in count there.", id="accounts.E001"))
    if not issubclass(import_module(settings.SESSION_ENGINE).SessionStore, SessionStore):
        found.append(Error("Sessions must live in the database, where they can be ended.", id="accounts.E002"))
    if "allauth.mfa" in settings.INSTALLED_APPS:
        found.append(Error("allauth.mfa must not be installed: django-otp is the one authority.", id="accounts.E003"))
    if len(settings.SECRET_KEY) < 50:
        found.append(Error("SECRET_KEY must have 50 characters or more.", id="accounts.E004"))
    return found
