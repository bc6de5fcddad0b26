"""Where quoted history begins in safe HTML that has no known container: a rule or a block above words of a header."""

import re
from html import unescape

from helpdesk.core.html_text import has_words_outside_quotes
from inbox.mail.mime.folding import begins_history

_CANDIDATE = re.compile(r"<(hr|div|p|table|blockquote)\b(?![^>]* data-quoted)")
_BREAK = re.compile(r"<(?:br|/?p|/?div|/?tr|hr|/?table|/?li)\b[^>]*>")
_TAG = re.compile(r"<[^>]*>")
_MARKS = re.compile(r'(<[a-z]+[1-6]?(?: [a-z-]+="[^"]*")*?) data-quoted="(?:1|rest)"')
_MOST_CANDIDATES = 300
_LOOKED_AT_CHARS = 900
_LINES = 6


def with_fold(html: str, *, passed_on: bool) -> tuple[str, bool]:
    """Return safe `html` with its quoted history marked, and whether anything is marked: never all that it shows.

    A mail that was `passed_on` is to be read whole.
    """
    if not html or passed_on:
        return unmarked(html), False
    html = html if " data-quoted=" in html else marked(html)
    folds = " data-quoted=" in html and has_words_outside_quotes(html)
    return (html if folds else unmarked(html)), folds


def marked(html: str) -> str:
    """Return safe `html` with the first element that begins the history of a conversation marked as such."""
    for found in _candidates(html):
        if begins_history(_first_lines(html[found.start() : found.start() + _LOOKED_AT_CHARS])):
            return f'{html[: found.end()]} data-quoted="rest"{html[found.end() :]}'
    return html


def unmarked(html: str) -> str:
    """Return safe `html` without any mark: all of it is to be shown."""
    return _MARKS.sub(r"\1", html)


def _candidates(html: str) -> list[re.Match[str]]:
    return [found for found, _ in zip(_CANDIDATE.finditer(html), range(_MOST_CANDIDATES), strict=False)]


def _first_lines(piece: str) -> list[str]:
    """Return the first lines with words of a piece of HTML, each element on its own."""
    text = unescape(_TAG.sub("", _BREAK.sub("\n", piece.rpartition("<")[0])))
    lines = [line.strip() for line in text.replace("\xa0", " ").split("\n")]
    return [line for line in lines if line][:_LINES]
