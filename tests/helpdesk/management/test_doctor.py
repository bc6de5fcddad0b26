"""`doctor` on a desk that is well, and on each fault that it knows: what is told, what to do, and the exit code."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from celery.app.control import Control
from django.core.management import CommandError, call_command
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from kombu.exceptions import OperationalError
from pytest_django import Settings

from helpdesk.crypto import keyring
from helpdesk.management import examination
from inbox.inboxes.services.inboxes import create_inbox
from inbox.mail.models import Mailbox
from inbox.mail.services.mailboxes import Account, NewMailbox, add_mailbox
from inbox.mail.smtpd import pulse
from inbox.mail.states import Security

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _well(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a desk whose files are collected and whose worker answers."""
    (tmp_path / "staticfiles.json").write_text("{}")
    settings.STATIC_ROOT = str(tmp_path)
    monkeypatch.setattr(Control, "ping", lambda _self, **_options: [{"worker": "pong"}])


@pytest.fixture
def mailbox() -> Mailbox:
    inbox = create_inbox("Support", addresses=("support@desk.example",))
    account = Account("127.0.0.1", 1, "desk@desk.example", "secret", Security.PLAINTEXT_LOOPBACK)
    made: Mailbox = add_mailbox(NewMailbox(inbox, account, account))
    Mailbox.objects.filter(pk=made.pk).update(last_good_at=timezone.now())
    return made


def _report() -> tuple[list[str], str]:
    """Return the lines of the report, and the words of its end ("" when all is well)."""
    out = StringIO()
    try:
        call_command("doctor", stdout=out)
    except CommandError as error:
        return out.getvalue().splitlines(), str(error)
    return out.getvalue().splitlines(), ""


def _faults() -> list[str]:
    lines, end = _report()
    faults = [line.removeprefix("FAULT  ") for line in lines if line.startswith("FAULT")]
    assert end == (f"{len(faults)} at fault" if faults else "")
    assert sum(line.startswith("       -> ") for line in lines) == len(faults)
    return faults


def test_a_desk_that_is_well(mailbox: Mailbox) -> None:
    lines, end = _report()

    assert end == ""
    assert [line.partition(":")[0] for line in lines] == [
        "ok     settings",
        "ok     address",
        "ok     static files",
        "ok     files",
        "ok     redis",
        "ok     worker",
        "ok     database",
        "ok     tables",
        "ok     keys",
        f"ok     mailbox {mailbox}",
        "ok     outbox",
    ]


def test_no_worker_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Control, "ping", lambda _self, **_options: None)

    assert _faults() == ["worker: none answers"]


def test_the_queue_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_self: Control, **_options: object) -> None:
        raise OperationalError("nobody there")

    monkeypatch.setattr(Control, "ping", away)

    assert _faults() == ["worker: none answers"]


def test_a_missing_secret_key_is_named(settings: Settings) -> None:
    settings.SECRET_KEY = ""

    assert _faults() == ["settings: SECRET_KEY is not set"]


def test_a_setting_that_weakens_sign_in_is_a_fault(settings: Settings) -> None:
    settings.SECRET_KEY = "short"

    assert _faults() == ["settings: accounts.E004: SECRET_KEY must have 50 characters or more."]


def test_an_object_store_is_not_probed(settings: Settings) -> None:
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = {**settings.STORAGES, "blobs": memory}

    lines, end = _report()

    assert ("ok     files: lie in an object store" in lines, end) == (True, "")


def test_nobody_listens(settings: Settings) -> None:
    settings.SMTPD = "lmtp"
    assert _faults() == ["listener: nobody takes mail over LMTP at 127.0.0.1:8024"]

    pulse.beat()
    assert _faults() == []


def test_redis_is_away(settings: Settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "unix:///nonexistent/redis.sock?db=1"}}

    assert _faults() == ["redis: does not answer (ConnectionError)"]


def test_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "_database_fault", lambda: "does not answer (OperationalError)")

    assert _faults() == ["database: does not answer (OperationalError)"]


def test_the_root_key_is_away(settings: Settings, tmp_path: Path) -> None:
    settings.KEY_PROVIDER, settings.ROOT_KEY_FILE = "file", tmp_path / "no.key"
    keyring.forget()

    faults = _faults()
    keyring.forget()

    assert [fault.partition(":")[0] for fault in faults] == ["keys"]


def test_files_cannot_be_written(settings: Settings, tmp_path: Path) -> None:
    place = tmp_path / "a-file"
    place.write_text("")
    options = {**settings.STORAGES["blobs"]["OPTIONS"], "location": str(place)}
    settings.STORAGES = {**settings.STORAGES, "blobs": {**settings.STORAGES["blobs"], "OPTIONS": options}}

    assert _faults() == [f"files: {place} cannot be written: File exists"]


def test_the_disk_is_nearly_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "_LEAST_FREE_BYTES", 2**62)

    assert [fault.partition(":")[0] for fault in _faults()] == ["files"]


def test_static_files_are_not_collected(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = str(tmp_path / "none")

    assert _faults() == ["static files: are not collected"]


@pytest.mark.parametrize(
    ("url", "bind", "words"),
    [
        ("http://desk.example.org", "127.0.0.1", "http://desk.example.org goes over the net in the clear"),
        ("https://desk.example.org/desk", "127.0.0.1", "https://desk.example.org/desk is no origin"),
        ("http://localhost:8000", "0.0.0.0", "listens on 0.0.0.0 without TLS"),  # noqa: S104 - that is the fault
    ],
)
def test_an_address_in_the_clear(settings: Settings, url: str, bind: str, words: str) -> None:
    settings.POSTERN_URL, settings.POSTERN_BIND = url, bind

    assert _faults() == [f"address: {words}"]


def test_an_address_behind_tls(settings: Settings) -> None:
    settings.POSTERN_URL, settings.POSTERN_BIND = "https://desk.example.org", "0.0.0.0"  # noqa: S104 - in a container

    assert _faults() == []


def test_a_mailbox_that_fails_and_one_that_nobody_looks_into(mailbox: Mailbox) -> None:
    Mailbox.objects.filter(pk=mailbox.pk).update(fault_step="sign_in")
    assert [fault.partition(",")[0] for fault in _faults()] == [f"mailbox {mailbox}: fails at sign_in"]

    Mailbox.objects.filter(pk=mailbox.pk).update(fault_step="", last_good_at=timezone.now() - timedelta(hours=2))
    assert [fault.partition(":")[0] for fault in _faults()] == [f"mailbox {mailbox}"]

    Mailbox.objects.filter(pk=mailbox.pk).update(active=False)
    assert _faults() == []


def test_a_migration_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda _self, _targets: [object()])

    assert _faults() == ["tables: 1 migrations wait"]
