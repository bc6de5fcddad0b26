"""`setup`: the first administrator and the first inbox."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django.fixtures import Settings

from accounts.models import User
from audit.models import Entry
from inbox.inboxes.access import access_of
from inbox.inboxes.models import Binding, Inbox
from inbox.inboxes.permissions import DeskRight, Right
from inbox.inboxes.services.inboxes import create_inbox
from inbox.mail.models import Mailbox
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


def _answer(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    given = iter(answers)
    monkeypatch.setattr("builtins.input", lambda _question: next(given))
    monkeypatch.setattr("getpass.getpass", lambda _question: next(given))


def test_what_no_option_says_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    _answer(monkeypatch, "root@example.org", "Root", PASSWORD, PASSWORD)

    call_command("setup", stdout=StringIO())

    user = User.objects.get()
    assert (user.email, user.name, user.check_password(PASSWORD)) == ("root@example.org", "Root", True)


def test_two_passwords_that_differ_make_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    _answer(monkeypatch, "root@example.org", "Root", PASSWORD, PASSWORD + " ")

    with pytest.raises(CommandError, match="differ"):
        call_command("setup", stdout=StringIO())

    assert User.objects.count() == 0


def test_the_first_mailbox_feeds_the_first_inbox(tmp_path: Path) -> None:
    for name in ("person", "imap"):
        (tmp_path / name).write_text(PASSWORD if name == "person" else "imap-secret")
    words = ["--email", "root@example.org", "--password-file", str(tmp_path / "person"), "--no-input"]
    words += ["--inbox", "Help", "--imap-host", "imap.example.org", "--imap-user", "help@example.org"]

    said = StringIO()
    call_command("setup", *words, "--imap-password-file", str(tmp_path / "imap"), stdout=said)

    mailbox = Mailbox.objects.get()
    assert mailbox.inbox.name == "Help"
    assert "imap-secret" not in said.getvalue()


def test_a_key_that_does_not_fit_is_told(settings: Settings, tmp_path: Path) -> None:
    settings.KEY_PROVIDER, settings.ROOT_KEY_FILE = "file", tmp_path / "no.key"

    with pytest.raises(CommandError):
        call_command("setup", "--no-input", stdout=StringIO())
    assert User.objects.count() == 0
