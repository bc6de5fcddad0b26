"""Checks of auditlog's registry: only listed fields, none of them sealed or secret, and a mask that leaves nothing."""

from collections.abc import Iterable, Sequence
from typing import Final

from auditlog.registry import auditlog
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db import models

from helpdesk.crypto.fields import sealed_fields

MASK: Final = "audit.payload.redact"
SECRET_NAMES: Final = frozenset({"password", "last_login", "secret", "key", "token", "digest"})
"""Fields that are never written into an entry, whatever a registration asks for."""


@register()
def check_registry(app_configs: Sequence[AppConfig] | None, **_options: object) -> list[CheckMessage]:  # noqa: ARG001 - Django's signature
    """Return an error for each model whose registration could write something secret or sealed."""
    known = [model for model in auditlog.get_models() if issubclass(model, models.Model)]
    return [error for model in known for error in check_model(model)]


def check_model(model: type[models.Model]) -> Iterable[CheckMessage]:
    """Yield what is wrong with the registration of `model`."""
    known = auditlog.get_model_fields(model)
    listed = set(known["include_fields"])
    if not listed:
        yield Error(f"{model._meta.label} is registered without a list of its fields", id="audit.E001")
    sealed = listed & {field.name for field in sealed_fields(model)}
    if sealed:
        yield Error(f"{model._meta.label} would have sealed fields in the log: {sorted(sealed)}", id="audit.E002")
    secret = listed & SECRET_NAMES
    if secret:
        yield Error(f"{model._meta.label} would have secrets in the log: {sorted(secret)}", id="audit.E003")


@register()
def check_mask(app_configs: Sequence[AppConfig] | None, **_options: object) -> list[CheckMessage]:  # noqa: ARG001 - Django's signature
    """Return an error when auditlog would mask only half of a value, or bring its own middleware."""
    found: list[CheckMessage] = []
    if settings.AUDITLOG_MASK_CALLABLE != MASK:
        found.append(Error(f"AUDITLOG_MASK_CALLABLE must be {MASK}: auditlog's own leaves half", id="audit.E004"))
    if any(name.startswith("auditlog.") for name in settings.MIDDLEWARE):
        found.append(Error("auditlog's middleware believes every forwarded address: leave it out", id="audit.E005"))
    return found
