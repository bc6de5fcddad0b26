"""The rows of a list: what each shows, what the folder already says, and that a sender's text stays text."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from uuid import UUID

import time_machine
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.web.templatetags.rows import ticket_rows
from inbox.tickets.rows import Person, TicketRow
from inbox.tickets.states import Folder, State

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
INBOX = UUID("01890000-0000-7000-8000-00000000000a")
ROW = TicketRow(
    id=UUID("01890000-0000-7000-8000-000000000001"),
    number=12,
    subject="Invoice",
    sender="Kaia Nord",
    preview="One more thing",
    inbox_id=INBOX,
    inbox_name="Billing",
    state=State.OPEN,
    assignee=None,
    age_at=NOW - timedelta(minutes=5),
    version=3,
    unread=False,
    restricted=False,
    deleted=False,
    spam=False,
    draft=False,
)


class _Tree(HTMLParser):
    """Collects the tags and the text of some rows."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += [data.strip()] if data.strip() else []


def _chips(row: TicketRow, folder: Folder) -> list[str]:
    return re.findall(r'<span class="chip[^"]*">(?:<svg.*?</svg>)?([^<]*)', ticket_rows([row], folder, None))


def test_row_shows_what_it_is_about() -> None:
    with time_machine.travel(NOW, tick=False):
        tree = _Tree(ticket_rows([ROW], Folder.OPEN, None))

    assert tree.words == ["Kaia Nord", "5m", "Invoice", "One more thing", "Billing"]
    assert tree.tags[:3] == [
        (
            "li",
            {
                "class": "row",
                "id": "row-12",
                "data-number": "12",
                "data-version": "3",
                "data-at": str(int(ROW.age_at.timestamp())),
                "data-state": "open",
            },
        ),
        ("input", {"class": "pick", "type": "checkbox", "aria-label": "Select #12"}),
        ("a", {"class": "open", "href": "/t/12?folder=open"}),
    ]


def test_row_keeps_the_inbox_of_the_list_in_its_address() -> None:
    assert f'href="/t/12?folder=mine&amp;inbox={INBOX}"' in ticket_rows([ROW], Folder.MINE, INBOX)


def test_the_open_ticket_is_marked_and_no_other() -> None:
    tree = _Tree(ticket_rows([ROW, replace(ROW, number=13)], Folder.OPEN, None, open_number=13))

    assert [attrs.get("id") for _tag, attrs in tree.tags if "data-current" in attrs] == ["row-13"]
    assert [attrs["href"] for _tag, attrs in tree.tags if "aria-current" in attrs] == ["/t/13?folder=open"]


def test_unread_is_said_and_not_only_shown() -> None:
    assert "Unread:" in _Tree(ticket_rows([replace(ROW, unread=True)], Folder.OPEN, None)).words
    assert "Unread:" not in _Tree(ticket_rows([ROW], Folder.OPEN, None)).words


def test_chips_say_what_the_folder_does_not() -> None:
    row = replace(ROW, state=State.CLOSED, restricted=True, spam=True, deleted=True, draft=True)

    assert _chips(row, Folder.OPEN) == ["Billing", "Closed", "Restricted", "Spam", "In the bin", "Draft"]
    assert _chips(row, Folder.CLOSED) == ["Billing", "Restricted", "Spam", "In the bin", "Draft"]
    assert _chips(replace(row, state=State.OPEN), Folder.SPAM) == ["Billing", "Restricted", "In the bin", "Draft"]
    assert _chips(replace(row, state=State.OPEN), Folder.BIN) == ["Billing", "Restricted", "Spam", "Draft"]


def test_who_has_it_is_said() -> None:
    person = Person(INBOX, "Maja Lind", "ML")

    words = _Tree(ticket_rows([replace(ROW, assignee=person)], Folder.OPEN, None)).words

    assert words[-2:] == ["Assigned to Maja Lind", "ML"]


def test_no_rows_are_no_markup() -> None:
    assert ticket_rows([], Folder.OPEN, None) == ""


HOSTILE = st.text(st.sampled_from("<>&\"'`= abc/{}%()"), min_size=1, max_size=40)


@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_what_a_sender_wrote_stays_text(sender: str, subject: str, preview: str, inbox: str) -> None:
    hostile = replace(ROW, sender=sender, subject=subject, preview=preview, inbox_name=inbox)

    tree = _Tree(ticket_rows([hostile], Folder.OPEN, None))

    assert [tag for tag, _attrs in tree.tags] == ["li", "input", "a", "span", "time", *["span"] * 4]
