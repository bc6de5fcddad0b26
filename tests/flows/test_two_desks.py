"""Two desks that acknowledge each other's mail, each a process with its own keys, over real SMTP and IMAP servers."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings

from inbox.mail.send.limits import PER_SENDER
from tests.make import Letter, make_mail
from tests.servers.dovecot import PASSWORD, MailHost
from tests.servers.smtp import Received, SmtpHost

ADDRESSES: Final = ("help@alpha.example.net", "info@beta.example.com")
_OWN: Final = {
    "DJANGO_SETTINGS_MODULE", "DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "POSTERN_ROOT_KEY",
}  # fmt: skip
"""What a test run sets for itself."""
_MACHINE: Final = re.compile(
    rb"^(?:Auto-Submitted|X-Auto-Response-Suppress|X-Postern-Loop|Return-Path):.*\r\n", re.MULTILINE
)
_THREADS: Final = re.compile(rb"^(?:In-Reply-To|References|Message-ID):.*\r\n(?:[ \t].*\r\n)*", re.MULTILINE)
_MARKS: Final = re.compile(rb"\[?(?:ref:r|#)[\w.=]*\]?")

Change = Callable[[bytes], bytes]


def as_it_is(mime: bytes) -> bytes:
    """Hand a mail on as mail servers do."""
    return mime


def without_machine_headers(mime: bytes) -> bytes:
    """Drop what says that a machine wrote it, as a careless gateway does."""
    return _MACHINE.sub(b"", mime)


def without_any_trace(mime: bytes) -> bytes:
    """Drop all by which a desk could know what it answers."""
    return _MARKS.sub(b"", _THREADS.sub(b"", without_machine_headers(mime)))


@dataclass(slots=True)
class Desk:
    """One running desk and the SMTP server that it hands its mail to."""

    address: str
    smtp: SmtpHost
    process: "subprocess.Popen[str]"
    taken: int = 0

    def do(self, *words: str) -> dict[str, object]:
        """Let it do one step and return how it stands."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        answer = self.answer()
        assert isinstance(answer, dict), answer
        return answer

    def answer(self) -> object:
        """Return its next line."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the desk ended: {self.process.wait(timeout=60)}"
        return json.loads(line)

    def new_mails(self) -> list[Received]:
        """Return what it sent since the last look."""
        fresh = self.smtp.received[self.taken :]
        self.taken += len(fresh)
        return fresh


@dataclass(slots=True)
class Post:
    """The mail servers between the desks: carries what one hands in to the other's mailbox."""

    desks: tuple[Desk, ...]
    host: MailHost
    change: Change = as_it_is
    carried: list[Received] = field(default_factory=list)

    def carry(self) -> int:
        """Carry what was handed in, and return how many mails."""
        fresh = [mail for desk in self.desks for mail in desk.new_mails()]
        for mail in fresh:
            for recipient in mail.recipients:
                self.host.append(
                    self.change(b"Return-Path: <%s>\r\n" % mail.sender.encode() + mail.mime), user=recipient
                )
        self.carried += fresh
        return len(fresh)

    def run(self, *, turns: int) -> int:
        """Let both desks take turns, and return how many mails went between them in all."""
        for _ in range(turns):
            for desk in self.desks:
                desk.do("turn")
            self.carry()
        return len(self.carried)


@pytest.fixture(scope="module")
def post() -> Iterator[Post]:
    """Two fresh desks."""
    with ExitStack() as stack:
        host = MailHost(dict.fromkeys(ADDRESSES, PASSWORD))
        stack.callback(host.remove)
        host.start()
        desks = tuple(_started(stack, host, address) for address in ADDRESSES)
        assert [desk.answer() for desk in desks] == ["ready", "ready"]
        yield Post(desks, host)


def _started(stack: ExitStack, host: MailHost, address: str) -> Desk:
    home = Path(tempfile.mkdtemp(prefix="postern-two-"))
    stack.callback(shutil.rmtree, home, ignore_errors=True)
    smtp = stack.enter_context(SmtpHost())
    environment = {
        **{name: value for name, value in os.environ.items() if name not in _OWN},
        "POSTERN_HOME": str(home),
        "POSTERN_KEY_PROVIDER": "file",
        "POSTERN_UNDO_S": "0",
        "DJANGO_SETTINGS_MODULE": "helpdesk.settings.desk",
    }
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "tests.flows.whole_desk", address, str(host.port), str(smtp.port)],
        cwd=settings.BASE_DIR,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    stack.callback(_ended, process)
    return Desk(address, smtp, process)


def _ended(process: "subprocess.Popen[str]") -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    process.wait(timeout=120)


def begin(post: Post, change: Change) -> Post:
    """Return the same desks an hour later, with another way of carrying and nothing carried yet."""
    for desk in post.desks:
        desk.do("hour")
    return Post(post.desks, post.host, change)


def test_a_mail_between_two_desks_is_acknowledged_once_and_that_is_all(post: Post) -> None:
    post = begin(post, as_it_is)

    post.desks[0].do("write", ADDRESSES[1])

    assert post.run(turns=4) == 2
    assert [mail.sender for mail in post.carried] == [ADDRESSES[0], ""]


@pytest.mark.parametrize("change", [as_it_is, without_machine_headers])
def test_a_forged_sender_sets_two_desks_on_each_other_for_three_mails_at_most(post: Post, change: Change) -> None:
    post = begin(post, change)
    letter = Letter(sender=ADDRESSES[1], to=ADDRESSES[0])

    post.host.append(make_mail("Hello", "From nobody.\n", letter), user=ADDRESSES[0])

    assert 1 <= post.run(turns=5) <= 3
    assert post.run(turns=1) == len(post.carried)


def test_even_without_any_trace_the_circle_ends(post: Post) -> None:
    """The control of the signs above: with all of them gone the limits alone are left, and they hold."""
    post = begin(post, without_any_trace)

    post.desks[0].do("write", ADDRESSES[1])

    assert post.run(turns=2 * PER_SENDER + 4) == 1 + 2 * PER_SENDER


@pytest.mark.long
def test_a_hundred_mails_each_way_make_no_storm(post: Post) -> None:
    post = begin(post, without_machine_headers)
    for _ in range(100):
        for desk, other in zip(post.desks, reversed(ADDRESSES), strict=True):
            desk.do("write", other)

    mails = post.run(turns=6)

    assert 200 <= mails <= 200 + 2 * PER_SENDER
    assert post.run(turns=2) == mails
