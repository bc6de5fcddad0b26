"""Reports on a mail of ours (RFC 3464, 6522, 5965, and the free texts of mail servers): what became of it, for whom."""

from dataclasses import dataclass, replace
from typing import Final

from inbox.mail.mime.bounce_event import read_event
from inbox.mail.mime.bounce_fields import read_complaint, read_fields
from inbox.mail.mime.bounce_signs import Sign, sign_of, tells_failure
from inbox.mail.mime.bounce_text import read_text
from inbox.mail.mime.headers import Headers
from inbox.mail.mime.ids import all_ids
from inbox.mail.mime.mentioned import addresses_in
from inbox.mail.mime.parsed import Bounce, Notice
from inbox.mail.mime.parts import Part
from inbox.mail.mime.returned import Returned, read_returned

_WORST_FIRST: Final = ("failed", "complaint", "delayed", "delivered")
_MAX_IDS: Final = 20
_MAX_NOTICES: Final = 100


@dataclass(frozen=True, slots=True)
class _Report:
    """A mail that is a server's report, and the mail that came back in it."""

    top: Part
    text: str
    returned: Returned

    @property
    def failed_recipients(self) -> tuple[str, ...]:
        """Whom exim and Google name in a header of their own."""
        values = self.top.headers.all("x-failed-recipients")
        return tuple(each for raw in values for each in addresses_in(raw.decode("latin-1")))

    def notices(self) -> list[Notice]:
        """Return what the words tell."""
        own = _own(self.top.headers)
        return read_text(self.text, own=own, named=self.failed_recipients, returned=self.returned.to)


def read_bounce(top: Part, data: bytes, *, text: str, sender: str) -> Bounce | None:
    """Return what a machine's report says of a mail, None for any other mail.

    `text` are the words of the mail, `sender` its From address. Fields are trusted before words, and words are read
    only where something else says that a mail server wrote the mail.
    """
    sign = sign_of(top, text, sender=sender)
    if sign is Sign.NONE:
        return None
    mail = _Report(top, text, read_returned(top, data, text))
    told = read_fields(top, data) or read_complaint(top, data)
    notices = _with_recipient(told, mail) if told else _from_words(mail, sign)
    if not notices:
        return None
    worst = min(notices, key=lambda notice: (_WORST_FIRST.index(notice.action), not notice.status))
    certain = sign is Sign.CERTAIN or bool(told)
    # What a person answers is no proof that they report on it.
    cited = _cited(top.headers if certain else None, mail.returned)
    return Bounce(
        worst.action,
        worst.wrote_to or worst.recipient,
        worst.status,
        cited[0] if cited else "",
        tuple(notices[:_MAX_NOTICES]),
        cited,
        mail.returned.claims,
        certain,
    )


def _from_words(mail: _Report, sign: Sign) -> list[Notice]:
    event = read_event(mail.text)
    if event:
        mail.returned.ids.extend(event.ids)
        return list(event.notices)
    if not mail.failed_recipients and not tells_failure(mail.text) and mail.top.mime_type == "multipart/report":
        return []
    notices = mail.notices()
    # What is no report by its form and names nobody stays a mail.
    known = any(notice.recipient for notice in notices)
    return notices if known or (sign is Sign.CERTAIN and mail.returned.ids) else []


def _with_recipient(told: list[Notice], mail: _Report) -> list[Notice]:
    """Return the notices of a report; a lone one without an address (of a pipe, a local name) gets it elsewhere."""
    if len(told) > 1 or told[0].recipient:
        return told
    found = next((each.recipient for each in mail.notices() if each.recipient), "")
    return [replace(told[0], recipient=found)]


def _cited(headers: Headers | None, returned: Returned) -> tuple[str, ...]:
    """Return the Message-IDs of what came back, then those that the report answers by `headers`."""
    answered = [] if headers is None else [*all_ids(headers.all("in-reply-to")), *_references(headers)]
    return tuple(dict.fromkeys([*returned.ids, *answered]))[:_MAX_IDS]


def _references(headers: Headers) -> list[str]:
    return list(reversed(all_ids(headers.all("references"))))


def _own(headers: Headers) -> frozenset[str]:
    """Return the addresses that the report itself went to: the sender of the mail that it is about."""
    names = ("to", "delivered-to", "x-original-to", "envelope-to")
    raw = " ".join(value.decode("latin-1") for name in names for value in headers.all(name))
    return frozenset(address.casefold() for address in addresses_in(raw))
