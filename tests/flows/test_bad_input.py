"""What goes wrong around a desk gets a clear error and loses nothing: its keys, its disk, its queue, its database."""

import asyncio
import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
from django.apps import apps
from django.conf import settings as desk_settings
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from audit.models import Entry
from helpdesk.celery import app as queue
from helpdesk.core import bell
from helpdesk.crypto.providers import make_root_key, provider
from helpdesk.demo.dovecot import free_port
from helpdesk.web.live import hub, views
from inbox.inboxes.permissions import Access
from inbox.mail.models import Mailbox, OutboundMail, RawMail
from inbox.mail.receive.poll import poll
from inbox.mail.send.deliver import due
from inbox.mail.states import OutState, RawState
from inbox.mail.tasks import deliver_mail, process_mail
from inbox.tickets.models import Attachment, Draft, Message, Ticket
from inbox.tickets.services.drafts import NewDraft, save_draft
from inbox.tickets.states import Direction, DraftKind
from tests.make import make_agent, make_inbox, make_mail, make_mailbox, make_ticket
from tests.servers.dovecot import MailHost
from tests.servers.smtp import SmtpHost
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db(transaction=True)

_COMMANDS: Final = (("up",), ("fetch_mail",), ("keys", "status"), ("doctor",))
_MADE_AGAIN: Final = {"django_content_type", "auth_permission"}
"""What Django's own migrate fills again once a test has flushed the tables."""


def _send(client: Client, ticket: Ticket, *uploads: SimpleUploadedFile) -> tuple[int, str]:
    """Return the status and the page that answer a reply."""
    version = str(Ticket.objects.get(pk=ticket.pk).version)
    fields = {"text": "We look into it.", "once": str(uuid4()), "version": version, "files": list(uploads)}
    answer = client.post(f"/t/{ticket.number}/reply", fields)
    return answer.status_code, answer.content.decode()


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The disk takes the first part of one file and no more; it is the system's own write that says so."""
    write, left = os.write, iter(range(1))

    def limited(file: int, data: bytes) -> int:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data)

    with monkeypatch.context() as patched:
        patched.setattr("helpdesk.crypto.files.os.write", limited)
        yield


def _blobs() -> set[Path]:
    folder = Path(storages["blobs"].path(""))
    return {path for path in folder.rglob("*") if path.is_file()}


def _plan() -> SimpleUploadedFile:
    return SimpleUploadedFile("plan.bin", bytes(300_000))


def test_a_full_disk_under_an_upload_sends_nothing_and_keeps_the_draft(request: pytest.FixtureRequest) -> None:
    ticket = make_ticket()
    make_mailbox(ticket.inbox)
    agent = make_agent("Senior agent", inbox=ticket.inbox)
    save_draft(ticket, NewDraft(DraftKind.REPLY, "We look", base_version=ticket.version), by=agent)
    client, before = client_of(agent), _blobs()

    request.getfixturevalue("full_disk")
    status, page = _send(client, ticket, _plan())

    assert status == 503
    assert "The desk has no room left for files" in page
    assert (Message.objects.count(), OutboundMail.objects.count(), Attachment.objects.count()) == (1, 0, 0)
    assert Draft.objects.get().user == agent
    assert Entry.objects.filter(action="ticket.reply").count() == 0
    assert _blobs() == before


def test_with_room_on_the_disk_the_same_form_is_sent() -> None:
    ticket = make_ticket()
    make_mailbox(ticket.inbox)

    status, _page = _send(client_of(make_agent("Senior agent", inbox=ticket.inbox)), ticket, _plan())

    assert status == 302
    assert (OutboundMail.objects.count(), Attachment.objects.count()) == (1, 1)


def _fingerprint() -> dict[str, str]:
    """Return a digest of every row of every table of this desk."""
    tables = {model._meta.db_table for model in apps.get_models()} - _MADE_AGAIN
    with connection.cursor() as cursor:
        return {table: _digest(cursor, table) for table in sorted(tables)}


def _digest(cursor: CursorWrapper, table: str) -> str:
    cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t")  # noqa: S608 - a table of ours
    return str(cursor.fetchall()[0][0])


def _run(words: tuple[str, ...], key_file: Path) -> subprocess.CompletedProcess[str]:
    """Run a command on this test's database with the root key of that file."""
    name = connection.settings_dict["NAME"]
    urls = {each: os.environ[each].replace("/postern?", f"/{name}?") for each in ("DATABASE_URL", "DATABASE_OWNER_URL")}
    environment = {
        **os.environ,
        **urls,
        "DJANGO_SETTINGS_MODULE": "helpdesk.settings.desk",
        "POSTERN_KEY_PROVIDER": "file",
        "POSTERN_ROOT_KEY_FILE": str(key_file),
        "POSTERN_PORT": str(free_port()),
    }
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(  # noqa: S603 - a command of ours, without a shell
        command, cwd=desk_settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def _refusals(key_file: Path, commands: Sequence[tuple[str, ...]]) -> dict[str, str]:
    """Return what each command says, all of which must fail, and without a traceback."""
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda words: _run(words, key_file), commands))
    assert 0 not in [each.returncode for each in done]
    said = {" ".join(words): each.stdout + each.stderr for words, each in zip(commands, done, strict=True)}
    assert [words for words, text in said.items() if "Traceback" in text] == []
    return said


