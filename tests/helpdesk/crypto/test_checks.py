"""The system checks: models that could not be sealed, and root keys that others can use."""

from pathlib import Path

import pytest
from django.apps import apps
from django.apps.registry import Apps
from django.core.checks.registry import registry
from django.db import models
from pytest_django import Settings

from helpdesk.crypto.checks import check_root_key, check_sealed_models, sealed_model_faults
from helpdesk.crypto.fields import SealedModel, SealedTextField
from helpdesk.crypto.models import DataKey
from helpdesk.crypto.providers import make_root_key
from tests.helpdesk.crypto.rows import Row

APART = Apps(["helpdesk.crypto.apps.CryptoConfig"])


class Counted(SealedModel):
    """A row whose key the database makes, and that does not say whose key it is sealed under."""

    number = models.BigAutoField(primary_key=True)
    text = SealedTextField()

    class Meta:
        apps = APART
        app_label = "crypto"
        managed = False


class Loose(models.Model):
    """A row that only has a sealed column."""

    id = models.UUIDField(primary_key=True)
    text = SealedTextField()

    class Meta:
        apps = APART
        app_label = "crypto"
        managed = False


@pytest.mark.parametrize(
    ("model", "faults"), [(Row, []), (DataKey, []), (Counted, ["crypto.E001", "crypto.E002"]), (Loose, ["crypto.E002"])]
)
def test_models_that_cannot_be_sealed_are_found(model: type[models.Model], faults: list[str]) -> None:
    assert [fault.id for fault in sealed_model_faults(model)] == faults


def test_the_check_walks_through_every_app() -> None:
    assert [fault.id for fault in check_sealed_models([APART.get_app_config("crypto")])] == [
        "crypto.E001",
        "crypto.E002",
        "crypto.E002",
    ]
    assert check_sealed_models(None) == []
    assert check_sealed_models in registry.get_checks()
    assert check_root_key in registry.get_checks(include_deployment_checks=True)
    assert apps.get_app_config("crypto") is not APART.get_app_config("crypto")


def test_an_unsafe_root_key_is_found(settings: Settings, tmp_path: Path) -> None:
    settings.KEY_PROVIDER = "file"
    settings.ROOT_KEY_FILE = tmp_path / "root.key"
    assert check_root_key() == []

    make_root_key(tmp_path / "root.key")
    assert check_root_key() == []
    (tmp_path / "root.key").chmod(0o444)
    assert [fault.id for fault in check_root_key()] == ["crypto.E003"]


def test_an_unknown_provider_is_found(settings: Settings) -> None:
    settings.KEY_PROVIDER = "cloud"

    assert [fault.id for fault in check_root_key()] == ["crypto.E003"]
