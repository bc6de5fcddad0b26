"""From the raw bytes of a mail to a ParsedMail: every step forgiving, so that no mail is ever refused."""

from dataclasses import dataclass, replace

from helpdesk.core.html import MAX_HTML_BYTES, SANITISER_VERSION, SafeHtml, sanitise
from helpdesk.core.html_text import is_too_deep
from inbox.mail.mime.addresses import read_addresses
from inbox.mail.mime.auth import read_auth
from inbox.mail.mime.body import File, named, read_body, with_locations
from inbox.mail.mime.bounce import read_bounce
from inbox.mail.mime.calendar import CALENDAR_TYPES, read_invitations, words_of
from inbox.mail.mime.dates import read_date, received_date
from inbox.mail.mime.doubt import sender_name, sender_of
from inbox.mail.mime.folding import fold_at, passes_on
from inbox.mail.mime.headers import Headers
from inbox.mail.mime.html_folding import with_fold
from inbox.mail.mime.ids import all_ids, one_id
from inbox.mail.mime.languages import languages_of
from inbox.mail.mime.limits import MAX_CALENDARS, MAX_NAME_CHARS, MAX_SUBJECT_CHARS, MAX_TEXT_CHARS, Flaw
from inbox.mail.mime.machine import is_auto_reply, machine_reason
from inbox.mail.mime.opened import opened
from inbox.mail.mime.parsed import Invitation, ParsedAttachment, ParsedMail
from inbox.mail.mime.parts import Part, Tree, read_tree
from inbox.mail.mime.pictures import picture_type
from inbox.mail.mime.plain import clean_text
from inbox.mail.mime.protection import protection_of, signature_of


def parse(data: bytes) -> ParsedMail:
    """Return how Postern reads a raw mail. Whatever the bytes are, it returns; `flaws` says what was mended."""
    data = opened(data)
    tree = read_tree(data)
    mail = _with_headers(_content(tree, data), tree.top, data)
    return replace(mail, flaws=tuple(dict.fromkeys((*tree.flaws, *mail.flaws))))


def _content(tree: Tree, data: bytes) -> ParsedMail:
    """Read the words and files of a mail."""
    body = read_body(tree, data)
    invitations = _invitations(body.files)
    text = clean_text(body.text())
    text = text if text.strip() else words_of(invitations)
    flaws = [Flaw.TEXT_CUT] if len(text) > MAX_TEXT_CHARS else []
    text = text[:MAX_TEXT_CHARS].strip("\n")
    source, kept = with_locations(body.html(), body.files)
    shown = _shown_html(source)
    files = named([*kept, *shown.rest])
    passed_on = passes_on(text, tree.top.headers.text("subject"))
    html, folds = with_fold(shown.safe.html, passed_on=passed_on)
    return ParsedMail(
        text=text,
        fold_at=fold_at(text, forwarded=passed_on),
        html=html,
        html_source_size=shown.size,
        html_fold=folds,
        sanitiser_version=SANITISER_VERSION if html else 0,
        remote_images=shown.safe.remote_images,
        attachments=tuple(_attachment(file, shown.safe.cids) for file in files),
        protected=protection_of(tree.top, text),
        signed=signature_of(tree.top, text),
        invitations=invitations,
        flaws=(*flaws, *shown.flaws),
    )


def _invitations(files: list[File]) -> tuple[Invitation, ...]:
    """Return the events of all calendar files, each once: some programs send the same file twice."""
    calendars = [file for file in files if file.content_type in CALENDAR_TYPES or file.name.lower().endswith(".ics")]
    found = [event for file in calendars[:MAX_CALENDARS] for event in read_invitations(file.data)]
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _Shown:
    safe: SafeHtml
    size: int = 0
    rest: tuple[File, ...] = ()
    flaws: tuple[Flaw, ...] = ()


def _shown_html(source: str) -> _Shown:
    """Make safe HTML; what is too big or too deep to sanitise in time is kept as a file and the text is shown."""
    size = len(source.encode())
    if not source:
        return _Shown(SafeHtml("", 0))
    if size <= MAX_HTML_BYTES and not is_too_deep(source):
        return _Shown(sanitise(source), size)
    flaw = Flaw.HTML_TOO_BIG if size > MAX_HTML_BYTES else Flaw.HTML_TOO_DEEP
    return _Shown(SafeHtml("", 0), size, (File("message.html", "text/html", "", source.encode()),), (flaw,))


def _attachment(file: File, cids: frozenset[str]) -> ParsedAttachment:
    """Return one file; it is inline when the HTML shows it and a page can, else it would be listed nowhere."""
    picture = picture_type(file.data) if file.content_id and file.content_id.lower() in cids else ""
    kind = picture or file.content_type
    return ParsedAttachment(file.name, kind, len(file.data), bool(picture), file.content_id, file.data)


def _with_headers(mail: ParsedMail, top: Part, data: bytes) -> ParsedMail:
    """Add what the headers say to the words of a mail."""
    headers = top.headers
    sender, doubt = sender_of(headers)
    address = sender.address if sender else ""
    bounce = read_bounce(top, data, text=mail.text, sender=address)
    in_reply_to = all_ids(headers.all("in-reply-to"))
    bounced = bounce.action if bounce and not bounce.may_be_a_person(in_reply_to) else ""
    reason = machine_reason(headers, top, sender=address, bounced=bounced)
    received = headers.all("received")
    return replace(
        mail,
        from_=sender,
        sender_name="" if sender else sender_name(headers)[:MAX_NAME_CHARS],
        sender_doubt=doubt,
        reply_to=read_addresses(headers.all("reply-to")),
        to=read_addresses(headers.all("to")),
        cc=read_addresses(headers.all("cc")),
        delivered_to=_delivered_to(headers),
        subject=headers.text("subject")[:MAX_SUBJECT_CHARS],
        date=read_date(headers.first("date")),
        received=received_date(received[0]) if received else None,
        header_id=one_id(headers.first("message-id")),
        in_reply_to=in_reply_to,
        references=all_ids(headers.all("references")),
        auto_reply=is_auto_reply(reason),
        machine=reason or "",
        bounce=bounce,
        auth=read_auth(headers),
        loop=headers.text("x-postern-loop")[:100],
        languages=languages_of(headers),
    )


def _delivered_to(headers: Headers) -> tuple[str, ...]:
    """Return the envelope recipients that servers wrote down, each once."""
    values = [value for name in ("delivered-to", "x-original-to", "envelope-to") for value in headers.all(name)]
    return tuple(address.address for address in read_addresses(values))
