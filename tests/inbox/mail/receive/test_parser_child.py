"""The parsing child: knows nothing it should not, is ended when a mail misbehaves, and the next mail is read."""

import base64
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from inbox.mail.mime.parse import parse
from inbox.mail.mime.parsed import ParsedMail
from inbox.mail.receive import parser as parser_module
from inbox.mail.receive.parser import Failure, Parser, ParserFailed, parse_in_child
from tests.inbox.mail.mime.test_samples import SAMPLES

ROOT: Final = Path(__file__).parents[4]
PLAIN: Final = b"From: a@example.org\nSubject: hello\n\nwords\n"

# What a mail that took over the child would do; each stands in for `parse` there.
MISCHIEF: Final = {
    "hang": "import time\ndef parse(data): time.sleep(60)",
    "spin": "def parse(data):\n    while True: pass",
    "swell": "def parse(data):\n    kept = []\n    while True: kept.append(bytearray(10_000_000))",
    "abort": "import os\ndef parse(data): os.abort()",
    "leave": "import os\ndef parse(data): os._exit(7)",
    "babble": "import os\ndef parse(data): os.write(1, b'\\xff' * 64); os._exit(0)",
    "lie": "import os\ndef parse(data): os.write(1, b'\\x00\\x00\\x00\\x03+{}' + b'x' * 9); os._exit(0)",
    "raise": "def parse(data): raise RuntimeError",
    "nothing": "",
}


@pytest.fixture
def parser() -> Iterator[Parser]:
    """Return a parser whose child ends with the test."""
    with Parser() as made:
        yield made


