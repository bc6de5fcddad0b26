"""No word of a customer, and no secret, lies readable on the disk: looked for by bytes in all that the desk writes.

One stem stands in everything that a mail, an answer, a sign-in and a mailbox hold. After a real fetch, a real delivery
and a checkpoint the files of PostgreSQL with its WAL, of Redis, of the blobs, of the logs and of the temporary folder
are searched for it in UTF-8, UTF-16, hex and base64. A second stem is planted in four places and found in all.
"""

import base64
import logging
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client

from accounts.models import Team, TotpDevice
from accounts.services import people
from helpdesk.core.logs import LineFormatter
from inbox.inboxes.models import Inbox
from inbox.mail.models import OutboundMail, RawMail
from inbox.mail.receive.poll import poll
from inbox.mail.send.deliver import deliver_mail
from inbox.mail.services.mailboxes import Account, NewMailbox, add_mailbox
from inbox.mail.states import History, OutState, RawState, Security
from inbox.mail.tasks import process_mail
from inbox.tickets.models import Message, Ticket
from tests.make import Letter, make_agent, make_inbox, make_mail
from tests.servers.dovecot import USER, MailHost
from tests.servers.smtp import SmtpHost
from tests.signed_in import client_of, code_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.dovecot]


def make_stem() -> str:
    """Return twenty small letters and digits that occur nowhere else."""
    return f"zq{secrets.token_hex(8)}qz"


