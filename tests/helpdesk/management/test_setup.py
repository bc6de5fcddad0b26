"""`setup`: the first administrator and the first inbox."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import User
from audit.models import Entry
from inbox.inboxes.access import access_of
from inbox.inboxes.models import Binding, Inbox
from inbox.inboxes.permissions import DeskRight, Right
from inbox.inboxes.services.inboxes import create_inbox
from tests.signed_in import PASSWORD, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def password(tmp_path: Path) -> str:
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    return str(path)


def _setup(*words: str) -> str:
    said = StringIO()
    call_command("setup", *words, "--no-input", stdout=said)
    return said.getvalue()


def test_the_first_administrator_manages_people_and_answers_mail(password: str) -> None:
    before = list(Entry.objects.values_list("pk", flat=True))

    said = _setup("--email", "Root@Example.org", "--name", "Root", "--password-file", password, "--inbox", "Help")

    user, inbox = User.objects.get(), Inbox.objects.get()
    access = access_of(user)
    assert (user.email, user.name, user.is_staff, user.is_superuser) == ("root@example.org", "Root", True, False)
    assert user.check_password(PASSWORD)
    assert inbox.name == "Help"
    assert access.may(DeskRight.MANAGE_ROLES)
    assert access.can(Right.REPLY, inbox.pk)
    assert not access.can(Right.EXPORT, inbox.pk)
    assert "root@example.org answers mail in the inbox Help (Agent)." in said
    assert set(Entry.objects.exclude(pk__in=before).values_list("actor_kind", flat=True)) == {"cli"}


def test_the_first_inbox_that_is_there_is_taken(password: str) -> None:
    first, _second = create_inbox("First"), create_inbox("Second")

    _setup("--email", "root@example.org", "--password-file", password)

    assert Inbox.objects.count() == 2
    assert access_of(User.objects.get()).inboxes(Right.REPLY) == (first.pk,)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--email", "root@example.org"], "--password-file is missing"),
        (["--password-file", "PASSWORD"], "--email is missing"),
        (["--email", "nobody", "--password-file", "PASSWORD"], "nobody"),
        (["--email", "root@example.org", "--password-file", "/nonexistent/file"], "cannot be read"),
        (["--email", "root@example.org", "--password-file", "WEAK"], "too short"),
    ],
)
def test_what_does_not_fit_is_told_and_nothing_is_made(
    words: list[str], told: str, password: str, tmp_path: Path
) -> None:
    (tmp_path / "weak").write_text("short")
    places = {"PASSWORD": password, "WEAK": str(tmp_path / "weak")}

    with pytest.raises(CommandError, match=told):
        _setup(*(places.get(word, word) for word in words))

    assert (User.objects.count(), Inbox.objects.count(), Binding.objects.count()) == (0, 0, 0)


def test_an_address_that_is_taken_is_refused(password: str) -> None:
    make_person("root@example.org")

    with pytest.raises(CommandError, match="exists"):
        _setup("--email", "ROOT@example.org", "--password-file", password)

    assert Binding.objects.count() == 0
