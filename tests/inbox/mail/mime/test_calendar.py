"""Invitations: when, where and who, whatever program wrote them; a broken calendar stays a file and nothing more."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox.mail.mime.calendar import read_invitations
from inbox.mail.mime.parse import parse
from inbox.mail.mime.parsed import Address, Invitation
from inbox.mail.receive.parser import Parser

OUTLOOK_ZONE = b"""BEGIN:VTIMEZONE
TZID:Desk Zone
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""


def calendar(*lines: bytes, method: bytes = b"REQUEST", zone: bytes = b"") -> bytes:
    """Return a calendar file with one event of these lines."""
    event = b"BEGIN:VEVENT\nUID:1@example.org\n" + b"\n".join(lines) + b"\nEND:VEVENT\n"
    head = b"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Example//EN\nMETHOD:" + method + b"\n"
    return (head + zone + event + b"END:VCALENDAR\n").replace(b"\n", b"\r\n")


def one(data: bytes) -> Invitation:
    """Return the only event of a file."""
    (found,) = read_invitations(data)
    return found


def test_all_of_an_invitation_is_read() -> None:
    found = one(
        calendar(
            b"SUMMARY;LANGUAGE=de:Besprechung\\, Raum",
            b"DTSTART;TZID=Desk Zone:20261025T100000",
            b"DTEND;TZID=Desk Zone:20261025T113000",
            b"LOCATION:Raum 3\\; Keller",
            b'ORGANIZER;CN="Lindt, Mara":mailto:mara@example.org',
            b"ATTENDEE;CN=Pat;ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:pat@example.net",
            b"ATTENDEE:MAILTO:desk@example.net",
            b"DESCRIPTION:Bitte\\nmitbringen",
            b"RRULE:FREQ=WEEKLY",
            zone=OUTLOOK_ZONE,
        )
    )

    assert found == Invitation(
        summary="Besprechung, Raum",
        starts=datetime(2026, 10, 25, 9, 0, tzinfo=UTC),
        ends=datetime(2026, 10, 25, 10, 30, tzinfo=UTC),
        all_day=False,
        floating=False,
        place="Raum 3; Keller",
        organiser=Address("Lindt, Mara", "mara@example.org"),
        attendees=(Address("Pat", "pat@example.net"), Address("", "desk@example.net")),
        method="REQUEST",
        description="Bitte\nmitbringen",
        repeats=True,
    )


@pytest.mark.parametrize(
    ("lines", "starts", "ends"),
    [
        ([b"DTSTART:20261125T100000Z", b"DURATION:PT45M"], (25, 10, 0), (25, 10, 45)),
        (
            [b"DTSTART;TZID=Europe/Berlin:20261125T100000", b"DTEND;TZID=Europe/Berlin:20261125T110000"],
            (25, 9, 0),
            (25, 10, 0),
        ),
        ([b"DTSTART;TZID=W. Europe Standard Time:20261125T100000"], (25, 9, 0), None),
        ([b"DTSTART;VALUE=DATE:20261125", b"DTEND;VALUE=DATE:20261127"], (25, 0, 0), (26, 0, 0)),
        ([b"DTSTART:20261125T100000"], (25, 10, 0), None),
    ],
)
def test_times_are_read(lines: list[bytes], starts: tuple[int, int, int], ends: tuple[int, int, int] | None) -> None:
    found = one(calendar(*lines))

    assert found.starts == datetime(2026, 11, *starts, tzinfo=UTC)
    assert found.ends == (datetime(2026, 11, *ends, tzinfo=UTC) if ends else None)


def test_days_and_times_without_a_zone_are_told_apart() -> None:
    assert one(calendar(b"DTSTART;VALUE=DATE:20261125")).all_day
    assert one(calendar(b"DTSTART:20261125T100000")).floating
    assert not one(calendar(b"DTSTART:20261125T100000Z")).floating


def test_a_cancellation_says_so() -> None:
    assert one(calendar(b"SUMMARY:x", method=b"cancel")).method == "CANCEL"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VEVENT",
        b"Dear friend, BEGIN:VEVENT is what my assistant told me to write",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:tomorrow\r\nEND:VTODO\r\n",
        b"\xff" * 200 + b"BEGIN:VEVENT",
    ],
)
def test_a_broken_calendar_gives_no_card(data: bytes) -> None:
    assert read_invitations(data) == ()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 300))
def test_no_bytes_are_refused(junk: bytes, at: int) -> None:
    whole = calendar(b"SUMMARY:x", b"DTSTART:20261125T100000Z", b"ATTENDEE:mailto:a@example.org", zone=OUTLOOK_ZONE)

    assert isinstance(read_invitations(whole[:at] + junk + whole[at:]), tuple)


def mail(*parts: bytes) -> bytes:
    """Return a mail with parts besides each other."""
    head = b"From: kim@example.org\nSubject: s\nContent-Type: multipart/mixed; boundary=B\n\n"
    return head + b"".join(b"--B\n" + part + b"\n" for part in parts) + b"--B--\n"


def test_a_mail_shows_each_event_once_and_keeps_its_files() -> None:
    file = calendar(b"SUMMARY:Meeting", b"DTSTART:20261125T100000Z")
    again = file.replace(b"UID:1@example.org", b"UID:1@example.org\r\nSEQUENCE:0")

    read = parse(
        mail(
            b"Content-Type: text/plain\n\ncome",
            b"Content-Type: text/calendar; method=REQUEST\n\n" + file,
            b"Content-Type: application/octet-stream; name=invite.ics\n\n" + again,
        )
    )

    assert [found.summary for found in read.invitations] == ["Meeting"]
    assert [file.name for file in read.attachments] == ["invitation-1.ics", "invite.ics"]
    assert read.text == "come"


def test_a_mail_that_is_nothing_else_has_its_words() -> None:
    file = calendar(b"SUMMARY:Meeting", b"DESCRIPTION:Bring the plan", b"DTSTART:20261125T100000Z")

    read = parse(b"From: kim@example.org\nContent-Type: text/calendar; method=REQUEST\n\n" + file)

    assert read.text == "Meeting\n\nBring the plan"


def test_the_confined_child_knows_the_zones() -> None:
    zones = [b"America/New_York", b"Antarctica/Troll", b"Desk Zone", b"No/Such"]
    files = [calendar(b"DTSTART;TZID=" + zone + b":20261125T100000", zone=OUTLOOK_ZONE) for zone in zones]

    with Parser() as parser:
        read = parser.parse(mail(*(b"Content-Type: text/calendar\n\n" + file for file in files)))

    starts = [found.starts.hour for found in read.invitations if found.starts]
    assert starts == [15, 10, 9, 10]


def test_a_zone_of_one_calendar_is_not_taken_for_the_next() -> None:
    event = b"DTSTART;TZID=Desk Zone:20261125T100000"
    shifted = OUTLOOK_ZONE.replace(b"+0100", b"+1100").replace(b"+0200", b"+1200")
    first = one(calendar(event, zone=OUTLOOK_ZONE))

    other = one(calendar(event, zone=shifted))

    assert first.starts == datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
    assert other.starts == datetime(2026, 11, 24, 23, 0, tzinfo=UTC)
    assert one(calendar(event)).floating
