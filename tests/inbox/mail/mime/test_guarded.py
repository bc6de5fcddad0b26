"""A library that raises or never ends costs its own result, and nothing else."""

import signal
import threading
from collections.abc import Callable

import pytest

from inbox.mail.mime.guarded import guarded


def _endless(_data: bytes) -> int:
    while True:
        pass


def _endless_and_deaf(_data: bytes) -> int:
    """Go on whatever is raised, as a library that logs its own exceptions does."""
    while True:
        try:
            _endless(b"")
        except Exception:  # noqa: BLE001, S112 - what is tried here
            continue


def _raising(data: bytes) -> int:
    raise KeyError(data)


@pytest.mark.parametrize("call", [_endless, _endless_and_deaf, _raising])
def test_what_fails_gives_none_and_leaves_no_clock(call: Callable[[bytes], int]) -> None:
    before = signal.getsignal(signal.SIGPROF)

    assert guarded(call, b"x", cpu_s=0.1) is None
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGPROF) == before


def test_what_works_gives_its_result() -> None:
    assert guarded(len, b"four") == 4


def test_another_thread_is_guarded_against_errors() -> None:
    found: list[int | None] = []
    threads = [
        threading.Thread(target=lambda call=call: found.append(guarded(call, b"xy"))) for call in (len, _raising)
    ]

    for thread in threads:
        thread.start()
        thread.join()

    assert found == [2, None]
