"""How peers were broken by what came in a mail or a file, tried here: names, headers, types and HTML."""

import stat
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from helpdesk.core.context import Purpose, purpose
from inbox.inboxes.models import Inbox
from inbox.tickets.models import Attachment, Message, Ticket
from tests.make import Letter, make_inbox, make_mail, make_mailbox, make_ticket, message_of, receive
from tests.security.desk import make_desk, make_holder
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db

XSS: Final = (
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "</textarea><script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>",
    "{{ settings.SECRET_KEY }}{% debug %}",
    '<a href="javascript:alert(1)">x</a>',
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
)


class Judge(HTMLParser):
    """Collects what would run: scripts that are not ours, handlers, addresses of a running kind, frames."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element."""
        held = {name: (value or "").strip() for name, value in attrs}
        self.faults += [f"{tag} {name}" for name in held if name.startswith("on") or name in {"srcdoc", "style"}]
        self.faults += [f"{tag} {value}" for name, value in held.items()
                        if name in {"href", "src", "action", "formaction"}
                        and value.lower().startswith(("javascript:", "data:", "vbscript:"))]  # fmt: skip
        if tag == "script" and not held.get("src", "").startswith("/static/"):
            self.faults.append("script")
        foreign = tag == "iframe" and not held.get("src", "").startswith("/m/")
        if foreign or tag in {"object", "embed", "applet"} or (tag == "base" and "href" in held):
            self.faults.append(tag)


def running(page: str) -> list[str]:
    """Return what in a page would run."""
    judge = Judge()
    judge.feed(page)
    return judge.faults


@pytest.mark.parametrize("evil", ["<script>x</script>", "<p onclick=x>", '<a href="javascript:x">', "<iframe src=/x>"])
def test_what_would_run_is_seen(evil: str) -> None:
    assert len(running(evil)) == 1
    assert running('<script src="/static/js/app.js"></script><a href="/t/1">1</a>') == []


def _evil_ticket(evil: str, inbox: Inbox) -> Ticket:
    name = evil.replace('"', "")
    letter = Letter(
        sender=f'"{name}" <kim@example.org>',
        html=f"<p>{evil}</p>",
        headers={"X-Mailer": evil, "Reply-To": f'"{name}" <other@example.net>'},
        files=[(evil.replace("/", "_"), b"data")],
    )
    return make_ticket(evil, inbox=inbox, text=evil, letter=letter)


def _write_evil(evil: str, ticket: Ticket, client: Client) -> None:
    client.post(f"/t/{ticket.number}/note", {"text": evil})
    client.post(f"/t/{ticket.number}/draft", {"text": evil, "kind": "reply", "version": "1"})
    form = {"act": "profile", "name": evil, "language": "en", "timezone": "UTC", "theme": "system", "density": "cosy"}
    client.post("/me/", form)
    Inbox.objects.filter(pk=ticket.inbox_id).update(name=evil[:80], signature=evil)


def test_peer_17_57_62_what_a_mail_says_is_text_on_every_page() -> None:
    inbox = make_inbox()
    client = client_of(make_holder("Team lead", inbox))
    for evil in XSS:
        ticket = _evil_ticket(evil, inbox)
        _write_evil(evil, ticket, client)
        message = Message.objects.filter(ticket=ticket).earliest("at")
        pages = [f"/t/{ticket.number}", f"/t/{ticket.number}/print", f"/m/{message.pk}/body"]

        for address in [*pages, f"/rows?numbers={ticket.number}", f"/audit/ticket/{ticket.number}"]:
            page = client.get(address)
            assert (page.status_code, running(page.content.decode())) == (200, []), (evil, address)
            assert settings.SECRET_KEY not in page.content.decode()
    for address in ("/", "/new", "/me/", "/audit/", "/admin/inboxes/inbox/"):
        page = client.get(address)
        assert (page.status_code, running(page.content.decode())) == (200, []), address


FILE_NAMES: Final = (
    ".htaccess", "\u200b.htaccess", "../../../etc/cron.d/x", "..\\..\\x.exe", "/etc/passwd", "a\0.php", "shell.pht",
    "shell.php.", "x.html", "x.svg", "con", "name\r\nSet-Cookie: a=b", 'a"; filename="b.exe', "a\u202egpj.exe", "",
    "x" * 400, "~/.ssh/authorized_keys", "%2e%2e%2fx",
)  # fmt: skip


def _blobs() -> set[Path]:
    return {path for path in Path(settings.POSTERN_HOME, "blobs").rglob("*") if path.is_file()}


