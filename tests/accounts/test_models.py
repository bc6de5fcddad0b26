"""People and factors as rows: what the database itself keeps true."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from accounts.models import RecoveryCode, RecoveryDevice, Team, TotpDevice, User
from accounts.services import factors, people
from audit.actions import SubjectKind
from audit.subjects import Subject
from helpdesk.core.context import Purpose, purpose
from helpdesk.crypto.errors import DecryptionError
from helpdesk.crypto.models import DataKey
from tests.signed_in import forgive

pytestmark = pytest.mark.django_db


def test_an_address_is_stored_in_lower_case_and_found_in_any() -> None:
    user = people.create_user("Lea@Example.ORG", "Lea")

    assert user.email == "lea@example.org"
    assert User.objects.get(email="LEA@example.org") == user
    assert User.objects.get_by_natural_key("lEA@example.org") == user


def test_the_database_refuses_a_second_person_in_other_letters() -> None:
    people.create_user("lea@example.org", "Lea")

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_user (id, password, is_superuser, email, name, is_active, is_staff, created_at,"
            " language, timezone, theme, density, single_keys) SELECT gen_random_uuid(), '', false, 'LEA@example.org',"
            " 'Other', true, false, now(), 'en', 'UTC', 'system', 'cosy', true"
        )

    assert User.objects.count() == 1


def test_a_form_refuses_a_second_person_in_other_letters() -> None:
    people.create_user("lea@example.org", "Lea")
    other = User(email="LEA@Example.org", name="Other", password="!")

    with pytest.raises(ValidationError) as refused:
        other.full_clean()

    assert "email" in refused.value.message_dict
    User(email="leo@example.org", name="Other", password="!").full_clean()


def test_a_dotless_i_is_another_person() -> None:
    first = people.create_user("lina@example.org", "Lina")
    second = people.create_user("lına@example.org", "Other")

    assert first != second


def test_a_person_is_made_with_a_key() -> None:
    user = people.create_user("lea@example.org", "Lea")

    assert DataKey.objects.filter(owner_kind="user", owner_id=user.pk).count() == 1


def test_a_persistent_id_leads_back_to_its_factor() -> None:
    user = people.create_user("lea@example.org", "Lea")
    device = TotpDevice.objects.create(user=user, name="app", secret=b"x" * 20)

    found = TotpDevice.from_persistent_id(device.persistent_id)  # type: ignore[no-untyped-call] # django-otp has no types

    assert found == device


def test_a_secret_is_sealed_and_opens_in_no_other_row() -> None:
    mine = TotpDevice.objects.create(user=people.create_user("a@example.org", "A"), name="app", secret=b"m" * 20)
    theirs = TotpDevice.objects.create(user=people.create_user("b@example.org", "B"), name="app", secret=b"t" * 20)

    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM accounts_totpdevice WHERE id = %s", [mine.pk])
        stored = bytes(cursor.fetchone()[0])
        cursor.execute("UPDATE accounts_totpdevice SET secret = %s WHERE id = %s", [stored, theirs.pk])

    assert b"m" * 20 not in stored
    with purpose(Purpose.SYSTEM):
        assert TotpDevice.objects.get(pk=mine.pk).secret == b"m" * 20
        with pytest.raises(DecryptionError):
            _ = TotpDevice.objects.get(pk=theirs.pk).secret


def test_recovery_codes_are_kept_as_digests_alone() -> None:
    user = people.create_user("lea@example.org", "Lea")
    codes = factors.issue_recovery_codes(user)

    stored = b"".join(bytes(row.digest) for row in RecoveryCode.objects.all())

    assert RecoveryCode.objects.filter(used_at=None).count() == len(codes) == 10
    assert not any(code.replace("-", "").encode() in stored for code in codes)
    assert {len(row.digest) for row in RecoveryCode.objects.all()} == {32}


def test_new_recovery_codes_take_the_place_of_the_old() -> None:
    user = people.create_user("lea@example.org", "Lea")
    old = factors.issue_recovery_codes(user)
    new = factors.issue_recovery_codes(user)

    device = RecoveryDevice.objects.get(user=user)

    assert factors.check_code(device, old[0]) is None
    forgive(device)
    assert factors.check_code(device, new[0]) == device


def test_people_and_teams_are_subjects() -> None:
    user = people.create_user("lea@example.org", "Lea")
    team = Team.objects.create(name="Night shift")

    assert user.as_subject() == Subject(SubjectKind.PERSON, user.pk)
    assert team.as_subject() == Subject(SubjectKind.TEAM, team.pk)
    assert str(team) == "Night shift"
    assert user.get_full_name() == user.get_short_name() == "Lea"
