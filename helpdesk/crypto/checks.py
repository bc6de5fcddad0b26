"""What must hold before a desk may run: models that can be sealed, and keys that open."""

from collections.abc import Sequence

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from helpdesk.crypto.errors import KeyMissing, UnsafeKeyFile
from helpdesk.crypto.fields import SealedModel, sealed_fields
from helpdesk.crypto.keyring import prove_root_key
from helpdesk.crypto.providers import provider


def ensure_usable() -> None:
    """Return if this desk has keys and the root key at hand opens each of them; make and change nothing.

    Raises KeyMissing, WrongRootKey, UnsafeKeyFile or DecryptionError, whose text tells what to put right.
    """
    if not prove_root_key():
        raise KeyMissing("this desk has no keys yet: start it once with manage.py up")


@register
def check_sealed_models(app_configs: Sequence[AppConfig] | None, **_kwargs: object) -> list[CheckMessage]:
    """Find models whose rows could not be sealed (crypto.E001, crypto.E002)."""
    configs = apps.get_app_configs() if app_configs is None else app_configs
    return [fault for config in configs for model in config.get_models() for fault in sealed_model_faults(model)]


def sealed_model_faults(model: type[models.Model]) -> list[CheckMessage]:
    """Return what keeps the rows of `model` from being sealed; nothing for a model without sealed columns."""
    faults: list[CheckMessage] = []
    if not sealed_fields(model):
        return faults
    if not isinstance(model._meta.pk, models.UUIDField):
        words = "A sealed row needs a UUID key that exists before the row does."
        faults.append(Error(words, obj=model, id="crypto.E001"))
    if not issubclass(model, SealedModel) or model.seal_ref is SealedModel.seal_ref:
        words = "A sealed model inherits SealedModel and says in seal_ref whose key it is under."
        faults.append(Error(words, obj=model, id="crypto.E002"))
    return faults


@register(deploy=True)
def check_root_key(**_kwargs: object) -> list[CheckMessage]:
    """Find a root key that others can use (crypto.E003). That there is none yet is for `up` and `doctor` to say."""
    try:
        provider().root_key_id()
    except KeyMissing:
        return []
    except (UnsafeKeyFile, ImproperlyConfigured) as error:
        return [Error(str(error), id="crypto.E003")]
    return []
