"""What came by mail is fenced: the frame and its policy, pictures of the mail alone, downloads that open nothing."""

import re
from urllib.parse import unquote
from uuid import UUID, uuid4

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client

from audit.actions import Action
from helpdesk.core.html import SANITISER_VERSION, sanitise
from helpdesk.core.ids import new_id
from helpdesk.crypto.files import write_blob
from helpdesk.crypto.keyring import Owner, OwnerKind
from inbox.inboxes.models import Inbox
from inbox.tickets.models import Attachment, Message
from inbox.tickets.services.append import NewMessage, append_message
from inbox.tickets.states import Direction
from tests.inbox.tickets.plain import attach, damage, details, entries, open_plain
from tests.make import make_agent, make_inbox, make_mail, message_of, receive
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n not a whole picture"
FRAME = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src http://testserver/m/; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
FILE = "default-src 'none'; sandbox"


def framed(html: str, *, safe: bool = False) -> Message:
    """Return a message with that HTML, sanitised as the parser does."""
    ticket = open_plain(make_inbox())
    shown = html if safe else sanitise(html).html
    new = NewMessage(Direction.INBOUND, "Hello", html=shown, sanitiser_version=SANITISER_VERSION)
    return append_message(ticket, new)


def picture(message: Message, content_id: str, content_type: str = "image/png", *, inline: bool = True) -> Attachment:
    """Return one more file of a message."""
    blob = write_blob([PNG], Owner(OwnerKind.TICKET, message.ticket_id), kind="attachment")
    file: Attachment = Attachment.objects.create(
        id=new_id(), message=message, ticket_id=message.ticket_id, name="pic.png", content_type=content_type,
        content_id=content_id, inline=inline, size_bytes=len(PNG), blob=blob.id,
    )  # fmt: skip
    return file


def reader(inbox: Inbox | None = None, role: str = "Agent") -> Client:
    """Return somebody's browser."""
    return client_of(make_agent(role, inbox=inbox))


def body_of(message: Message) -> str:
    """Return what stands in a message's frame."""
    page = reader().get(f"/m/{message.pk}/body").content.decode()
    return page.split("<body>")[1].split("</body>")[0]


