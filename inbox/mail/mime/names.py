"""File names of attachments: from either header, free of paths and tricks, made up where there is none."""

import re

from inbox.mail.mime.limits import MAX_NAME_CHARS
from inbox.mail.mime.params import Params
from inbox.mail.mime.plain import clean_name

_ENDINGS = {
    "application/json": "json",
    "application/ms-tnef": "dat",
    "application/msword": "doc",
    "application/pdf": "pdf",
    "application/pgp-keys": "asc",
    "application/pgp-signature": "asc",
    "application/pkcs7-mime": "p7m",
    "application/pkcs7-signature": "p7s",
    "application/rtf": "rtf",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/zip": "zip",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/heic": "heic",
    "image/jpeg": "jpg",
    "image/jpg": "jpg",
    "image/png": "png",
    "image/svg+xml": "svg",
    "image/tiff": "tiff",
    "image/webp": "webp",
    "message/delivery-status": "txt",
    "message/disposition-notification": "txt",
    "message/feedback-report": "txt",
    "message/rfc822": "eml",
    "message/global": "eml",
    "text/calendar": "ics",
    "text/csv": "csv",
    "text/html": "html",
    "text/plain": "txt",
    "text/rfc822-headers": "txt",
    "text/rtf": "rtf",
    "text/vcard": "vcf",
    "text/x-vcard": "vcf",
    "text/xml": "xml",
    "video/mp4": "mp4",
}
_PATH = re.compile(r"[A-Za-z]:[\\/]|[\\/]|(?:.*[\\/])?\.\.?[\\/]")
_FILE_NAME = re.compile(r"[^/\\:<>|?*]{1,100}\.[A-Za-z0-9]{2,5}")
_SLASHES = re.compile(r"[\\/]")
_STEMS = {"text/calendar": "invitation", "text": "text", "message": "report", "image": "image"}


def told_name(disposition: Params, content_type: Params) -> str:
    """Return the file name that the sender gave, "" when neither header holds one that is usable."""
    for params, key in ((disposition, "filename"), (content_type, "name"), (disposition, "name")):
        name = safe_name(params.text(key))
        if name:
            return name
    return ""


def described_name(*words: str) -> str:
    """Return the first of these descriptions of a part that reads like a file name, "" when none does."""
    return next((name for word in words if _FILE_NAME.fullmatch(word) and (name := safe_name(word))), "")


def safe_name(name: str) -> str:
    """Return a name without folders and without signs that hide or turn letters; "" when nothing is left."""
    line = clean_name(name)
    if _PATH.match(line):
        line = _SLASHES.sub("/", line).rstrip("/").rpartition("/")[2]
    bare = _SLASHES.sub("-", line).strip()
    return _cut(bare) if bare.strip(". -") else ""


def made_up_name(content_type: str, number: int) -> str:
    """Return a name for the file `number` of a mail that came without one."""
    stem = _STEMS.get(content_type) or _STEMS.get(content_type.partition("/")[0], "attachment")
    return f"{stem}-{number}.{ending_of(content_type)}"


def ending_of(content_type: str) -> str:
    """Return the usual ending of a MIME type, `bin` where we know none."""
    return _ENDINGS.get(content_type, "bin")


def mail_name(told: str, subject: str, number: int) -> str:
    """Return the name of an attached mail: as told or after its subject, and always ending in .eml."""
    stem = told or safe_name(subject)
    if not stem:
        return f"mail-{number}.eml"
    return stem if stem.lower().endswith(".eml") else f"{_cut(stem, MAX_NAME_CHARS - 4)}.eml"


def _cut(name: str, length: int = MAX_NAME_CHARS) -> str:
    """Shorten a name but keep its ending."""
    if len(name) <= length:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 12:
        return name[:length]
    return f"{stem[: length - len(ending) - 1]}.{ending}"
