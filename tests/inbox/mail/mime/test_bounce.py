"""Delivery reports and bounces in words, a form of one mail server each; and what must not be taken for one."""

import json
from pathlib import Path
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inbox.mail.mime.bounce_text import read_text
from inbox.mail.mime.mentioned import addresses_in
from inbox.mail.mime.parse import parse
from inbox.mail.mime.parsed import Bounce, Notice
from inbox.mail.mime.wire import from_head, to_head

SAMPLES: Final = Path(__file__).parents[3] / "samples" / "bounces"
KIM: Final = "kim@example.org"
FAILED: Final = (SAMPLES / "qmail-number-sign.eml").read_bytes()


def bounce_of(mime: bytes) -> Bounce:
    """Return the report that a mail must be."""
    bounce = parse(mime).bounce
    assert bounce is not None
    return bounce


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.eml")), ids=lambda path: path.stem)
def test_bounce_is_read_as_told(path: Path) -> None:
    want = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))

    mail = parse(path.read_bytes())

    assert mail.bounce is not None
    recipients = [notice.recipient for notice in mail.bounce.notices]
    found = {"action": mail.bounce.action, "status": mail.bounce.status, "cites": mail.bounce.cites}
    assert {**found, "recipients": recipients} == want
    assert mail.auto_reply


def test_there_are_bounces_of_many_servers() -> None:
    assert len(list(SAMPLES.glob("*.eml"))) > 45


def test_a_bounce_in_words_is_one_by_its_sender_alone() -> None:
    written = FAILED.replace(b"Return-Path: <>", b"Return-Path: <mara@example.org>")
    by_person = written.replace(b"From: MAILER-DAEMON@mx.example.org", b"From: Mara <mara@example.org>")

    assert parse(by_person.replace(b"Subject: failure", b"Subject: Fwd: failure")).bounce is None
    assert bounce_of(written).notices == bounce_of(FAILED).notices  # the daemon's name alone tells it too


def test_a_person_who_sends_a_report_along_is_no_server() -> None:
    report = (SAMPLES / "vague-status-with-words.eml").read_bytes()
    sent_along = (
        report.replace(b"Return-Path: <>", b"Return-Path: <mara@example.org>")
        .replace(b"multipart/report; report-type=delivery-status", b"multipart/mixed")
        .replace(b"From: Mail Delivery Subsystem <mailer-daemon@mx.example.org>", b"From: Mara <mara@example.org>")
        .replace(b"Subject: Returned mail", b"Subject: What is this?")
    )

    assert parse(sent_along).bounce is None
    assert bounce_of(report).action == "failed"


def test_an_absence_with_a_null_sender_is_no_bounce() -> None:
    absence = (
        b"Return-Path: <>\r\nFrom: Kim <kim@example.org>\r\nTo: hilfe@desk.example.net\r\n"
        b"Subject: Automatic reply: Heating\r\nX-Autoreply: yes\r\n\r\n"
        b"I could not be reached until Monday. Write to pat@example.org.\r\n"
    )

    mail = parse(absence)

    assert mail.bounce is None
    assert mail.auto_reply


def test_an_answer_of_a_program_with_a_null_sender_is_no_bounce() -> None:
    answer = (
        b"Return-Path: <>\r\nFrom: Works <service@works.example.com>\r\nTo: hilfe@desk.example.net\r\n"
        b"Subject: Re: Heating\r\nAuto-Submitted: auto-replied\r\n\r\n"
        b"We could not find your account. Write to accounts@works.example.com.\r\n"
    )

    assert parse(answer).bounce is None
    assert parse(answer).machine == "auto_replied"
    by_server = answer.replace(b"Works <service@", b"Mail Delivery System <postmaster@")
    assert bounce_of(by_server).notices[0].recipient == "accounts@works.example.com"


@pytest.mark.parametrize("kind", ["disposition-notification", "tlsrpt"])
def test_reports_on_other_things_than_a_delivery_are_no_bounces(kind: str) -> None:
    report = (SAMPLES / "vague-status-with-words.eml").read_bytes()

    other = parse(report.replace(b"report-type=delivery-status", b"report-type=" + kind.encode()))

    assert other.bounce is None
    assert other.auto_reply


def test_a_customer_named_postmaster_is_only_likely_a_server() -> None:
    letter = (
        b"From: Postmaster <postmaster@example.org>\r\nTo: hilfe@desk.example.net\r\nSubject: Your mails\r\n\r\n"
        b"Your mail to kim@example.org was rejected by our filter: 550 5.7.1\r\n"
    )

    assert not bounce_of(letter).certain
    assert bounce_of(FAILED).certain


