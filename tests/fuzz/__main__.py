"""`python -m tests.fuzz`: mutated samples and mails of the grammar through the parser; exit 1 on a fault."""

import argparse
import random
import sys
import time
from collections.abc import Callable
from typing import Final

from hypothesis import HealthCheck, given, settings

from inbox.mail.mime.limits import Flaw
from inbox.mail.mime.parse import parse
from tests.inbox.mail.mime.test_parse import FRAGMENTS, assert_storable, mails
from tests.inbox.mail.mime.test_samples import SAMPLES

SLOWEST_S: Final = 2.0


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


def run_mutated(number: int, seed: int) -> float:
    """Read `number` mutated samples; return the CPU seconds of the slowest. Raises on a fault, naming the seed."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    raws = [path.read_bytes() for path in sorted(SAMPLES.glob("*.eml"))]
    slowest = 0.0
    for turn in range(number):
        raw = mutated(chance.choice(raws), chance)
        begun = time.process_time()
        try:
            assert_storable(parse(raw))
        except Exception as error:
            raise RuntimeError(f"seed {seed}, turn {turn}: {raw!r}") from error
        slowest = max(slowest, time.process_time() - begun)
    return slowest


def run_grammar(number: int) -> int:
    """Read `number` mails of the grammar; return how many reached the body parser."""
    reached = 0

    @settings(max_examples=number, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(mails())
    def read(example: tuple[bytes, list[str], list[bytes]]) -> None:
        nonlocal reached
        mail = parse(example[0])
        assert_storable(mail)
        reached += Flaw.NO_BOUNDARY not in mail.flaws

    read()
    return reached


def main(say: Callable[[str], object] = print) -> int:
    """Run both and return the exit code."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--mutated", type=int, default=10_000)
    options.add_argument("--grammar", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=int(time.time()))
    given_options = options.parse_args()
    slowest = run_mutated(given_options.mutated, given_options.seed)
    say(f"{given_options.mutated} mutated mails read (seed {given_options.seed}), the slowest in {slowest:.3f} s CPU")
    reached = run_grammar(given_options.grammar)
    say(f"{given_options.grammar} mails of the grammar read, {reached} of them down to their parts")
    return 0 if slowest < SLOWEST_S and reached >= given_options.grammar * 0.9 else 1


if __name__ == "__main__":
    sys.exit(main())
