"""The demo's SMTP side: takes every mail that the desk sends, keeps it on this machine and shows it on a small page."""

import json
import re
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import default
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from helpdesk.demo.dovecot import HOST, free_port

_EML: Final = re.compile(r"/mails/(\d{1,9})\.eml")
_LOCAL_HOSTS: Final = ("localhost", HOST)
_STYLE: Final = """\
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
article { border-top: 1px solid #8886; padding: 1rem 0; }
h2 { font-size: 1rem; margin: 0; }
p { margin: 0; opacity: .8; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; }
"""


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that the desk handed in: numbered from 1, with its envelope and its bytes."""

    number: int
    at: datetime
    sender: str
    recipients: tuple[str, ...]
    mime: bytes


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page tells of a mail."""

    number: int
    at: str
    sender: str
    recipients: list[str]
    subject: str
    text: str
    files: list[str]


class Sink:
    """Both servers on loopback. Mails stay in `folder` as numbered .eml files and are there after a restart.

    Recipients that begin with `refuse` are refused for good (550), those that begin with `later` for now (451).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.smtp_port = 0
        self.http_port = 0
        self._lock = threading.Lock()
        self._smtp: Controller | None = None
        self._http: _Pages | None = None

    def start(self, *, smtp_port: int = 0, http_port: int = 0) -> None:
        """Start both servers, on free ports where 0 is given; the ports stand in the attributes then."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.smtp_port = smtp_port or free_port()
        self._smtp = Controller(_Handler(self), HOST, self.smtp_port, data_size_limit=64 * 1024 * 1024)
        self._smtp.start()
        self._http = _Pages((HOST, http_port), _Page)
        self._http.sink = self
        self.http_port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def stop(self) -> None:
        """Stop both servers."""
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()
            self._http = None
        if self._smtp is not None:
            self._smtp.stop()
            self._smtp = None

    def mails(self) -> list[SentMail]:
        """Return what was sent, the newest first."""
        numbers = sorted((int(path.stem) for path in self.folder.glob("*.eml")), reverse=True)
        return [mail for number in numbers if (mail := self.mail(number))]

    def mail(self, number: int) -> SentMail | None:
        """Return one mail, None when there is none of that number."""
        path = self.folder / f"{number}.eml"
        try:
            mime = path.read_bytes()
            envelope = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return SentMail(number, at, envelope["sender"], tuple(envelope["recipients"]), mime)

    def keep(self, sender: str, recipients: list[str], mime: bytes) -> int:
        """Keep one mail and return its number."""
        with self._lock:
            number = max((int(path.stem) for path in self.folder.glob("*.eml")), default=0) + 1
            envelope = json.dumps({"sender": sender, "recipients": recipients})
            (self.folder / f"{number}.json").write_text(envelope, encoding="utf-8")
            (self.folder / f"{number}.eml").write_bytes(mime)
        return number


class _Handler:
    """aiosmtpd's hooks."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take everybody but the two kinds that are there to be turned away."""
        if address.casefold().startswith("refuse"):
            return "550 5.1.1 There is no such person here"
        if address.casefold().startswith("later"):
            return "451 4.7.1 Please come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the library's name
        """Keep the mail."""
        sender = (envelope.mail_from or "").removeprefix("<").removesuffix(">")
        number = self._sink.keep(sender, envelope.rcpt_tos, envelope.original_content or b"")
        return f"250 2.0.0 kept as number {number}"


class _Pages(ThreadingHTTPServer):
    daemon_threads = True
    sink: Sink


class _Page(BaseHTTPRequestHandler):
    """Reads only, and only for a browser that asks for this machine by name."""

    server: _Pages
    server_version = "postern-demo"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer `/`, `/style.css`, `/mails.json` and `/mails/<n>.eml`."""
        if (self.headers["Host"] or "").rpartition(":")[0] not in _LOCAL_HOSTS:
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, "text/plain", b"")
        elif self.path == "/":
            self._answer(HTTPStatus.OK, "text/html; charset=utf-8", _list_page(self.server.sink.mails()).encode())
        elif self.path == "/style.css":
            self._answer(HTTPStatus.OK, "text/css", _STYLE.encode())
        elif self.path == "/mails.json":
            self._answer(HTTPStatus.OK, "application/json", _list_json(self.server.sink.mails()).encode())
        else:
            self._answer_mail()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing: a page that is polled would fill the terminal."""

    def _answer_mail(self) -> None:
        asked = _EML.fullmatch(self.path)
        mail = self.server.sink.mail(int(asked[1])) if asked else None
        if mail is None:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"")
        else:
            self._answer(HTTPStatus.OK, "message/rfc822", mail.mime)

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        if content_type == "message/rfc822":
            self.send_header("Content-Disposition", "attachment")
        self.end_headers()
        self.wfile.write(body)


def show(mail: SentMail) -> Shown:
    """Return what is to be told of a mail; its text is the plain one, its files are the attachments' names."""
    message = message_from_bytes(mail.mime, _class=EmailMessage, policy=default)
    body = message.get_body(("plain", "html"))
    return Shown(
        number=mail.number,
        at=mail.at.isoformat(timespec="seconds"),
        sender=mail.sender,
        recipients=list(mail.recipients),
        subject=str(message["Subject"] or ""),
        text=_text(body) if body is not None else "",
        files=[part.get_filename() or "" for part in message.iter_attachments()],
    )


def _text(part: MIMEPart) -> str:
    payload = part.get_payload(decode=True)
    try:
        return payload.decode(part.get_content_charset("utf-8"), "replace") if isinstance(payload, bytes) else ""
    except LookupError:
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _list_json(mails: list[SentMail]) -> str:
    return json.dumps([asdict(show(mail)) for mail in mails], ensure_ascii=False)


def _list_page(mails: list[SentMail]) -> str:
    rows = format_html_join(
        "",
        '<article><h2>{}</h2><p>{} → {} · <time datetime="{}">{}</time> · <a href="/mails/{}.eml">{}</a></p>'
        "<pre dir=auto>{}</pre><p>{}</p></article>",
        (
            (
                one.subject,
                one.sender,
                ", ".join(one.recipients),
                one.at,
                one.at,
                one.number,
                _("as a file"),
                one.text,
                ", ".join(one.files),
            )
            for one in map(show, mails)
        ),
    )
    return format_html(
        '<!doctype html><meta charset="utf-8"><title>{}</title><link rel="stylesheet" href="/style.css"><h1>{}</h1>{}',
        _("Sent by the demo"),
        _("Sent by the demo"),
        rows or _("Nothing has been sent yet. What the demo sends stays on this machine."),
    )