@pytest.mark.dovecot
def test_without_its_key_a_desk_starts_nothing_and_with_it_goes_on_unchanged(
    mail_host: MailHost, tmp_path: Path
) -> None:
    make_ticket()
    make_mailbox(make_inbox(), mail_host)
    mail_host.append(make_mail("Waits on its server"))
    wanted, before, blobs = provider().root_key_id(), _fingerprint(), _blobs()
    missing, foreign, right = (tmp_path / name / "root.key" for name in ("missing", "foreign", "right"))
    make_root_key(foreign)
    right.parent.mkdir(mode=0o700)
    right.touch(mode=0o600)
    right.write_text(os.environ["POSTERN_ROOT_KEY"])

    said = [*_refusals(missing, _COMMANDS).items(), *_refusals(foreign, _COMMANDS[:2]).items()]

    named = f"this desk was sealed under root key {wanted}"
    assert [words for words, text in said if named not in text] == []
    assert (_fingerprint(), _blobs(), missing.exists()) == (before, blobs, False)

    fetched = _run(("fetch_mail",), right)
    assert fetched.returncode == 0, fetched.stderr
    assert Ticket.objects.count() == 2


@pytest.fixture
def redis_away(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody listens where the cache, the live channel and the queue should be."""
    nowhere = "unix:///nonexistent/redis.sock"
    with monkeypatch.context() as patched:
        settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": f"{nowhere}?db=1"}}
        settings.REDIS_LIVE_URL = f"{nowhere}?db=0"
        patched.setattr(queue.conf, "broker_write_url", "redis://127.0.0.1:1/0")
        bell._line.hang_up()
        bell._line.silent_until = 0.0
        yield
    bell._line.hang_up()
    bell._line.silent_until = 0.0


def test_without_redis_pages_replies_and_the_log_work(request: pytest.FixtureRequest, smtp_host: SmtpHost) -> None:
    ticket = make_ticket()
    make_mailbox(ticket.inbox, smtp_host=smtp_host)
    client = client_of(make_agent("Senior agent", inbox=ticket.inbox))
    request.getfixturevalue("redis_away")
    begun = time.monotonic()

    shown = [client.get(path).status_code for path in ("/", f"/t/{ticket.number}")]
    noted = client.post(f"/t/{ticket.number}/note", {"text": "Hm.", "once": str(uuid4())})
    status, _page = _send(client, ticket)

    assert time.monotonic() - begun < 10
    assert (shown, noted.status_code, status) == ([200, 200], 302, 302)
    actions = set(Entry.objects.values_list("action", flat=True))
    assert {"ticket.list", "ticket.view", "ticket.note", "ticket.reply"} <= actions
    assert Message.objects.filter(direction=Direction.OUTBOUND).count() == 1
    OutboundMail.objects.update(send_after=timezone.now() - timedelta(seconds=1))
    assert due() == [OutboundMail.objects.get().pk]
    deliver_mail(str(OutboundMail.objects.get().pk))
    assert OutboundMail.objects.get().state == OutState.SENT
    assert len(smtp_host.received) == 1


@pytest.mark.usefixtures("redis_away")
def test_without_redis_an_open_stream_ends_so_that_its_page_shows_a_banner() -> None:
    async def heard() -> list[bytes]:
        listener = views._Listener(uuid4(), Access(uuid4()), "")
        async with asyncio.timeout(20):
            return [line async for line in views._events(listener)]

    assert asyncio.run(heard()) == [b"retry: 3000\n\n"]


def test_with_redis_a_stream_goes_on() -> None:
    async def heard() -> hub.Heard:
        async with asyncio.timeout(0.5), hub.hub_here().joined() as said:
            return await said.get()

    with pytest.raises(TimeoutError):
        asyncio.run(heard())


@pytest.mark.dovecot
def test_without_redis_a_fetch_under_way_still_stores(request: pytest.FixtureRequest, mail_host: MailHost) -> None:
    mailbox = make_mailbox(make_inbox(), mail_host)
    for number in range(3):
        mail_host.append(make_mail(f"Mail {number}"))
    request.getfixturevalue("redis_away")

    poll(mailbox.pk)

    assert list(RawMail.objects.values_list("state", flat=True)) == [RawState.STORED] * 3
    process_mail([str(pk) for pk in RawMail.objects.values_list("pk", flat=True)])
    assert Ticket.objects.count() == 3


@pytest.mark.dovecot
def test_without_its_database_nothing_is_acknowledged_to_the_server(mail_host: MailHost) -> None:
    mailbox = make_mailbox(make_inbox(), mail_host)
    mail_host.append(make_mail("Stays there"))
    place, host = connection.settings_dict, connection.settings_dict["HOST"]

    try:
        connection.close()
        place["HOST"] = "/nonexistent"
        with pytest.raises(OperationalError):
            poll(mailbox.pk)
    finally:
        place["HOST"] = host
        connection.close()

    assert mail_host.flags() == {1: ()}
    assert (Mailbox.objects.get().last_uid, RawMail.objects.count()) == (0, 0)
    poll(mailbox.pk)
    assert RawMail.objects.count() == 1