def test_the_frame_has_its_own_policy() -> None:
    response = reader().get(f"/m/{framed('<p>Hello</p>').pk}/body")

    assert response.headers["Content-Security-Policy"] == FRAME
    assert {name: response.headers[name] for name in ("X-Frame-Options", "Referrer-Policy", "Cache-Control")} == {
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    assert response.headers["X-DNS-Prefetch-Control"] == "off"
    assert (response.headers["X-Content-Type-Options"], response.headers["Content-Type"]) == (
        "nosniff",
        "text/html; charset=utf-8",
    )
    assert "script" not in response.content.decode()


def test_a_body_is_one_entry() -> None:
    message = framed("<p>Hello</p>")

    assert body_of(message) == "<p>Hello</p>"
    (entry,) = entries(Action.MESSAGE_BODY)
    assert (entry.subject_id, details(entry)) == (message.ticket_id, {"message": str(message.pk)})


def test_links_lead_to_the_page_that_asks() -> None:
    message = framed('<a href="https://example.org/?a=1&amp;b=2">go</a> <a href="mailto:kim@example.org">write</a>')

    body = body_of(message)

    assert f'href="/out?m={message.pk}&amp;u=https%3A%2F%2Fexample.org%2F%3Fa%3D1%26b%3D2"' in body
    assert f'href="/out?m={message.pk}&amp;u=mailto%3Akim%40example.org"' in body
    assert body.count("href=") == 2
    assert 'href="http' not in body


def test_a_link_that_is_too_long_leads_nowhere() -> None:
    long = "https://example.org/" + "x" * 2000

    assert "href" not in body_of(framed(f'<a href="{long}">go</a>'))
    assert "href" in body_of(framed(f'<a href="{long[:2000]}">go</a>'))


def test_words_that_look_like_an_attribute_stay_words() -> None:
    words = ' say href="https://example.org" or src="cid:pic" here'

    body = body_of(framed(f"<p>{words}</p><p title='a src=&quot;cid:pic&quot; b'>x</p>"))

    assert f"<p>{words}</p>" in body
    assert "/out" not in body
    assert "/cid/" not in body


def test_pictures_of_the_mail_itself_are_shown_and_no_others() -> None:
    message = framed(
        '<img src="cid:Pic%201@x" alt="mine"><img src="cid:gone@x" alt="gone"><img src="cid:doc@x" alt="doc">'
        '<img src="https://evil.example/t.gif" alt="far"><img src="//evil.example/t.gif"><img src="data:image/png,x">'
    )
    mine, _doc = picture(message, "pic 1@x"), picture(message, "doc@x", inline=False)

    body = body_of(message)

    assert re.findall(r' src="([^"]*)"', body) == [f"/m/{message.pk}/cid/{mine.pk}"]
    assert "evil.example" not in re.sub(r' data-src="[^"]*"', "", body)
    assert "data:image" not in body


@pytest.mark.parametrize("column", ["html", "text"])
def test_a_damaged_body_is_a_sign(column: str) -> None:
    message = framed("<p>Hello</p>")
    damage(message, column)

    body = body_of(message)

    assert body == ("\N{REPLACEMENT CHARACTER}" if column == "html" else "<p>Hello</p>")


def test_a_damaged_content_id_leaves_the_body() -> None:
    message = framed('<p>Hello</p><img src="cid:a">')
    damage(picture(message, "a"), "content_id")

    assert body_of(message) == "<p>Hello</p><img>"


@pytest.mark.parametrize("content_type", ["image/png", "image/jpeg", "image/gif", "image/webp", "IMAGE/PNG"])
def test_a_plain_picture_is_shown_in_the_frame(content_type: str) -> None:
    message = framed("<p>x</p>")
    file = picture(message, "a", content_type)

    response = reader().get(f"/m/{message.pk}/cid/{file.pk}")

    assert (response.status_code, response.headers["Content-Type"]) == (200, content_type.lower())
    assert (response.headers["Content-Security-Policy"], response.headers["Cache-Control"]) == (FILE, "no-store")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert content_of(response) == PNG
    assert len(entries(Action.ATTACHMENT_DOWNLOAD)) == 1


def content_of(response: object) -> bytes:
    """Return what a stream gave."""
    assert isinstance(response, StreamingHttpResponse | HttpResponse)
    return b"".join(response)


@pytest.mark.parametrize(
    "content_type",
    ["image/svg+xml", "text/html", "application/pdf", "image/png; x", "image/x-icon", "", "image/png\r\nX: y"],
)
def test_anything_but_a_plain_picture_is_absent_in_the_frame(content_type: str) -> None:
    message = framed("<p>x</p>")
    file = picture(message, "a", content_type)
    client = reader()

    assert client.get(f"/m/{message.pk}/cid/{file.pk}").status_code == 404
    assert entries(Action.ATTACHMENT_DOWNLOAD) == []
    assert client.get(f"/files/{file.pk}").headers["Content-Type"] == "application/octet-stream"


def test_a_picture_of_another_message_or_a_file_is_absent_in_the_frame() -> None:
    message, other = framed("<p>x</p>"), framed("<p>y</p>")
    mine, file = picture(message, "a"), picture(message, "b", inline=False)
    client = reader()

    assert client.get(f"/m/{other.pk}/cid/{mine.pk}").status_code == 404
    assert client.get(f"/m/{message.pk}/cid/{file.pk}").status_code == 404
    assert client.get(f"/m/{message.pk}/cid/{mine.pk}").status_code == 200


def disposition(name: str) -> tuple[str, str]:
    """Return both names of a download: the plain one, and the other one decoded."""
    file = attach(open_plain(make_inbox()), b"data", name)
    header = reader().get(f"/files/{file.pk}").headers["Content-Disposition"]
    found = re.fullmatch(r"attachment; filename=\"([^\"\\]*)\"; filename\*=UTF-8''([A-Za-z0-9._~%-]+)", header)
    assert found is not None, header
    return found[1], unquote(found[2])


@pytest.mark.parametrize(
    ("name", "plain", "encoded"),
    [
        ("scan.pdf", "scan.pdf", "scan.pdf"),
        ("Rechnung März.pdf", "Rechnung M_rz.pdf", "Rechnung März.pdf"),
        ('a"; filename="evil.exe', "a_; filename=_evil.exe", 'a"; filename="evil.exe'),
        ("a\\b/c", "a_b_c", "a\\b/c"),
        ("a\r\nSet-Cookie: x=1", "a__Set-Cookie: x=1", "aSet-Cookie: x=1"),
        ("cod\u202efdp.exe", "cod_fdp.exe", "codfdp.exe"),
        ("\x00\x1f", "__", "file"),
        ("", "file", "file"),
        ("'*%41", "'*%41", "'*%41"),
        ("🖨️.png", "__.png", "🖨️.png"),
    ],
)
def test_a_download_keeps_its_name_and_breaks_no_header(name: str, plain: str, encoded: str) -> None:
    assert disposition(name) == (plain, encoded)


def test_a_download_opens_nothing() -> None:
    file = attach(open_plain(make_inbox()), b"<script>", "x.html", content_type="text/html")

    response = reader().get(f"/files/{file.pk}")

    wanted = {
        "Content-Type": "application/octet-stream",
        "Content-Length": "8",
        "Content-Security-Policy": FILE,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    assert {name: response.headers[name] for name in wanted} == wanted
    assert content_of(response) == b"<script>"
    assert len(entries(Action.ATTACHMENT_DOWNLOAD)) == 1


def test_a_file_is_closed_to_others_and_absent_like_none() -> None:
    file = attach(open_plain(make_inbox()), b"data")
    stranger = reader(make_inbox("Billing", address="billing@desk.example.net"))

    assert [stranger.get(f"/files/{key}").status_code for key in (file.pk, uuid4())] == [404, 404]
    assert entries(Action.ATTACHMENT_DOWNLOAD) == []


@pytest.mark.parametrize(("role", "status"), [("Agent", 403), ("Read-only", 403), ("Senior agent", 200)])
def test_the_original_needs_its_right_and_is_an_entry(role: str, status: int) -> None:
    mime = make_mail()
    message = message_of(receive(mime))

    response = reader(role=role).get(f"/m/{message.pk}/raw")

    assert response.status_code == status
    if status == 200:
        assert content_of(response) == mime
        assert response.headers["Content-Length"] == str(len(mime))
        assert f'filename="{message.ticket.number}.eml"' in response.headers["Content-Disposition"]
    assert len(entries(Action.MESSAGE_RAW)) == (1 if status == 200 else 0)


def test_our_own_message_has_no_original() -> None:
    ticket = open_plain(make_inbox())
    message_id: UUID = ticket.messages.get().pk

    assert reader(role="Senior agent").get(f"/m/{message_id}/raw").status_code == 404


def test_a_damaged_file_is_told_and_recorded() -> None:
    file = attach(open_plain(make_inbox()), b"data")
    Attachment.objects.filter(pk=file.pk).update(blob=new_id())

    assert reader().get(f"/files/{file.pk}").status_code == 410
    assert [details(entry)["column"] for entry in entries(Action.INTEGRITY_FAILURE)] == ["blob"]


def test_an_attachment_of_a_mail_comes_back_byte_for_byte() -> None:
    data = bytes(range(256)) * 300
    file = attach(open_plain(make_inbox()), data, "all.bin")

    assert content_of(reader().get(f"/files/{file.pk}")) == data
