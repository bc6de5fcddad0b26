"""`python -m tests.fuzz`: mutated samples and mails of the grammar through the parser; exit 1 on a fault."""

import argparse
import base64
import heapq
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

from hypothesis import HealthCheck, given, settings

from inbox.mail.mime.limits import Flaw
from inbox.mail.mime.parse import parse
from inbox.mail.mime.parsed import ParsedMail
from tests.inbox.mail.mime import tnef_made
from tests.inbox.mail.mime.test_parse import FRAGMENTS, assert_storable, mails
from tests.inbox.mail.mime.test_samples import SAMPLES

SLOWEST_S: Final = 5.0
HANGS_AFTER_S: Final = 30.0
SHOWN: Final = 10


class Hangs(Exception):
    """A mail took more CPU time than any may."""


@dataclass(slots=True)
class Clock:
    """Reads mails, and keeps which took longest: CPU seconds, a name, bytes."""

    slowest: list[tuple[float, str, int]] = field(default_factory=list)

    def read(self, raw: bytes, name: str) -> ParsedMail:
        """Read one mail and prove that it can be stored. Raises RuntimeError with the mail on any fault."""
        begun = time.process_time()
        signal.setitimer(signal.ITIMER_VIRTUAL, HANGS_AFTER_S)
        try:
            mail = parse(raw)
            assert_storable(mail)
        except Exception as error:
            raise RuntimeError(f"{name}: {raw!r}") from error
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        keep = heapq.heappush if len(self.slowest) < SHOWN else heapq.heappushpop
        keep(self.slowest, (time.process_time() - begun, name, len(raw)))
        return mail


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """Return `raw` with up to a dozen wounds: pieces put in, cut out, doubled or changed."""
    wounded = bytearray(raw)
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(wounded) + 1)
        kind = chance.random()
        if kind < 0.5:
            wounded[at:at] = chance.choice(FRAGMENTS)
        elif kind < 0.7:
            del wounded[at : at + chance.choice([1, 3, 20, 300])]
        elif kind < 0.85:
            wounded[at : at + 1] = bytes([chance.randrange(256)])
        else:
            other = chance.randrange(len(wounded) + 1)
            wounded[at:at] = wounded[other : other + chance.choice([10, 100, 1_000])]
    return bytes(wounded)


def wrapped(chance: random.Random) -> bytes:
    """Return a mail with a winmail.dat whose own bytes are wounded; in base64 no wound would reach them."""
    whole = tnef_made.tnef(
        tnef_made.message(tnef_made.text(tnef_made.BODY, "words"), tnef_made.rich(r"{\rtf1\ansi\fromhtml1 {\b x}}")),
        tnef_made.attachment(b"a.txt", b"abc", tnef_made.text(tnef_made.LONG_NAME, "a longer name.txt")),
    )
    packed = base64.encodebytes(whole[:6] + mutated(whole[6:], chance))
    head = b"From: a@example.org\nContent-Type: application/ms-tnef; name=winmail.dat\n"
    return head + b"Content-Transfer-Encoding: base64\n\n" + packed


def run_mutated(number: int, seed: int, clock: Clock) -> None:
    """Read `number` mutated samples, each fiftieth a winmail.dat. Raises on a fault, naming seed and turn."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    raws = [path.read_bytes() for path in sorted(SAMPLES.parent.rglob("*.eml"))]
    for turn in range(number):
        raw = wrapped(chance) if turn % 50 == 0 else mutated(chance.choice(raws), chance)
        clock.read(raw, f"seed {seed}, turn {turn}")


def run_grammar(number: int, clock: Clock) -> int:
    """Read `number` mails of the grammar; return how many reached the body parser."""
    reached = read_mails = 0

    @settings(max_examples=number, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(mails())
    def read(example: tuple[bytes, list[str], list[bytes]]) -> None:
        nonlocal reached, read_mails
        read_mails += 1
        mail = clock.read(example[0], f"grammar {read_mails}")
        reached += Flaw.NO_BOUNDARY not in mail.flaws

    read()
    return reached


def main(say: Callable[[str], object] = print) -> int:
    """Run both, tell the slowest and return the exit code."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--mutated", type=int, default=10_000)
    options.add_argument("--grammar", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=int(time.time()))
    told = options.parse_args()
    signal.signal(signal.SIGVTALRM, _give_up)
    clock = Clock()
    run_mutated(told.mutated, told.seed, clock)
    say(f"{told.mutated} mutated mails read (seed {told.seed})")
    reached = run_grammar(told.grammar, clock)
    say(f"{told.grammar} mails of the grammar read, {reached} of them down to their parts")
    slowest = sorted(clock.slowest, reverse=True)
    for spent_s, name, size in slowest:
        say(f"{spent_s:7.3f} s CPU  {size:7} bytes  {name}")
    return 0 if slowest[0][0] < SLOWEST_S and reached >= told.grammar * 0.9 else 1


def _give_up(_number: int, _frame: FrameType | None) -> None:
    raise Hangs


if __name__ == "__main__":
    sys.exit(main())
