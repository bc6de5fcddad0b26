"""The first keys, and a desk whose root key is gone or another: it refuses, and makes nothing."""

import re
from pathlib import Path

import pytest
from pytest_django import Settings

from helpdesk.crypto import keyring
from helpdesk.crypto.checks import ensure_usable
from helpdesk.crypto.errors import DecryptionError, KeyMissing, UnsafeKeyFile, WrongRootKey
from helpdesk.crypto.keyring import DESK
from helpdesk.crypto.models import DataKey, KeyEncryptionKey, KeyState
from helpdesk.crypto.providers import KeyFileProvider, make_root_key
from helpdesk.crypto.setup import setup_keys


@pytest.fixture
def key_file(db: None, settings: Settings, tmp_path: Path) -> Path:
    """A desk without any key, whose root key would stand in a file that is not there."""
    DataKey.objects.all().delete()
    KeyEncryptionKey.objects.all().delete()
    keyring.forget()
    settings.KEY_PROVIDER = "file"
    settings.ROOT_KEY_FILE = tmp_path / "keys" / "root.key"
    return tmp_path / "keys" / "root.key"


def rows() -> list[object]:
    return [*KeyEncryptionKey.objects.order_by("number").values(), *DataKey.objects.order_by("pk").values()]


def test_setup_makes_every_key_once(key_file: Path) -> None:
    setup_keys()
    first, root = rows(), key_file.read_bytes()
    setup_keys()

    assert (rows(), key_file.read_bytes()) == (first, root)
    assert [(row.number, row.purpose, row.state) for row in KeyEncryptionKey.objects.order_by("number")] == [
        (1, "data", "active"),
        (2, "blind", "active"),
        (3, "audit", "active"),
    ]
    assert keyring.sealing_key(DESK).id == DataKey.objects.get().pk
    ensure_usable()


def test_setup_takes_a_root_key_that_is_there(key_file: Path) -> None:
    make_root_key(key_file)
    root = key_file.read_bytes()

    setup_keys()

    assert key_file.read_bytes() == root
    assert set(KeyEncryptionKey.objects.values_list("root_key_id", flat=True)) == {
        KeyFileProvider(key_file).root_key_id()
    }


def test_setup_adds_what_is_missing(key_file: Path) -> None:
    setup_keys()
    KeyEncryptionKey.objects.filter(purpose="audit").delete()

    setup_keys()

    assert list(KeyEncryptionKey.objects.order_by("number").values_list("number", "purpose")) == [
        (1, "data"),
        (2, "blind"),
        (3, "audit"),
    ]


def test_without_its_root_key_a_desk_refuses_and_makes_nothing(key_file: Path) -> None:
    setup_keys()
    before, wanted = rows(), KeyFileProvider(key_file).root_key_id()
    aside = key_file.rename(key_file.with_suffix(".aside"))

    for act in (setup_keys, ensure_usable):
        with pytest.raises(KeyMissing) as caught:
            act()
        assert str(caught.value) == (
            f"this desk was sealed under root key {wanted}; the root key cannot be read from {key_file}: "
            "No such file or directory; put the right key there; nothing was changed"
        )

    assert (rows(), key_file.exists()) == (before, False)
    aside.rename(key_file)
    ensure_usable()


def test_with_another_root_key_a_desk_refuses_and_makes_nothing(key_file: Path) -> None:
    setup_keys()
    before, wanted = rows(), KeyFileProvider(key_file).root_key_id()
    right = key_file.read_bytes()
    key_file.unlink()
    make_root_key(key_file)
    foreign, found = key_file.read_bytes(), KeyFileProvider(key_file).root_key_id()

    for act in (setup_keys, ensure_usable):
        with pytest.raises(WrongRootKey) as caught:
            act()
        assert str(caught.value) == (
            f"this desk was sealed under root key {wanted}; {key_file} holds {found}; "
            "put the right key there; nothing was changed"
        )
        assert (caught.value.wanted, caught.value.found) == (wanted, found)

    assert (rows(), key_file.read_bytes()) == (before, foreign)
    assert right != foreign


def test_a_key_file_that_others_can_read_stops_the_desk(key_file: Path) -> None:
    setup_keys()
    key_file.chmod(0o444)

    with pytest.raises(UnsafeKeyFile):
        ensure_usable()
    key_file.chmod(0o400)
    ensure_usable()


def test_a_desk_that_was_never_started_says_so(key_file: Path) -> None:
    with pytest.raises(KeyMissing, match=re.escape("start it once with manage.py up")):
        ensure_usable()

    assert (rows(), key_file.exists()) == ([], False)


def test_a_tampered_kek_is_found(key_file: Path) -> None:
    setup_keys()
    data, blind = KeyEncryptionKey.objects.filter(purpose__in=["data", "blind"]).order_by("number")
    KeyEncryptionKey.objects.filter(pk=data.pk).update(wrapped_key=blind.wrapped_key)

    with pytest.raises(DecryptionError):
        ensure_usable()


def test_a_destroyed_kek_needs_no_root_key(key_file: Path) -> None:
    setup_keys()
    DataKey.objects.all().delete()
    old = KeyEncryptionKey.objects.get(purpose="data")
    KeyEncryptionKey.objects.filter(pk=old.pk).update(
        wrapped_key=None, state=KeyState.DESTROYED, destroyed_at=old.created_at, root_key_id="gone"
    )

    setup_keys()

    ensure_usable()
    assert KeyEncryptionKey.objects.get(purpose="data", state=KeyState.ACTIVE).number == 4
