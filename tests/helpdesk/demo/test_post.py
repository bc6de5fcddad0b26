"""The demo's post is varied, believable and readable, and its conversations hang together."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from helpdesk.demo.mails.files import make
from helpdesk.demo.mails.letter import File
from helpdesk.demo.mails.post import LETTERS, arrivals, header_id
from helpdesk.demo.people import INBOXES, MAILBOX_USER, PEOPLE, TEAMS
from inbox.inboxes.permissions import SHIPPED_ROLES

_NOW = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
_ADDRESS = re.compile(r"[^\s<>\"']+@([a-z0-9.-]+)")
_RESERVED = re.compile(r"(.+\.)?example\.(org|net|com)")


def _messages() -> list[EmailMessage]:
    return [message_from_bytes(arrival.mime, _class=EmailMessage, policy=default) for arrival in arrivals(_NOW)]


def test_every_mail_is_proper_on_the_wire() -> None:
    for arrival in arrivals(_NOW):
        assert b"\n" not in arrival.mime.replace(b"\r\n", b"")
        assert max(map(len, arrival.mime.split(b"\r\n"))) <= 998
        assert b"\0" not in arrival.mime


def test_every_mail_parses_and_has_one_sender_and_a_date() -> None:
    for message in _messages():
        assert message.defects == []
        assert len(message["From"].addresses) == 1
        assert message["Date"].datetime is not None
        assert [part for part in message.walk() if part.get_content_maintype() == "text"]


def test_mails_came_in_order_over_twelve_days() -> None:
    times = [arrival.at for arrival in arrivals(_NOW)]

    assert times == sorted(times)
    assert _NOW - timedelta(days=12) < times[0]
    assert times[-1] < _NOW
    assert len({at.date() for at in times}) >= 11


def test_three_inboxes_get_some_sixty_mails() -> None:
    known = {inbox.address for inbox in INBOXES}
    counts = Counter(message["To"].addresses[0].addr_spec for message in _messages())

    assert set(counts) == known
    assert 55 <= counts.total() <= 70
    assert min(counts.values()) >= 6


def test_conversations_cite_earlier_mails() -> None:
    seen: set[str] = set()
    replies = 0
    for message in _messages():
        cited = str(message["References"] or "").split()
        assert set(cited) <= seen
        assert (str(message["In-Reply-To"] or "") or None) == (cited[-1] if cited else None)
        replies += bool(cited)
        seen.add(str(message["Message-ID"]))
    assert replies >= 8
    assert len(seen) == len(_messages())
    assert header_id("crack-1") in seen


def test_only_reserved_domains_appear() -> None:
    domains = {
        domain.rstrip(".") for arrival in arrivals(_NOW) for domain in _ADDRESS.findall(arrival.mime.decode("latin-1"))
    }

    assert [domain for domain in domains if not _RESERVED.fullmatch(domain)] == []
    assert _RESERVED.fullmatch("mail.example.net")
    assert not _RESERVED.fullmatch("example.de")


def test_attachments_are_what_they_say() -> None:
    starts = {"application/pdf": b"%PDF-1.4", "image/png": b"\x89PNG\r\n", "text/calendar": b"BEGIN:VCALENDAR"}
    found = Counter[str]()
    for message in _messages():
        for part in message.iter_attachments():
            kind = part.get_content_type()
            payload = part.get_payload(decode=True)
            found[kind] += 1
            if kind in starts:
                assert isinstance(payload, bytes)
                assert payload.startswith(starts[kind])
    assert set(starts) | {"text/csv"} <= set(found)


def test_files_are_the_same_each_time() -> None:
    file = File("a.png", "png", "frame")

    assert make(file) == make(File("b.png", "png", "frame"))
    assert make(file) != make(File("a.png", "png", "another"))


def test_many_languages_are_written() -> None:
    text = "".join(letter.text for letter in LETTERS)

    missing = [sample for sample in "éßñãçışłїمאの您안हεư" if sample not in text]

    assert missing == []


def test_each_shipped_role_has_a_person() -> None:
    assert {person.role for person in PEOPLE} == {role.name for role in SHIPPED_ROLES}
    names = {inbox.name for inbox in INBOXES}
    assert all(set(person.inboxes or ()) <= names for person in PEOPLE)
    assert all(person.team in ("", *TEAMS) for person in PEOPLE)
    assert len({person.email for person in PEOPLE}) == len(PEOPLE)
    addresses = [MAILBOX_USER, *(person.email for person in PEOPLE), *(inbox.address for inbox in INBOXES)]
    assert all(_RESERVED.fullmatch(address.partition("@")[2]) for address in addresses)
