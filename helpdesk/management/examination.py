"""What `doctor` looks at, one thing a function: each tells what it found, and what to do about a fault."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.core.checks import ERROR, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage, storages
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from helpdesk.celery import app
from helpdesk.crypto.checks import ensure_usable
from helpdesk.crypto.errors import CryptoError
from inbox.mail.models import Mailbox, OutboundMail
from inbox.mail.smtpd import pulse
from inbox.mail.states import OutState

_LEAST_FREE_BYTES: Final = 512 * 1024 * 1024
_WORKER_S: Final = 2.0
_PATIENCE: Final = timedelta(minutes=15)
"""For so long a mailbox or an outgoing mail may be late before that is a fault."""
_HERE: Final = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `remedy` is what to do; "" when all is well."""

    subject: str
    words: str
    remedy: str = ""


Look = Callable[[], Iterator[Finding]]


def examine() -> Iterator[Finding]:
    """Return the findings one after the other; where the database is away, what asks it is left out."""
    for look in (_settings, _address, _static_files, _blobs, _redis):
        yield from look()
    away = _database_fault()
    yield Finding("database", away or "answers", "start it, or correct DATABASE_URL" if away else "")
    if not away:
        for look in (_tables, _keys):
            yield from look()
        yield from _work()


def _settings() -> Iterator[Finding]:
    if not _has_secret_key():
        yield Finding("settings", "SECRET_KEY is not set", "set SECRET_KEY_FILE, or start the desk by `manage.py up`")
        return
    faults = [fault for fault in run_checks(include_deployment_checks=False) if fault.level >= ERROR]
    for fault in faults:
        yield Finding("settings", f"{fault.id}: {fault.msg}", fault.hint or "correct the setting that it names")
    if not faults:
        yield Finding("settings", "can be used")


def _has_secret_key() -> bool:
    """Ask as every check would: Django gives no empty key, it raises."""
    try:
        return bool(settings.SECRET_KEY)
    except ImproperlyConfigured:
        return False


def _address() -> Iterator[Finding]:
    parts = urlsplit(settings.POSTERN_URL)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path:
        yield Finding("address", f"{settings.POSTERN_URL} is no origin", "set POSTERN_URL as https://desk.example.org")
    elif parts.scheme == "http" and parts.hostname not in _HERE:
        yield Finding(
            "address", f"{settings.POSTERN_URL} goes over the net in the clear", "put TLS before it: https://"
        )
    elif settings.POSTERN_BIND not in _HERE and parts.scheme == "http":
        yield Finding("address", f"listens on {settings.POSTERN_BIND} without TLS", "set POSTERN_BIND to 127.0.0.1")
    else:
        yield Finding("address", settings.POSTERN_URL)


def _static_files() -> Iterator[Finding]:
    if Path(settings.STATIC_ROOT, "staticfiles.json").is_file():
        yield Finding("static files", "are collected")
    else:
        yield Finding("static files", "are not collected", "run `manage.py collectstatic`")


def _blobs() -> Iterator[Finding]:
    storage = storages["blobs"]
    if not isinstance(storage, FileSystemStorage):
        yield Finding("files", "lie in an object store")
        return
    folder = Path(storage.location)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / ".doctor"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        yield Finding("files", f"{folder} cannot be written: {error.strerror}", "let the desk's account own the folder")
        return
    free = shutil.disk_usage(folder).free
    words = f"{folder} has {free // 2**20} MiB free"
    yield Finding("files", words, "" if free >= _LEAST_FREE_BYTES else "make room: new mail waits on its server")


def _redis() -> Iterator[Finding]:
    try:
        cache.get("doctor")
    except RedisError as error:
        words = f"does not answer ({type(error).__name__})"
        yield Finding("redis", words, "start it, or correct REDIS_URL; until then no mail is fetched")
    else:
        yield Finding("redis", "answers")
        yield from _workers()
        yield from _listener()


def _workers() -> Iterator[Finding]:
    try:
        count = len(app.control.ping(timeout=_WORKER_S) or ())
    except OperationalError:
        count = 0
    if count:
        yield Finding("worker", f"{count} answer")
    else:
        yield Finding("worker", "none answers", "start `manage.py up`, or the worker of your service manager")


def _listener() -> Iterator[Finding]:
    if not pulse.is_wanted():
        return
    where = f"{settings.SMTPD.upper()} at {settings.SMTPD_BIND}:{settings.SMTPD_PORT}"
    if pulse.is_beating():
        yield Finding("listener", f"takes mail over {where}")
    else:
        yield Finding("listener", f"nobody takes mail over {where}", "start `manage.py listen`, and see what it says")


def _database_fault() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"does not answer ({type(error).__name__})"
    return ""


def _tables() -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    words = f"{waiting} migrations wait" if waiting else "are up to date"
    yield Finding("tables", words, "run `manage.py migrate`" if waiting else "")


def _keys() -> Iterator[Finding]:
    try:
        ensure_usable()
    except (CryptoError, DatabaseError) as error:
        yield Finding("keys", str(error), "bring back the root key of this desk; never make a new one over old data")
    else:
        yield Finding("keys", "open")


def _work() -> Iterator[Finding]:
    """Return how mail comes and goes; nothing while the tables are older than this code."""
    try:
        yield from _mailboxes()
        yield from _outbox()
    except DatabaseError as error:
        yield Finding("mail", f"cannot be read ({type(error).__name__})", "run `manage.py migrate`")


def _mailboxes() -> Iterator[Finding]:
    boxes = list(Mailbox.objects.filter(active=True))
    if not boxes:
        yield Finding("mailboxes", "none is active: `manage.py mailbox add` brings one")
    for box in boxes:
        yield _mailbox(box)


def _mailbox(box: Mailbox) -> Finding:
    good = box.last_good_at
    since = f"last good fetch {good:%Y-%m-%d %H:%M} UTC" if good else "never fetched"
    if box.fault_step:
        remedy = f"`manage.py mailbox test {box.pk}` shows the server's own words"
        return Finding(f"mailbox {box}", f"fails at {box.fault_step}, {since}", remedy)
    late = timezone.now() - (good or box.created_at) > _PATIENCE + timedelta(seconds=settings.POSTERN_POLL_S)
    return Finding(f"mailbox {box}", since, "nobody looks into it: is beat running?" if late else "")


def _outbox() -> Iterator[Finding]:
    waiting = (OutState.QUEUED, OutState.DEFERRED)
    late = OutboundMail.objects.filter(state__in=waiting, send_after__lt=timezone.now() - _PATIENCE).count()
    words = f"{late} mails should have left" if late else "nothing is late"
    yield Finding("outbox", words, "are worker and beat running?" if late else "")
