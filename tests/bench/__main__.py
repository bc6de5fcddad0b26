"""`make bench`: what a unit of work costs in CPU time over all processes, as JSON and a table against the goals."""

import itertools
import json
import re
import resource
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from imapclient import IMAPClient

from helpdesk.demo.imap_server import Arrival
from tests.bench.cpu import pss_mb
from tests.bench.desk import Browser, Desk, running_demo

_ROUNDS = 60
_MAILS = 400
_SERVER = ("granian", "postgres", "redis", "valkey")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure against its goal."""

    name: str
    value: float
    unit: str
    goal: float | None

    @property
    def reached(self) -> str:
        """Tell whether the goal is reached."""
        if self.goal is None:
            return ""
        return "yes" if self.value <= self.goal else "NO"


def main(sizes: list[int]) -> int:
    """Measure at each size and print table and JSON."""
    figures: list[Figure] = []
    with running_demo() as desk:
        lead = desk.signed_in("Team lead")
        figures += _memory(desk)
        figures += _page_weight(lead)
        figures.append(_ingest(desk))
        have = _count(desk)
        firsts: dict[str, float] = {}
        for size in sizes:
            if size > have:
                desk.manage("fill", "--tickets", str(size - have))
                have = size
            figures += _work(desk, lead, have, firsts)
    _print(figures)
    return 0


def _work(desk: Desk, lead: Browser, size: int, firsts: dict[str, float]) -> list[Figure]:
    rows = _rows(lead)
    places = itertools.cycle(number for number, _ in rows)
    unanswered = iter(rows)
    list_ms = _each(desk, lambda: lead.get("/"))
    open_ms = _each(desk, lambda: lead.get(f"/t/{next(places)}", HX_Request="true"))
    reply_ms = _each(desk, lambda: _reply(lead, *next(unanswered)), rounds=30)
    figures = []
    for name, value, goal in (("list", list_ms, 15.0), ("open", open_ms, 15.0), ("reply", reply_ms, 12.0)):
        figures.append(Figure(f"{name}, {size:,} tickets", value, "ms CPU", goal))
        first = firsts.setdefault(name, value)
        if first != value:
            figures.append(Figure(f"{name}, ratio to the first size", value / first, "x", 1.15))
    return figures


def _each(desk: Desk, act: Callable[[], object], rounds: int = _ROUNDS) -> float:
    """Return the CPU ms of one `act` over web, database and Redis; the first five warm up."""
    for _ in range(5):
        act()
    before = desk.cpu_s(*_SERVER)
    for _ in range(rounds):
        act()
    return (desk.cpu_s(*_SERVER) - before) * 1000 / rounds


def _reply(browser: Browser, number: int, version: int) -> None:
    fields = {"text": "Thank you, it is on its way.", "after": "stay", "once": str(uuid.uuid4())}
    answer = browser.post(f"/t/{number}/reply", {**fields, "version": str(version)}, Accept="application/json")
    assert answer.status == 200, answer.status


def _rows(browser: Browser) -> list[tuple[int, int]]:
    """Return number and version of the tickets on the first page."""
    page = browser.get("/").body
    return [(int(a), int(b)) for a, b in re.findall(rb'data-number="(\d+)" data-version="(\d+)"', page)]


def _count(desk: Desk) -> int:
    shown = desk.manage("shell", "-v0", "-c", "from inbox.tickets.models import Ticket; print(Ticket.objects.count())")
    return int(shown.stdout.split()[-1])


def _ingest(desk: Desk) -> Figure:
    """Fetch and read mails from the IMAP server by command; the command's own start is measured apart and taken off."""
    idle = _fetch_cpu(desk)
    imap = desk.demo()["imap"]
    assert isinstance(imap, dict)
    with IMAPClient(imap["host"], imap["port"], ssl=False, timeout=30) as client:
        client.login(imap["user"], imap["password"])
        for arrival in _mails():
            client.append("INBOX", arrival.mime, (), arrival.at)
    return Figure("ingest, without the search index", (_fetch_cpu(desk) - idle) * 1000 / _MAILS, "ms CPU a mail", 8.0)


def _fetch_cpu(desk: Desk) -> float:
    before = desk.cpu_s(*_SERVER) + _children_s()
    desk.manage("fetch_mail")
    return desk.cpu_s(*_SERVER) + _children_s() - before


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _mails() -> list[Arrival]:
    text = "Hello,\r\n\r\nwhere is my order {n}? I have waited for a week.\r\n\r\nRegards\r\nCustomer {n}\r\n"
    head = (
        "From: Customer {n} <customer{n}@example.net>\r\nTo: support@nordlicht.example.org\r\n"
        "Subject: Order {n} has not come\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\n"
        "Message-ID: <bench.{n}@mail.example.net>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    return [Arrival((head + text).format(n=n).encode(), datetime.now(UTC)) for n in range(_MAILS)]


def _page_weight(browser: Browser) -> list[Figure]:
    page = browser.get("/", Accept_Encoding="br")
    links = set(re.findall(rb'(?:src|href)="(/static/[^"]+?\.(?:js|css|svg))', page.body))
    more = {link.decode() for link in links}
    size = len(page.body) + sum(len(browser.get(link, Accept_Encoding="br").body) for link in more)
    later = browser.get("/", HX_Request="true", Accept_Encoding="br")
    return [
        Figure("page weight, list, first visit", size / 1000, "kB", 60.0),
        Figure("page weight, later list", len(later.body) / 1000, "kB", 10.0),
    ]


def _memory(desk: Desk) -> list[Figure]:
    time.sleep(5)
    parts = desk.pids("granian", "celery")
    return [Figure("memory, idle, web + worker + beat", pss_mb(parts), "MB PSS", 300.0)]


def _print(figures: list[Figure]) -> None:
    print(json.dumps([asdict(figure) for figure in figures], indent=2))  # noqa: T201 - the report is what was asked for
    for figure in figures:
        goal = f"goal {figure.goal:g}" if figure.goal is not None else ""
        line = f"{figure.name:<42} {figure.value:>9.2f} {figure.unit:<14} {goal:<10} {figure.reached}"
        print(line)  # noqa: T201 - as above


if __name__ == "__main__":
    sys.exit(main([int(word) for word in sys.argv[1:]] or [1_000, 50_000]))
