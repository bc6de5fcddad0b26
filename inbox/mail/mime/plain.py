"""Text that every store takes: no NUL, no lone surrogate, no control character but tab and line feed."""

import re

_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")
_BREAK = re.compile("\r{1,2}\n|\r|\x85|\u2028|\u2029")
_INVISIBLE = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_SPACE = re.compile(r"\s+")
_NO_BLANK = re.compile(r"[ \t]*(?:\n[ \t]*)+|[^\S ]")


def clean_text(text: str) -> str:
    """Return `text` with line ends as LF and without what a database or a page cannot take."""
    if text.isascii() and "\r" not in text and not _CONTROL.search(text):
        return text
    return _CONTROL.sub("", _SURROGATE.sub("\ufffd", _BREAK.sub("\n", text)))


def clean_line(text: str) -> str:
    """Return `text` as one line: white space folded, marks that turn or hide letters taken out."""
    return _SPACE.sub(" ", _INVISIBLE.sub("", clean_text(text))).strip()


def clean_name(text: str) -> str:
    """Return the name of a file as one line: as `clean_line`, but blanks within stay, for they are part of it."""
    return _NO_BLANK.sub(" ", _INVISIBLE.sub("", clean_text(text))).strip()
