"""Whether a mail server, and no person, wrote a mail about a delivery: by its form, its sender and its words."""

from enum import Enum, auto
from typing import Final

from inbox.mail.mime.bounce_event import is_event
from inbox.mail.mime.bounce_phrases import ANSWER, FAILED_SUBJECT, FAILURE, REPLY_CODE, RETURNED_HEADER, SERVER_NAMES
from inbox.mail.mime.headers import Headers
from inbox.mail.mime.parts import Part

_READ_CHARS: Final = 32_000
_REPORT: Final = "multipart/report"
_ON_MAIL: Final = {"", "delivery-status", "feedback-report"}
"""Kinds of reports that tell what became of a mail; others are receipts of readers, or statistics of a domain."""
_AUTO_HEADERS: Final = (
    "x-autoreply", "x-autorespond", "x-autoresponder", "x-vacation", "x-ms-exchange-inbox-rules-loop",
)  # fmt: skip
_AUTO_SUBJECTS: Final = ("automatic reply", "out of office", "automatische antwort", "abwesen", "vacation", "auto:")


class Sign(Enum):
    """How sure it is that a mail is a server's report: by form or sender, or by its words alone."""

    NONE = auto()
    LIKELY = auto()
    CERTAIN = auto()


def sign_of(top: Part, text: str, *, sender: str) -> Sign:
    """Return how sure it is that the mail `top` with the words `text`, From `sender`, is a report on a delivery."""
    headers = top.headers
    if top.mime_type == _REPORT:
        return Sign.CERTAIN if top.content_type.token("report-type") in _ON_MAIL else Sign.NONE
    if headers.first("x-failed-recipients"):
        return Sign.CERTAIN
    if is_event(text):
        return Sign.LIKELY
    return Sign.NONE if _is_auto_answer(headers) else _by_words(headers, text, sender)


def tells_failure(text: str) -> bool:
    """Tell whether the beginning of a text has words or codes of a delivery that failed or waits."""
    return bool(FAILURE.search(text, 0, _READ_CHARS) or REPLY_CODE.search(text, 0, _READ_CHARS))


def _by_words(headers: Headers, text: str, sender: str) -> Sign:
    """Judge a mail in words. A null sender alone proves no server: mailboxes answer with it too (RFC 3834 3.3)."""
    subject = headers.text("subject")
    failed = bool(FAILED_SUBJECT.search(subject)) and not ANSWER.match(subject)
    named = SERVER_NAMES.match(sender.rpartition("@")[0]) or SERVER_NAMES.search(headers.text("from")[:300])
    if not (failed or named or _is_daemon(sender) or _has_null_sender(headers)):
        return Sign.NONE  # an ordinary mail: its words need no second look, which costs more than all the rest
    told = tells_failure(text)
    if _is_daemon(sender) and (told or failed):
        return Sign.CERTAIN
    if not told:
        return Sign.NONE
    came_back = RETURNED_HEADER.search(text, 0, _READ_CHARS)
    if _has_null_sender(headers):
        return Sign.CERTAIN if named or failed or came_back else Sign.NONE
    return Sign.LIKELY if named or (failed and came_back) else Sign.NONE


def _is_auto_answer(headers: Headers) -> bool:
    """Tell an answer of a person's mailbox (RFC 3834), whose null sender it shares with reports."""
    answers = any(headers.first(name) for name in _AUTO_HEADERS)
    return answers or headers.text("subject").lower().startswith(_AUTO_SUBJECTS)


def _has_null_sender(headers: Headers) -> bool:
    return headers.first("return-path").strip().lower() in {b"<>", b"<mailer-daemon>"}


def _is_daemon(sender: str) -> bool:
    return sender.lower().replace("_", "-").startswith(("mailer-daemon", "mail-daemon", "double-bounce"))