@pytest.fixture
def mischief(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let new children run a `parse` that misbehaves when a mail says so, and read all others as always."""
    name = str(request.param)
    child = ROOT / "inbox" / "mail" / "receive" / "parser_child.py"
    evil = tmp_path / "evil_child.py"
    head, _, tail = child.read_text().partition("\n\nMEMORY_BYTES")
    choice = "def parse(data):\n    return _evil(data) if b'EVIL' in data else _good(data)\n"
    trick = f"\n_good = parse\n{MISCHIEF[name]}\n_evil = parse\n{choice}"
    body = tail.replace("CPU_S = 30", "CPU_S = 1").replace("IDLE_S = 60.0", "IDLE_S = 0.5")
    evil.write_text(f"{head}{trick}\nMEMORY_BYTES{body}")
    monkeypatch.setattr(parser_module, "CHILD_MODULE", "evil_child")
    monkeypatch.setattr(parser_module, "CHILD_PATH", f"{tmp_path}{os.pathsep}{ROOT}")
    return name


def test_the_child_reads_as_the_parser_does(parser: Parser) -> None:
    raws = [path.read_bytes() for path in sorted(SAMPLES.glob("*.eml"))]

    assert [parser.parse(raw) for raw in raws] == [parse(raw) for raw in raws]


def test_a_fresh_child_reads_the_same(parser: Parser) -> None:
    raws = [path.read_bytes() for path in sorted(SAMPLES.glob("charset-*.eml"))]
    first = [parser.parse(raw) for raw in raws]

    with Parser() as other:
        again = [other.parse(raw) for raw in reversed(raws)]

    assert again[::-1] == first


def test_a_mail_may_come_in_pieces(parser: Parser) -> None:
    pieces = iter([PLAIN[:10], b"", PLAIN[10:11], PLAIN[11:]])

    assert parser.parse(pieces) == parse(PLAIN)


def test_a_big_mail_comes_back_whole(parser: Parser) -> None:
    data = os.urandom(8 * 1024 * 1024)
    raw = b"Content-Type: application/zip; name=big.zip\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(
        data
    )

    mail = parser.parse(raw[at : at + 100_000] for at in range(0, len(raw), 100_000))

    assert [(file.name, file.data) for file in mail.attachments] == [("big.zip", data)]


def test_a_child_is_replaced_after_its_mails() -> None:
    with Parser(mails_per_child=2) as parser:
        pids = []
        for _ in range(4):
            parser.parse(PLAIN)
            pids.append(parser.pid)

    assert pids[0] == pids[1] != pids[2] == pids[3]
    assert parser.pid is None


def test_a_child_that_was_killed_is_replaced(parser: Parser) -> None:
    parser.parse(PLAIN)
    assert parser.pid is not None
    os.kill(parser.pid, 9)
    time.sleep(0.2)

    assert parser.parse(PLAIN).subject == "hello"


@pytest.mark.parametrize(
    ("mischief", "reason"),
    [
        ("hang", Failure.TIMEOUT),
        ("spin", Failure.TIMEOUT),
        ("swell", Failure.MEMORY),
        ("abort", Failure.MEMORY),
        ("leave", Failure.CRASHED),
        ("babble", Failure.CRASHED),
        ("lie", Failure.CRASHED),
        ("raise", Failure.CRASHED),
    ],
    indirect=["mischief"],
)
def test_a_mail_that_misbehaves_ends_its_child_and_the_next_is_read(
    mischief: str, reason: Failure, parser: Parser
) -> None:
    assert parser.parse(PLAIN).subject == "hello"
    pid = parser.pid

    with pytest.raises(ParserFailed) as caught:
        parser.parse(PLAIN + b"EVIL", timeout_s=2.0 if mischief == "hang" else 20.0)

    assert caught.value.reason == reason
    assert not Path(f"/proc/{pid}").exists()
    assert parser.parse(PLAIN).subject == "hello"


@pytest.mark.parametrize("mischief", ["nothing"], indirect=True)
def test_an_idle_child_ends_itself(mischief: str, parser: Parser) -> None:
    parser.parse(PLAIN)
    pid = parser.pid

    time.sleep(1.5)

    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    assert state == "Z"
    assert parser.parse(PLAIN).subject == "hello"


def test_a_child_that_may_end_any_moment_is_replaced(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    parser.parse(PLAIN)
    first = parser.pid
    parser.parse(PLAIN)
    assert parser.pid == first

    monkeypatch.setattr(parser_module, "STALE_S", -1.0)
    parser.parse(PLAIN)

    assert parser.pid != first


def test_pieces_that_fail_end_the_exchange(parser: Parser) -> None:
    def broken() -> Iterator[bytes]:
        yield PLAIN
        raise ConnectionError

    with pytest.raises(ConnectionError):
        parser.parse(broken())

    assert parser.parse(PLAIN).subject == "hello"


def test_a_child_that_dies_while_it_is_told_is_replaced(parser: Parser) -> None:
    parser.parse(PLAIN)

    def fatal() -> Iterator[bytes]:
        yield PLAIN
        assert parser.pid is not None
        os.kill(parser.pid, 9)
        yield b"x" * 1_000_000

    with pytest.raises(ParserFailed) as caught:
        parser.parse(fatal())

    assert caught.value.reason == Failure.CRASHED
    assert parser.parse(PLAIN).subject == "hello"


def test_threads_each_get_a_child() -> None:
    found: list[ParsedMail] = []
    threads = [threading.Thread(target=lambda: found.append(parse_in_child(PLAIN))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    parser_module.close_children()

    assert found == [parse(PLAIN)] * 4


PROBE: Final = textwrap.dedent(
    """
    import os, resource, socket, sys
    from inbox.mail.receive import parser_child
    def tried(act):
        try:
            act()
        except OSError as error:
            return type(error).__name__
        return "done"
    def open_file():
        open("/etc/hostname").close()
    def open_socket():
        socket.socket().close()
    before = [tried(open_file), tried(open_socket)]
    parser_child.warm_up()
    parser_child.confine()
    after = [tried(open_file), tried(open_socket)]
    print(before, after, resource.getrlimit(resource.RLIMIT_AS), resource.getrlimit(resource.RLIMIT_FSIZE))
    print([name for name in ("django", "psycopg", "redis", "celery", "cryptography") if name in sys.modules])
    """
)


def test_the_child_can_open_nothing_and_knows_no_django() -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-c", PROBE], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True, close_fds=True
    )

    limits, modules = done.stdout.splitlines()
    half = 512 * 1024 * 1024
    assert limits == f"['done', 'done'] ['OSError', 'OSError'] ({half}, {half}) (0, 0)"
    assert modules == "[]"


def test_the_child_gets_none_of_our_variables(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTERN_KEY", "a-root-key")

    parser.parse(PLAIN)

    told = Path(f"/proc/{parser.pid}/environ").read_bytes()
    assert b"PYTHONPATH" in told
    assert b"a-root-key" not in told
