"""What the registry records of people and teams, and what the checks refuse."""

import pytest
from django.conf import settings as desk
from pytest_django.fixtures import Settings

from accounts.checks import check_sign_in
from accounts.models import Team
from accounts.services import people
from audit.actions import Action
from audit.models import Entry
from tests.signed_in import make_person


@pytest.mark.django_db
def test_changes_of_a_person_are_recorded_but_for_preferences_and_secrets(opened: None) -> None:
    user = make_person()
    assert Entry.objects.filter(action=Action.ROW_CREATED, subject_id=user.pk).count() == 1

    people.save_preferences(user, theme="dark", timezone="Europe/Berlin")
    user.set_password("Schwalbennest 7 am Giebel")
    user.save()
    assert Entry.objects.filter(action=Action.ROW_CHANGED, subject_id=user.pk).count() == 0

    user.is_staff = True
    user.save()
    assert Entry.objects.filter(action=Action.ROW_CHANGED, subject_id=user.pk).count() == 1


@pytest.mark.django_db
def test_teams_are_recorded() -> None:
    team = Team.objects.create(name="Night shift")

    assert Entry.objects.filter(action=Action.ROW_CREATED, subject_id=team.pk).count() == 1


def test_the_settings_of_a_desk_are_good() -> None:
    assert check_sign_in(None) == []


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("CACHES", {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}, "accounts.E001"),
        ("SESSION_ENGINE", "django.contrib.sessions.backends.signed_cookies", "accounts.E002"),
        ("INSTALLED_APPS", [*desk.INSTALLED_APPS, "allauth.mfa"], "accounts.E003"),
        ("SECRET_KEY", "short", "accounts.E004"),
    ],
)
def test_what_weakens_sign_in_is_found(settings: Settings, name: str, value: object, found: str) -> None:
    if name == "INSTALLED_APPS":
        desk.INSTALLED_APPS, kept = value, desk.INSTALLED_APPS
        messages = check_sign_in(None)
        desk.INSTALLED_APPS = kept
    else:
        setattr(settings, name, value)
        messages = check_sign_in(None)

    assert [message.id for message in messages] == [found]