def test_all_ids_and_claims_of_a_report_are_read() -> None:
    report = (SAMPLES / "alias-passed-on.eml").read_bytes()
    marked = report.replace(b"To: kim@example.org\r\n\r\n", b"X-Postern-Loop: abc.def\r\nTo: kim@example.org\r\n\r\n")

    bounce = bounce_of(marked.replace(b"MIME-Version", b"In-Reply-To: <other@desk.example.net>\r\nMIME-Version"))

    assert bounce.cited == ("<out.al@desk.example.net>", "<other@desk.example.net>")
    assert bounce.claims == ("v.envelope", "abc.def")
    assert bounce.notices == (Notice("failed", "kim@home.example.com", "5.2.2", KIM, "mailbox full"),)
    assert bounce.recipient == KIM


def test_marks_of_the_desk_in_a_mail_say_nothing_by_themselves() -> None:
    plain = b"From: Kim <kim@example.org>\r\nSubject: Hello\r\n\r\nHello.\r\n"
    marked = b"X-Postern-Loop: 00.11\r\nX-Postern-Verdict: trusted\r\nX-Postern-Ticket: 1\r\n" + plain

    assert parse(marked).loop == "00.11"
    assert not parse(marked).auto_reply
    assert parse(b"Auto-Submitted: auto-replied\r\n" + plain).auto_reply  # what does say something


def test_a_huge_report_is_read_as_far_as_its_limits() -> None:
    group = b"Final-Recipient: rfc822; kim%d@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    head = b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"
    body = b"Content-Type: message/delivery-status\r\n\r\n" + b"".join(group % number for number in range(50_000))

    bounce = bounce_of(head + body + b"--b--")

    assert len(bounce.notices) == 100
    assert bounce.notices[0].recipient == "kim0@example.org"


@pytest.mark.parametrize(
    "text",
    ["deliver" * 9_000, "fail " * 13_000, "a@" * 32_000, "user " * 13_000, "<a@b.c>:" * 8_000, "- " * 32_000],
    ids=["deliver", "fail", "at", "user", "addresses", "dashes"],
)
def test_words_that_repeat_for_ever_are_read_at_once(text: str) -> None:
    mail = parse(b"Return-Path: <>\r\nFrom: mailer-daemon@x.example\r\nSubject: failure\r\n\r\n" + text.encode())

    assert mail.auto_reply


def test_addresses_are_found_in_odd_places() -> None:
    assert addresses_in("dda:smtp=kim@Example.org;") == [KIM]
    assert addresses_in("RFC-822=kim(a)example.org/") == [KIM]
    assert addresses_in("IMCEASMTP-kim+40example+2Eorg@mx.example.com") == [KIM]
    assert addresses_in("at @example.org, x@, 'pat@example.org'.") == ["pat@example.org"]
    assert addresses_in("mailto:kim@example.org, <kim@example.org>") == [KIM]


@settings(deadline=None)
@given(st.text(max_size=400), st.lists(st.text(max_size=20), max_size=3))
@example("\n\n", [])
def test_any_words_are_read_without_an_error(text: str, returned: list[str]) -> None:
    notices = read_text(text, own=frozenset(), named=(), returned=returned)

    assert notices
    assert {notice.action for notice in notices} <= {"failed", "delayed"}


@settings(deadline=None)
@given(st.binary(max_size=600))
@example(b'{"notificationType": "Bounce", "bounce": {"bouncedRecipients": [[1], {"emailAddress": 2}]}}')
@example(b'{"eventType": 1, "bounce": [], "mail": {"headers": [{"name": 3, "value": []}]}}')
@example(b'{"Type": "Notification", "Message": "' + b"[" * 300)
@example(b'{"notificationType": "Bounce", "bounce": {"bouncedRecipients": ["a\\u0000b\\ud800@x.org"]}}')
@example(b"Message-ID: <a\x00b@x.org>\nTo: k\x00im@example.org\nX-Postern-Loop: \x00\xff")
def test_any_bytes_of_a_server_are_read_without_an_error(body: bytes) -> None:
    head = b"Return-Path: <>\r\nFrom: mailer-daemon@x.example\r\nX-Failed-Recipients: k\x00im@example.org\r\n\r\n"

    for mail in (parse(head + body), parse(head.partition(b"X-")[0] + b"\r\n" + body)):
        told = repr(mail.bounce)
        assert "\\x00" not in told
        told.encode()
        assert from_head(to_head(mail), [file.data for file in mail.attachments]) == mail
