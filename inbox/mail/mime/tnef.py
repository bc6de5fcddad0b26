"""winmail.dat, the form in which Outlook and Exchange wrap a mail (MS-OXTNEF): its bodies and its files."""

import logging
from dataclasses import dataclass, field

from compressed_rtf.compressed_rtf import decompress
from tnefparse.tnef import TNEF, TNEFAttachment

from inbox.mail.mime.charsets import decode
from inbox.mail.mime.guarded import guarded
from inbox.mail.mime.names import safe_name
from inbox.mail.mime.rtf import rtf_to_html, rtf_to_text

TNEF_TYPES = {"application/ms-tnef", "application/vnd.ms-tnef", "application/x-ms-tnef"}
_SIGN = b"\x78\x9f\x3e\x22"
_MAX_DEPTH = 3
_MAX_FILES = 200
_MIME_TAG, _CONTENT_ID, _LONG_NAME, _DISPLAY_NAME, _SUBJECT = 0x370E, 0x3712, 0x3707, 0x3001, 0x0037
_MAX_RTF_BYTES = 2 * 1024 * 1024

logging.getLogger("tnefparse").disabled = True  # it says a line for each of four thousand million properties


@dataclass(frozen=True, slots=True)
class InnerFile:
    """A file inside: name "" when none was told, type as told, bare Content-ID, bytes."""

    name: str
    content_type: str
    content_id: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """What a winmail.dat holds: the words in the best form found, "" where there is none, and the files."""

    text: str = ""
    html: str = ""
    files: list[InnerFile] = field(default_factory=list)


def read_tnef(data: bytes) -> Opened | None:
    """Return what is inside, None when the bytes are no TNEF or are damaged."""
    return guarded(_read, data) if data.startswith(_SIGN) else None


def _read(data: bytes) -> Opened:
    return _opened(TNEF(data, do_checksum=False), 1)


def _opened(tnef: TNEF, depth: int) -> Opened:
    html = _text(tnef.htmlbody)
    text = _text(tnef.body)
    rtf = _rtf(tnef._rtfbody)  # the public property imports at a time when no file can be opened
    if rtf and not html:
        html = rtf_to_html(rtf)
    if rtf and not html and not text.strip():
        text = rtf_to_text(rtf)
    files = [file for found in tnef.attachments[:_MAX_FILES] for file in _files(found, depth)]
    return Opened(text, html, files)


def _rtf(packed: bytes | None) -> str:
    if not packed or int.from_bytes(packed[4:8], "little") > _MAX_RTF_BYTES:
        return ""
    plain: bytes = decompress(packed + b"\x00")
    return plain.decode("latin-1")


def _files(found: TNEFAttachment, depth: int) -> list[InnerFile]:
    told = {attribute.name: attribute.data for attribute in found.mapi_attrs}
    name = safe_name(_text(told.get(_LONG_NAME)) or _text(found._name) or _text(told.get(_DISPLAY_NAME)))
    inner = getattr(found, "embed", None)
    if inner is not None:
        return _mail_inside(inner, name, depth)
    kind = _text(told.get(_MIME_TAG)).strip().lower() or "application/octet-stream"
    cid = _text(told.get(_CONTENT_ID)).strip("<> ")
    return [InnerFile(name, kind, cid, bytes(found.data))] if found.data else []


def _mail_inside(inner: TNEF, name: str, depth: int) -> list[InnerFile]:
    """Return an attached mail as the file of its words and its files behind it."""
    if depth >= _MAX_DEPTH:
        return []
    opened = _opened(inner, depth + 1)
    subject = next((_text(found.data) for found in inner.mapiprops if found.name == _SUBJECT), "")
    stem = name or safe_name(subject) or "mail"
    body = (
        InnerFile(f"{stem}.html", "text/html", "", opened.html.encode())
        if opened.html
        else InnerFile(f"{stem}.txt", "text/plain", "", opened.text.encode())
    )
    return [body, *opened.files] if opened.html or opened.text else opened.files


def _text(value: object) -> str:
    """Return a property as text; some come as a list of one, some as bytes of the sender's own character set."""
    if isinstance(value, list | tuple):
        value = value[0] if value else ""
    if isinstance(value, bytes):
        return decode(value.rstrip(b"\x00"))
    return value.rstrip("\x00") if isinstance(value, str) else ""