def test_peer_20_21_22_a_files_name_never_names_a_file_of_ours() -> None:
    inbox, before = make_inbox(), _blobs()
    ticket = make_ticket(inbox=inbox, letter=Letter(files=[("placeholder.bin", b"<script>alert(1)</script>")]))
    file, client = Attachment.objects.get(ticket=ticket), client_of(make_holder("Agent", inbox))

    for name in FILE_NAMES:
        with purpose(Purpose.SYSTEM):
            file.name, file.content_type = name, "text/html"
            file.save(update_fields=["name", "content_type"])
        answer = client.get(f"/files/{file.pk}")
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="')
        assert answer.headers["Content-Disposition"].count('"') == 2
        assert b"".join(answer) == b"<script>alert(1)</script>"
    assert all(set(path.stem) <= set("0123456789abcdef") for path in _blobs() - before)


def test_peer_20_21_an_uploaded_file_is_kept_under_a_name_of_ours() -> None:
    inbox, before = make_inbox(), _blobs()
    ticket = make_ticket(inbox=inbox)
    client = client_of(make_holder("Agent", inbox))
    upload = SimpleUploadedFile("..%2f.htaccess", b"<?php evil();", content_type="application/x-httpd-php")
    form = {"text": "See.", "version": str(ticket.version), "once": str(ticket.pk), "files": upload}
    make_mailbox(inbox)

    assert client.post(f"/t/{ticket.number}/reply", form).status_code == 302

    file = Attachment.objects.get(ticket=ticket)
    kept = _blobs() - before
    assert {path.stem for path in kept} >= {file.blob.hex}
    assert not any(b"evil" in path.read_bytes() for path in kept)


def test_peer_55_html_of_a_mail_is_a_document_without_scripts_of_its_own() -> None:
    inbox = make_inbox()
    ticket = make_ticket(inbox=inbox, letter=Letter(html="<p>Hi</p><script>alert(1)</script>"))
    message = Message.objects.get(ticket=ticket)

    answer = client_of(make_holder("Read-only", inbox)).get(f"/m/{message.pk}/body")

    policy = answer.headers["Content-Security-Policy"]
    assert answer.status_code == 200
    assert "default-src 'none'" in policy
    assert "sandbox allow-same-origin allow-popups" in policy
    assert "allow-scripts" not in policy
    assert "script-src" not in policy
    assert running(answer.content.decode()) == []
    assert "Hi" in answer.content.decode()


def test_peer_59_what_is_kept_on_the_disk_is_ours_alone() -> None:
    make_ticket(letter=Letter(files=[("scan.pdf", b"data")]))
    home = Path(settings.POSTERN_HOME)
    blobs = home / "blobs"

    files = {stat.S_IMODE(path.stat().st_mode) for path in _blobs()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in [blobs, *blobs.rglob("*")] if path.is_dir()}

    assert files == {0o600}
    assert folders == {0o700}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "name", ["X-Postern-Ticket", "X-Helpdesk-Ticket", "X-Postern-Inbox", "RT-Ticket", "X-RT-Loop-Prevention",
             "X-Postern-Restricted", "X-Spam-Flag"],
)  # fmt: skip
def test_peer_66_no_header_of_a_mail_steers_the_desk(name: str) -> None:
    desk = make_desk(roles=())
    value = {"X-Postern-Inbox": desk.there.names["inbox"], "X-Spam-Flag": "YES"}.get(name, desk.there.names["number"])
    letter = Letter(sender="mallory@evil.example", to=desk.here.names["address"], headers={name: value})

    ticket = message_of(receive(make_mail("Hello", "Hi\n", letter), inbox=desk.here.inbox)).ticket

    assert (ticket.inbox, ticket.restricted, ticket.deleted_at, ticket.spam_at) == (desk.here.inbox, False, None, None)
    assert ticket.pk not in {desk.here.ticket.pk, desk.there.ticket.pk}


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml"])
def test_peer_67_the_sender_does_not_choose_how_a_file_is_shown(content_type: str) -> None:
    desk = make_desk(roles=("Agent",))
    picture = Attachment.objects.get(pk=desk.here.names["picture"])
    with purpose(Purpose.SYSTEM):
        picture.content_type = content_type
        picture.save(update_fields=["content_type"])
    client = desk.client("Agent")

    assert client.get(desk.here.fill("/m/{message}/cid/{picture}")).status_code == 404
    assert client.get(desk.here.fill("/files/{picture}")).headers["Content-Type"] == "application/octet-stream"


WAYS_OUT: Final = (
    "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//evil.example", "/t/1", "ftp://x/", "",
    "https://", "https://a\nb", "vbscript:x", "https://\u202eexample.org",
)  # fmt: skip


def test_peer_67_the_way_out_leads_to_web_and_mail_alone() -> None:
    desk = make_desk(roles=("Agent",))
    client, message = desk.client("Agent"), desk.here.names["message"]

    for url in WAYS_OUT:
        assert client.get("/out", {"m": message, "u": url}).status_code == 422, url
        assert client.post("/out", {"m": message, "u": url}).status_code == 422, url
    assert client.post("/out", {"m": message, "u": "https://example.org/"}).status_code == 302
