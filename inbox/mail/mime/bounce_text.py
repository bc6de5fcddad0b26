"""Bounces in free words, as servers write that know no delivery reports: who did not get the mail, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from inbox.mail.mime.bounce_phrases import (
    ADVICE,
    CODE_BEFORE,
    COPY,
    DELAYED,
    DELIVERY,
    FINAL,
    NOT_THEM,
    THEM,
    TRANSCRIPT,
)
from inbox.mail.mime.mentioned import Mention, mentions
from inbox.mail.mime.parsed import Notice
from inbox.mail.mime.status import best_status

_READ_CHARS: Final = 64 * 1024
_READ_LINES: Final = 1_500
_LINE_CHARS: Final = 1_000
_MOST: Final = 50
_WORDS_CHARS: Final = 500
_SERVERS: Final = ("mailer-daemon", "mail-daemon", "mailerdaemon", "double-bounce", "postmaster", "post_master")
_LEAD: Final = " \t>*-•·<\"'([#|:="


@dataclass(frozen=True, slots=True)
class _Found:
    """A mention, where it stands among the lines, and how surely it names somebody who did not get the mail."""

    address: str
    line: int
    rank: int


def read_text(text: str, *, own: frozenset[str], named: Sequence[str], returned: Sequence[str]) -> list[Notice]:
    """Return what a bounce in words tells of each recipient; at least one notice, perhaps without a recipient.

    `own` are addresses in lower case that the bounce went to, `named` those whom a header names for sure, `returned`
    the recipients of the mail that came back: they count when the words name nobody.
    """
    lines = human_part(text)
    whole = "\n".join(lines)
    action = "delayed" if DELAYED.search(whole) and not FINAL.search(whole) else "failed"
    found = _found(lines, own)
    if named:
        known = {each.address.casefold(): each for each in reversed(found)}
        found = [known.get(address.casefold(), _Found(address, -1, 0)) for address in named]
    elif not found or found[0].rank > 1:
        found = _of_returned(returned, own) or found
    if not found:
        return [Notice(action, "", best_status("", whole))]
    notices = [_notice(each, lines, action) for each in found[:_MOST]]
    if any(notice.status for notice in notices):
        return notices
    status = best_status("", whole)
    return [replace(notice, status=status) for notice in notices]


def human_part(text: str) -> list[str]:
    """Return the lines that the server wrote, without the copy of the mail below them."""
    lines = [line[:_LINE_CHARS] for line in text[:_READ_CHARS].split("\n")[:_READ_LINES]]
    for place, line in enumerate(lines):
        if COPY.match(line) and not TRANSCRIPT.search(line):
            return lines[:place]
    return lines


def _found(lines: Sequence[str], own: frozenset[str]) -> list[_Found]:
    """Return the addresses of the best rank that occurs, each once; those of the desk only when there are no others."""
    every = [each for place, line in enumerate(lines) for each in _ranked(line, place)]
    others = [each for each in every if each.address.casefold() not in own] or every
    best = min((each.rank for each in others), default=0)
    first: dict[str, _Found] = {}
    for each in others:
        if each.rank == best:
            first.setdefault(each.address.casefold(), each)
    return list(first.values())


def _ranked(line: str, place: int) -> Iterator[_Found]:
    for mention in mentions(line):
        rank = _rank(mention, line)
        if rank is not None:
            yield _Found(mention.address, place, rank)


def _rank(mention: Mention, line: str) -> int | None:
    """Return 0 for an address at the beginning of its line, 1 for one after words that name a recipient, then less."""
    local, _, domain = mention.address.casefold().partition("@")
    delivery = DELIVERY.search(mention.before)
    if NOT_THEM.search(mention.before) or local.startswith(_SERVERS) or (ADVICE.search(line) and not delivery):
        return None
    if "." in domain and not mention.before.strip(_LEAD):
        return 0
    if "." in domain and THEM.search(mention.before) and (delivery or len(mention.before.split()) <= 2):
        return 1
    return 2 if CODE_BEFORE.search(mention.before) else 3


def _of_returned(returned: Sequence[str], own: frozenset[str]) -> list[_Found]:
    others = [address for address in returned if address.casefold() not in own] or list(returned)
    return [_Found(address, -1, 0) for address in dict.fromkeys(others)]


def _notice(found: _Found, lines: Sequence[str], action: str) -> Notice:
    words = _reason(found, lines)
    return Notice(action, found.address, best_status("", words), "", words)


def _reason(found: _Found, lines: Sequence[str]) -> str:
    """Return the words behind an address up to the next empty line, on one line."""
    if found.line < 0:
        return ""
    kept: list[str] = []
    for line in lines[found.line : found.line + 8]:
        if not line.strip() and len(kept) > 1:
            break
        kept.append(line)
    words = " ".join(" ".join(kept).split())
    return words.partition(found.address)[2].strip(" >:;,.\t")[:_WORDS_CHARS] or words[:_WORDS_CHARS]