def spellings(stem: str) -> dict[str, bytes]:
    """Return the bytes of `stem` in every spelling that is looked for, by the spelling's name."""
    raw = stem.encode()
    found = {
        "utf-8": raw,
        "utf-16-le": stem.encode("utf-16-le"),
        "utf-16-be": stem.encode("utf-16-be"),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "base32": base64.b32encode(raw),
    }
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + raw)
        found[f"base64 at {offset}"] = whole[-(-offset * 8 // 6) : len(whole) - 4]
    return found


def places_of(stem: str, *folders: Path) -> set[tuple[str, str]]:
    """Return each file below `folders` that holds `stem`, with the spelling."""
    wanted = spellings(stem)
    return {
        (str(path), name)
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
        for name in _spelled_in(path, wanted)
    }


def _spelled_in(path: Path, wanted: dict[str, bytes]) -> list[str]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:  # a running server removes files of its own
        return []
    return [name for name, needle in wanted.items() if needle in content]


def flush() -> None:
    """Let PostgreSQL and Redis write everything to their files."""
    with connections["owner"].cursor() as cursor:
        # Only a superuser may say CHECKPOINT, and the desk has none; copying a database by its files makes one.
        cursor.execute(f"CREATE DATABASE needles_{os.getpid()} TEMPLATE template0 STRATEGY file_copy")
        cursor.execute(f"DROP DATABASE needles_{os.getpid()}")
    connections["owner"].close()
    with redis.Redis.from_url(settings.REDIS_LIVE_URL) as store:
        store.config_set("rdbcompression", "no")
        store.save()


@contextmanager
def logged(path: Path) -> Iterator[None]:
    """Write the log of the block to `path`, in the form in which the desk writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        handler.close()


@pytest.fixture
def stem() -> str:
    """The stem of this test."""
    return make_stem()


@pytest.fixture
def host(stem: str) -> Iterator[MailHost]:
    """A Dovecot whose password holds the stem. It must come before `temp`: its mails lie in files of its own."""
    server = MailHost({USER: f"{stem}mailbox"})
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def home() -> Path:
    """The folder of the desk that the tests run on."""
    return Path(settings.POSTERN_HOME)


@pytest.fixture
def temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of this process and its children."""
    folder = tmp_path / "temp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def _receive(stem: str, inbox: Inbox, host: MailHost, smtp: SmtpHost) -> Ticket:
    letter = Letter(
        sender=f"{stem}name <{stem}address@example.org>",
        to=f"{stem}to <support@desk.example.net>",
        cc=f"{stem}cc <{stem}cc@example.org>",
        html=f"<p>{stem}html <a href='https://example.org/{stem}link'>x</a></p>",
        header_id=f"<{stem}id@example.org>",
        headers={"References": f"<{stem}reference@example.org>", "X-Tracking": f"{stem}header"},
        files=[(f"{stem}file.pdf", f"{stem}bytes".encode() * 9)],
    )
    host.append(make_mail(f"{stem}subject", f"{stem}text\n", letter))
    host.append(b"Subject: " + stem.encode() + b"broken\r\n\r\n\xff\xfe" + stem.encode())
    account = Account("127.0.0.1", host.port, USER, host.users[USER], Security.PLAINTEXT_LOOPBACK)
    outgoing = Account("127.0.0.1", smtp.port, "", f"{stem}smtppassword", Security.PLAINTEXT_LOOPBACK)
    mailbox = add_mailbox(NewMailbox(inbox, account, outgoing, history=History.ALL))
    poll(mailbox.pk)
    process_mail([str(pk) for pk in RawMail.objects.filter(state=RawState.STORED).values_list("pk", flat=True)])
    return Ticket.objects.order_by("number").first() or Ticket()


def _work(stem: str, client: Client, ticket: Ticket) -> None:
    number = ticket.number
    message = Message.objects.filter(ticket=ticket).earliest("at")
    for address in ("/", f"/t/{number}", f"/t/{number}/print", f"/m/{message.pk}/body", f"/m/{message.pk}/raw"):
        answer = client.get(address)
        assert answer.status_code == 200
        b"".join(answer)
    client.get("/out", {"m": str(message.pk), "u": f"https://example.org/{stem}out"})
    client.post(f"/t/{number}/note", {"text": f"{stem}note"})
    file = SimpleUploadedFile(f"{stem}upload.bin", f"{stem}uploaded".encode() * 200_000)
    form = {"text": f"{stem}reply", "once": str(uuid4()), "version": "1", "files": file}
    assert client.post(f"/t/{number}/reply", form).status_code == 409
    ticket.refresh_from_db()
    file.seek(0)
    assert client.post(f"/t/{number}/reply", form | {"version": str(ticket.version)}).status_code == 302
    form = {"text": f"{stem}draft", "kind": "note", "version": str(ticket.version)}
    assert client.post(f"/t/{number}/draft", form).status_code == 204
    form = {"inbox": str(ticket.inbox_id), "to": f"{stem}new@example.org", "subject": f"{stem}newsubject"}
    assert client.post("/new", form | {"text": f"{stem}newtext", "once": str(uuid4())}).status_code == 302


def _sign_in_halfway(stem: str) -> Client:
    user = people.create_user("halfway@staff.example.com", "Halfway", f"{stem} password")
    app = TotpDevice.objects.create(user=user, name="app", secret=stem.encode()[:20])
    whole, half = Client(), Client()
    form = {"login": user.email, "password": f"{stem} password"}
    whole.post("/login/", form)
    assert whole.post("/login/code/", {"code": code_of(app)}).status_code == 302
    half.post("/login/", form)
    half.post("/login/", {"login": f"{stem}@example.org", "password": f"{stem} guess"})
    assert half.get("/login/code/").status_code == 200
    half.post("/login/code/", {"code": f"{stem}"[:20]})
    return half


def _deliver() -> set[str]:
    OutboundMail.objects.update(send_after="2026-01-01T00:00:00Z")
    return {str(deliver_mail(pk)) for pk in OutboundMail.objects.values_list("pk", flat=True)}


def test_no_word_and_no_secret_lies_readable_on_the_disk(
    stem: str, host: MailHost, smtp_host: SmtpHost, home: Path, temp: Path
) -> None:
    inbox = make_inbox("Support", address="support@desk.example.net")
    agent = make_agent("Team lead", inbox=inbox)
    with logged(temp / "desk.log"):
        ticket = _receive(stem, inbox, host, smtp_host)
        _work(stem, client_of(agent), ticket)
        half = _sign_in_halfway(stem)
        assert _deliver() == {OutState.SENT}
    flush()

    assert places_of(stem, home, temp) == set()
    assert (temp / "desk.log").stat().st_size > 0
    assert [path for path in (home / "blobs").rglob("*") if path.is_file()] != []
    assert Ticket.objects.count() == 3
    assert stem.encode() in smtp_host.received[0].mime
    assert half.get("/login/code/").status_code == 200


def test_what_is_planted_is_found_in_all_four_places(stem: str, home: Path, temp: Path) -> None:
    Team.objects.create(name=f"{stem} team")
    with logged(temp / "desk.log"):
        logging.getLogger("inbox.mail").warning("mail refused", extra={"words": f"no {stem} here"})
    cache.set("planted", {"subject": f"{stem} cached"})
    (temp / "spooled").write_bytes(base64.b64encode(f"Subject: {stem}".encode()))

    flush()
    places = {path for path, _name in places_of(stem, home, temp)}

    assert any("/base/" in path for path in places), "a plain table"
    assert any("/pg_wal/" in path for path in places), "the WAL"
    assert any(path.endswith(".rdb") for path in places), "the dump of Redis"
    assert any("aof" in path for path in places), "the journal of Redis"
    assert str(temp / "desk.log") in places
    assert str(temp / "spooled") in places


@pytest.mark.parametrize("offset", range(3))
def test_every_spelling_is_looked_for(stem: str, tmp_path: Path, offset: int) -> None:
    texts = {
        "utf-8": stem.encode(),
        "utf-16-le": stem.encode("utf-16-le"),
        "utf-16-be": stem.encode("utf-16-be"),
        "hex": stem.encode().hex().encode(),
        "HEX": stem.encode().hex().upper().encode(),
        "base32": base64.b32encode(stem.encode()),
        f"base64 at {offset}": base64.b64encode(b"x" * (offset + 3) + stem.encode() + b"yy"),
    }
    for name, text in texts.items():
        (tmp_path / name).write_bytes(b"before " + text + b" after")

    assert places_of(stem, tmp_path) >= {(str(tmp_path / name), name) for name in texts}
