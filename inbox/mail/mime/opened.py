"""The raw bytes of a mail as its sender wrote them: what programs on the way did to all of it is undone first."""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE

from inbox.mail.mime.headers import read_headers
from inbox.mail.mime.params import Params
from inbox.mail.mime.transfer import decoded

_BLANK_LINES = re.compile(rb"(?:[ \t]{0,80}\r*\n){1,20}(?=[!-9;-~]{1,80}:[ \t])")
_ENCODED = re.compile(rb"^content-transfer-encoding:[ \t]*(?:base64|quoted)", re.IGNORECASE | re.MULTILINE)
_HEAD_BYTES = 16_000
_CODECS = {BOM_UTF16_LE: "utf-16-le", BOM_UTF16_BE: "utf-16-be"}


def opened(data: bytes) -> bytes:
    """Return a mail with line ends, without marks and empty lines in front, and not encoded as a whole."""
    codec = _CODECS.get(data[:2])
    if codec and b"\x00" in data[:200]:
        data = data[2:].decode(codec, "replace").encode("utf-8", "replace")
    data = data.removeprefix(BOM_UTF8)
    if b"\n" not in data and b"\r" in data:
        data = data.replace(b"\r", b"\n")
    blank = _BLANK_LINES.match(data)
    return _decoded_whole(data[blank.end() :] if blank else data)


def _decoded_whole(data: bytes) -> bytes:
    """Decode a multipart that was encoded as a whole, against RFC 2045 6.4; any other mail stays as it is."""
    if not _ENCODED.search(data, 0, _HEAD_BYTES):
        return data
    headers, start = read_headers(data, 0, len(data))
    encoding = headers.text("content-transfer-encoding").lower()
    if not encoding.startswith(("base64", "quoted")) or b"multipart/" not in headers.first("content-type").lower():
        return data
    boundary = Params(headers.first("content-type")).raw("boundary")
    if not boundary or data.find(b"--" + boundary, start) >= 0:
        return data
    body = decoded(data[start:], encoding)
    return data[:start] + body if b"--" + boundary in body else data
