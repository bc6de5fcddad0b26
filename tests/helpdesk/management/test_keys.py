"""`keys status` and `keys rotate`, at the command line."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from audit.actions import Action, SubjectKind
from audit.models import Entry
from audit.payload import unpack
from helpdesk.core.context import ActorKind, Purpose, purpose
from helpdesk.core.ids import new_id
from helpdesk.crypto import keyring
from helpdesk.crypto.keyring import Owner, OwnerKind
from helpdesk.crypto.rotate import key_status


def test_keys_status_shows_the_keys(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("keys", "status")

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [
        ["1", "data", "active"],
        ["2", "blind", "active"],
        ["3", "audit", "active"],
    ]


def test_keys_rotate_wraps_everything_anew(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    owners = [Owner(OwnerKind.TICKET, new_id()) for _ in range(2)]
    keyring.make_keys(owners)
    before = {owner: keyring.sealing_key(owner).secret for owner in owners}

    call_command("keys", "rotate")

    assert capsys.readouterr().out.splitlines()[0] == "key 4 is active; 3 keys wrapped anew"
    keyring.forget()
    assert {owner: keyring.sealing_key(owner).secret for owner in owners} == before
    assert {row.number: row.data_keys for row in key_status()} == {1: 0, 2: 0, 3: 0, 4: 3}


def test_keys_rotate_is_recorded_with_who_typed_it(db: None) -> None:
    call_command("keys", "rotate")

    (entry,) = Entry.found.filter(action=Action.KEYS_ROTATED)
    assert (entry.actor_kind, entry.actor_id, entry.subject_kind) == (ActorKind.CLI, None, SubjectKind.KEY)
    with purpose(Purpose.SYSTEM):
        assert unpack(entry.payload)["details"] == {"number": 4}


def test_a_rotation_that_fails_leaves_no_entry(db: None, settings: Settings, tmp_path: Path) -> None:
    settings.KEY_PROVIDER, settings.ROOT_KEY_FILE = "file", tmp_path / "root.key"

    with pytest.raises(CommandError, match="nothing was changed"):
        call_command("keys", "rotate")

    assert [row.number for row in key_status()] == [1, 2, 3]
    assert not Entry.found.filter(action=Action.KEYS_ROTATED).exists()


def test_keys_status_fails_without_the_root_key(
    db: None, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.KEY_PROVIDER, settings.ROOT_KEY_FILE = "file", tmp_path / "root.key"

    with pytest.raises(CommandError, match="nothing was changed"):
        call_command("keys", "status")

    assert len(capsys.readouterr().out.splitlines()) == 4
