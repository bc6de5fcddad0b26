"""What Postern reads in one mail: frozen values, every text of them encodable as UTF-8 and free of NUL."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: a decoded display name or "", and the address as written, its domain in lower case."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """The part after the last @ in lower case, "" when there is none."""
        return self.address.rpartition("@")[2].lower() if "@" in self.address else ""


@dataclass(frozen=True, slots=True)
class ParsedAttachment:
    """One file of a mail, decoded.

    `inline` is true only where the safe HTML shows it by a `cid:` address; `content_id` is bare, "" when there is none.
    """

    name: str
    content_type: str
    size: int
    inline: bool
    content_id: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Notice:
    """What became of a mail for one recipient. `action` as in Bounce.

    `recipient` is where it ended, `wrote_to` the address that the sender gave, `words` the reason as the report has it;
    each of them, and `status`, is "" where the report does not tell.
    """

    action: str
    recipient: str
    status: str
    wrote_to: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report on a mail, of a machine: what became of one recipient, and the Message-ID of the mail it is about.

    `action` is failed; delayed, delivered or complaint, which are no failures. The others are "" where the report does
    not tell. The first four tell of the worst of `notices`, and `recipient` is the address that the sender gave where
    it is known. `cited` are all Message-IDs that the report names, `cites` the likeliest; `claims` say, unproved, that
    it is about a mail of this desk: the X-Postern-Loop of the headers that came back, and an envelope id. `certain` is
    false when only words say that it is a report.
    """

    action: str
    recipient: str
    status: str
    cites: str
    notices: tuple[Notice, ...] = ()
    cited: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    certain: bool = True

    def may_be_a_person(self, in_reply_to: Sequence[str]) -> bool:
        """Tell of words alone that answer a mail: an administrator writes so, from an address like a server's."""
        return bool(in_reply_to) and not (self.certain or self.cited or self.claims)


@dataclass(frozen=True, slots=True)
class Invitation:
    """One event of a calendar file in the mail.

    `starts` and `ends` are UTC instants, None where not told. `all_day`: they are the first and the last day.
    `floating`: they have no time zone and hold wherever one is. `method` is REQUEST, CANCEL, REPLY ... (RFC 5546 1.4)
    or "".
    """

    summary: str
    starts: datetime | None
    ends: datetime | None
    all_day: bool
    floating: bool
    place: str
    organiser: Address | None
    attendees: tuple[Address, ...]
    method: str
    description: str
    repeats: bool


@dataclass(frozen=True, slots=True)
class Auth:
    """The verdict words of the topmost Authentication-Results header, as found there: anybody may have written it."""

    server: str = ""
    spf: str = ""
    dkim: str = ""
    dmarc: str = ""
    arc: str = ""
    compauth: str = ""


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """One mail as read.

    `date` is what the sender wrote and `received` the topmost Received header, both aware UTC or None. `text` is the
    whole body; from the character `fold_at` on it is quoted history (None: nothing to fold). `html` is safe HTML made
    by `sanitiser_version`, "" when the mail has none or too much; `html_fold` says that it marks quoted history with
    `data-quoted` and that something is left to see when that is folded. `machine` is a code of `machine.Reason` or "":
    never acknowledge such a mail. `auto_reply` is the stronger word: an automatic answer or a report. `protected` is
    "", "pgp" or "smime". `flaws` names what was cut or mended (codes of `limits.Flaw`). `sender_doubt` empty means
    that From can be read in one way only; it proves no sender. `loop` is the mail's X-Postern-Loop header, an unproved
    claim that a desk sent it; every other X-Postern header is not looked at. `languages` are the tags of those that
    the sender's mail program names, the most wanted first.
    """

    from_: Address | None = None
    sender_name: str = ""
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    delivered_to: tuple[str, ...] = ()
    sender_doubt: tuple[str, ...] = ()
    subject: str = ""
    date: datetime | None = None
    received: datetime | None = None
    header_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    text: str = field(default="", repr=False)
    fold_at: int | None = None
    html: str = field(default="", repr=False)
    html_source_size: int = 0
    html_fold: bool = False
    sanitiser_version: int = 0
    remote_images: int = 0
    attachments: tuple[ParsedAttachment, ...] = ()
    auto_reply: bool = False
    machine: str = ""
    bounce: Bounce | None = None
    auth: Auth = Auth()
    protected: str = ""
    signed: str = ""
    invitations: tuple[Invitation, ...] = ()
    flaws: tuple[str, ...] = ()
    loop: str = ""
    languages: tuple[str, ...] = ()
