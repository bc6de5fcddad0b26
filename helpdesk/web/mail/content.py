"""Content that came by mail: framed HTML, files and originals, each with its own fences."""

import html
import re
from typing import Final
from urllib.parse import quote, unquote
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from helpdesk.core.context import Purpose, purpose
from helpdesk.core.errors import NotFound
from helpdesk.web.base.ranges import Unsatisfiable, span_of
from helpdesk.web.base.request import DeskRequest
from helpdesk.web.templatetags.mailtext import LONGEST_LINK, out_address
from inbox.inboxes.permissions import Right
from inbox.mail.access import raw_for
from inbox.mail.opening import open_raw
from inbox.tickets.access import attachment_for, message_for
from inbox.tickets.models import Attachment, Message
from inbox.tickets.opening.files import open_attachment
from inbox.tickets.opening.people import readable
from inbox.tickets.opening.reader import show_html

_FRAME_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src {origin}/m/; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
_FILE_POLICY: Final = "default-src 'none'; sandbox"
_IMAGES: Final = {"image/png", "image/jpeg", "image/gif", "image/webp"}
"""Shown inside a mail's frame; anything else is a download. SVG is a document with scripts."""
# The sanitiser writes its tags in one form only, and no other `<` stands before a letter: tags are found by it.
_TAG: Final = re.compile(r'<[a-z][a-z0-9]*(?: [a-z-]+="[^"]*")+>')
_HREF: Final = re.compile(r' href="([^"]*)"')
_CID: Final = re.compile(r' src="cid:([^"]*)"')


@require_GET
def body(request: DeskRequest, message_id: UUID) -> HttpResponseBase:
    """Show the safe HTML of a message as a document of its own, for its sandboxed frame."""
    message = message_for(request.access, message_id, need=Right.VIEW)
    shown = _rewritten(show_html(message.ticket, message), message)
    response = render(request, "mail/body.html", {"body": shown, "folds": " data-quoted=" in shown})
    response.headers["Content-Security-Policy"] = _FRAME_POLICY.format(origin=_origin(request))
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-DNS-Prefetch-Control"] = "off"
    return _private(response)


@require_GET
def inline_image(request: DeskRequest, message_id: UUID, attachment_id: UUID) -> HttpResponseBase:
    """Show a picture of the mail itself inside its frame. Anything but a plain picture is absent here."""
    attachment = attachment_for(request.access, attachment_id, need=Right.VIEW)
    if attachment.message_id != message_id or not attachment.inline:
        raise NotFound("no such picture")
    with purpose(Purpose.VIEW):
        content_type = readable(attachment.ticket, attachment, "content_type").lower()
    if content_type not in _IMAGES:
        raise NotFound("no such picture")
    _view, chunks = open_attachment(attachment.ticket, attachment)
    response = StreamingHttpResponse(chunks, content_type=content_type)
    response.headers["Content-Security-Policy"] = _FILE_POLICY
    return _private(response)


@require_GET
def file(request: DeskRequest, attachment_id: UUID) -> HttpResponseBase:
    """Give a file, or one range of it, as a download that no browser opens by itself.

    Each range is an opening with an entry of its own, which names it. One that cannot be given opens nothing.
    """
    attachment = attachment_for(request.access, attachment_id, need=Right.VIEW)
    size, etag = attachment.size_bytes, f'"{attachment.pk.hex}"'  # the bytes behind an id never change
    try:
        span = span_of(request, size, etag=etag)
    except Unsatisfiable:
        return _private(HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"}))
    part = {"start": span.start, "stop": span.stop} if span else {}
    view, chunks = open_attachment(attachment.ticket, attachment, **part)
    response = StreamingHttpResponse(chunks, status=206 if span else 200, content_type="application/octet-stream")
    response.headers["Content-Length"] = str(span.length if span else size)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["ETag"] = etag
    if span:
        response.headers["Content-Range"] = span.content_range
    return _download(response, view.name or "file")


@require_GET
def raw(request: DeskRequest, message_id: UUID) -> HttpResponseBase:
    """Give the untouched mail with all its headers. Needs VIEW_RAW."""
    ticket, mail = raw_for(request.access, message_id)
    response = StreamingHttpResponse(open_raw(ticket, mail), content_type="application/octet-stream")
    response.headers["Content-Length"] = str(mail.size_bytes)
    return _download(response, f"{ticket.number}.eml")


def _rewritten(safe: str, message: Message) -> str:
    """Lead links to the page that asks first, and pictures of the mail itself to their own address."""
    pictures = _pictures(message)

    def link(found: re.Match[str]) -> str:
        url = html.unescape(found[1])
        if len(url) > LONGEST_LINK:
            return ""
        return f' href="{html.escape(out_address(url, message.pk))}"'

    def picture(found: re.Match[str]) -> str:
        attachment_id = pictures.get(unquote(html.unescape(found[1])).lower())
        if attachment_id is None:
            return ""
        return f' src="{reverse("mail:cid", args=[message.pk, attachment_id])}"'

    return _TAG.sub(lambda tag: _CID.sub(picture, _HREF.sub(link, tag[0])), safe)


def _pictures(message: Message) -> dict[str, UUID]:
    rows = Attachment.objects.filter(message=message, inline=True)
    with purpose(Purpose.VIEW):
        return {readable(message.ticket, row, "content_id").lower(): row.pk for row in rows}


def _download(response: StreamingHttpResponse, name: str) -> HttpResponseBase:
    """Add the headers of a file: its name after RFC 6266, in ASCII and in UTF-8 (RFC 8187)."""
    plain = "".join(letter if letter.isascii() and letter.isprintable() else "_" for letter in name)
    plain = plain.translate(str.maketrans('"\\/', "___"))
    encoded = quote("".join(letter for letter in name if letter.isprintable()) or "file", safe="")
    response.headers["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"
    response.headers["Content-Security-Policy"] = _FILE_POLICY
    return _private(response)


def _private(response: HttpResponseBase) -> HttpResponseBase:
    response.headers["Cache-Control"] = "no-store"
    return response


def _origin(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"
