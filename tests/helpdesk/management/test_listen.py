"""`listen`: a process of its own, killed at each commit, asked to end, and refused with what to set."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from helpdesk.demo.dovecot import free_port
from inbox.mail.models import RawMail
from inbox.mail.states import KillPoint
from tests.make import DESK, make_inbox, make_mail
from tests.servers.listener import Line

pytestmark = pytest.mark.django_db(transaction=True)

_PATIENCE_S = 60


@contextmanager
def listening(port: int, die_at: str = "") -> Iterator["subprocess.Popen[str]"]:
    """Run `listen` on this test's database in a process of its own that dies at a kill point."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        "DATABASE_URL": os.environ["DATABASE_URL"].replace("/postern?", f"/{connection.settings_dict['NAME']}?"),
        "DJANGO_SETTINGS_MODULE": "helpdesk.settings.test",
        "POSTERN_SMTPD": "smtp",
        "POSTERN_SMTPD_PORT": str(port),
        "POSTERN_KILL_AT": die_at,
    }
    process = subprocess.Popen(
        (sys.executable, "manage.py", "listen"),
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert _first_line(process.stdout) == f"takes mail over SMTP at 127.0.0.1:{port}"
        yield process
    finally:
        process.kill()
        process.wait(_PATIENCE_S)
        if process.stdout is not None:
            process.stdout.close()


def _first_line(out: IO[str]) -> str:
    come, _, _ = select.select([out], [], [], _PATIENCE_S)
    return out.readline().strip() if come else ""


@pytest.mark.parametrize("point", [KillPoint.RAW_WRITTEN, KillPoint.RAW_BEFORE_COMMIT, KillPoint.RAW_COMMITTED])
def test_killed_at_any_point_a_mail_is_neither_lost_nor_doubled(point: KillPoint) -> None:
    make_inbox()
    port, mime = free_port(), make_mail()

    with listening(port, point) as process, Line(port) as line:
        assert line.hand_in(mime, [DESK]) == ""
        assert process.wait(_PATIENCE_S) == -signal.SIGKILL
    assert RawMail.objects.count() == (1 if point == KillPoint.RAW_COMMITTED else 0)

    with listening(port) as process:
        with Line(port) as line:
            assert line.hand_in(mime, [DESK]) == "250 2.0.0 OK"
        process.send_signal(signal.SIGTERM)
        assert process.wait(_PATIENCE_S) == 0

    assert RawMail.objects.count() == 1


def test_it_says_what_to_set(settings: Settings) -> None:
    with pytest.raises(CommandError, match="POSTERN_SMTPD is off"):
        call_command("listen")

    settings.SMTPD, settings.SMTPD_CERT_FILE = "lmtp", "/nowhere.pem"
    with pytest.raises(CommandError, match="POSTERN_SMTPD_CERT_FILE cannot be used"):
        call_command("listen")
