"""CPU time of process trees, read from /proc: what a unit of work costs does not jump with the machine's load."""

import os
from collections.abc import Iterator
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def descendants(pid: int) -> set[int]:
    """Return `pid` and every process below it that lives now."""
    parents = dict(_parents())
    found = {pid}
    while True:
        more = {child for child, parent in parents.items() if parent in found} - found
        if not more:
            return found
        found |= more


def cpu_s(pids: set[int]) -> float:
    """Return the seconds of CPU that these processes have used, those of their ended children counted too."""
    return sum(_ticks(pid) for pid in pids) / _TICK


def pss_mb(pids: set[int]) -> float:
    """Return the proportional share of memory of these processes in MB."""
    return sum(_pss_kb(pid) for pid in pids) / 1024


def command_of(pid: int) -> str:
    """Return a process's command line, "" when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                yield int(entry.name), int(fields[1])


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _ticks(pid: int) -> int:
    fields = _stat(pid)
    return sum(int(field) for field in fields[11:15]) if fields else 0


def _pss_kb(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)
