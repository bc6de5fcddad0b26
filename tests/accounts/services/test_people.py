"""People: made, given passwords, switched off and on."""

import pytest
from django.core.exceptions import ValidationError

from accounts.errors import AddressInUse
from accounts.models import User
from accounts.services import people
from audit.actions import Action
from audit.models import Entry
from tests.signed_in import PASSWORD, client_of, make_person

pytestmark = pytest.mark.django_db


def test_a_second_person_in_other_letters_is_refused() -> None:
    first = make_person("lea@example.org")

    with pytest.raises(AddressInUse):
        people.create_user("LEA@Example.org", "Other")

    assert list(User.objects.all()) == [first]


def test_a_person_without_a_password_cannot_sign_in_by_one() -> None:
    user = people.create_user("lea@example.org", "Lea")

    assert not user.has_usable_password()
    assert not user.check_password("")


def test_a_superuser_may_enter_the_admin() -> None:
    user = User.objects.create_superuser("root@example.org", PASSWORD, name="Root")

    assert (user.is_staff, user.is_superuser) == (True, True)


def test_a_new_password_ends_every_session_and_is_recorded_without_it() -> None:
    user = make_person()
    client = client_of(user)
    assert "_auth_user_id" in client.session

    people.set_password(user, "Schwalbennest 7 am Giebel")

    user.refresh_from_db()
    assert user.check_password("Schwalbennest 7 am Giebel")
    assert client.get("/me/").status_code == 302
    assert Entry.objects.filter(action=Action.PASSWORD_CHANGED, subject_id=user.pk).count() == 1


def test_a_weak_password_changes_nothing() -> None:
    user = make_person()

    with pytest.raises(ValidationError):
        people.set_password(user, "short")

    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert Entry.objects.filter(action=Action.PASSWORD_CHANGED).count() == 0


def test_only_preferences_are_saved_as_preferences() -> None:
    user = make_person()

    people.save_preferences(user, theme="dark", single_keys=False)
    with pytest.raises(TypeError, match="is_staff"):
        people.save_preferences(user, is_staff=True)

    user.refresh_from_db()
    assert (user.theme, user.single_keys, user.is_staff) == ("dark", False, False)


def test_switching_off_and_on() -> None:
    user = make_person()
    client = client_of(user)

    assert people.deactivate(user).is_active is False
    assert client.get("/me/").headers["Location"] == "/login/?next=%2Fme%2F"
    assert people.activate(user).is_active is True
    assert client.get("/me/").headers["Location"] == "/login/?next=%2Fme%2F"
