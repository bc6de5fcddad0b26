"""Calls into libraries that were not written for hostile bytes: whatever they raise, and for ever is not waited."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

T = TypeVar("T")
CPU_S = 2.0


class TookTooLong(BaseException):
    """A call used up its CPU time; no Exception, since such libraries catch those and go on."""


def guarded(call: Callable[[bytes], T], data: bytes, *, cpu_s: float = CPU_S) -> T | None:
    """Return what `call` makes of `data`, None when it fails in any way or needs more than `cpu_s` of CPU time.

    Only the main thread can be interrupted; elsewhere the limits of the process hold alone.
    """
    timed = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGPROF, _stop) if timed else None
    try:
        if timed:
            signal.setitimer(signal.ITIMER_PROF, cpu_s, 1.0)
        return call(data)
    except TookTooLong:
        return None
    except Exception:  # noqa: BLE001 - such a library raises anything, and the bytes are kept as a file
        return None
    finally:
        if timed:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise TookTooLong
