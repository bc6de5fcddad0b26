"""Whether From can be read in one way only; what mail servers and readers disagree on gives no authority."""

import re
from enum import StrEnum

from inbox.mail.mime.addresses import Mailbox, RawList, address_of, name_without_address, split_addresses
from inbox.mail.mime.headers import Headers, decode_words
from inbox.mail.mime.parsed import Address
from inbox.mail.mime.plain import clean_line

_SPEC_IN_NAME = re.compile(r"[^\s<>,;:\"'()\[\]@＠]+[@＠﹫][^\s<>,;:\"'()\[\]@＠]*[.．][^\s<>,;:\"'()\[\]@＠]+")
_PLAIN_SPEC = re.compile(r"[\w!#$%&'*+/=?^`{|}~.-]+@(?:[\w-]+\.)*[\w-]+|[\w!#$%&'*+/=?^`{|}~.-]+@\[[\w.:]+\]")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_WORD = re.compile(r"=\?[^?\s]+\?[bBqQ]\?")
_HIDING = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


class Doubt(StrEnum):
    """Why From cannot be trusted to name one sender: mail programs read such shapes each in its own way."""

    NO_FROM = "no_from"
    SEVERAL_HEADERS = "several_headers"
    SPACE_BEFORE_COLON = "space_before_colon"
    NO_ADDRESS = "no_address"
    SEVERAL_ADDRESSES = "several_addresses"
    SEVERAL_ANGLES = "several_angles"
    GROUP = "group"
    SEMICOLON = "semicolon"
    BROKEN_SYNTAX = "broken_syntax"
    TEXT_AFTER_ADDRESS = "text_after_address"
    ADDRESS_IN_NAME = "address_in_name"
    ENCODED_ADDRESS = "encoded_address"
    ODD_ADDRESS = "odd_address"
    CONTROL_CHARACTERS = "control_characters"
    HIDDEN_LETTERS = "hidden_letters"


def sender_of(headers: Headers) -> tuple[Address | None, tuple[str, ...]]:
    """Return the From address, None when there is none, and the codes of every doubt about it."""
    fields = [item for item in headers.items if item.name == "from"]
    if not fields:
        return None, (Doubt.NO_FROM,)
    raw = fields[0].value
    parts = split_addresses(raw)
    boxes = [box for box in parts.boxes if not box.is_empty]
    holding = [box for box in boxes if box.angles or "@" in "".join(box.phrase)]
    sender = next((address for box in _with_names(boxes, holding) if (address := address_of(box))), None)
    if sender is None and parts.broken:
        sender = _salvaged(raw)
    checks = {
        Doubt.SEVERAL_HEADERS: len(fields) > 1,
        Doubt.SPACE_BEFORE_COLON: any(item.spaced for item in fields),
        Doubt.NO_ADDRESS: sender is None,
        Doubt.SEVERAL_ADDRESSES: len(holding) > 1,
        Doubt.CONTROL_CHARACTERS: any(_CONTROL.search(item.value) for item in fields),
        Doubt.HIDDEN_LETTERS: any(_HIDING.search(decode_words(item.value)) for item in fields),
        **_syntax(parts),
        **_shape(holding, sender),
        **_hidden(parts, sender),
    }
    return sender, tuple(code for code, found in checks.items() if found)


def sender_name(headers: Headers) -> str:
    """Return the name in a From without an address, as servers and scanners write it; "" when it names nobody."""
    boxes = split_addresses(headers.first("from")).boxes
    return next((name for box in boxes if (name := name_without_address(box))), "")


def _salvaged(raw: bytes) -> Address | None:
    """Return the last thing that looks like an address in a header whose brackets or quotes never end."""
    found = _PLAIN_SPEC.findall(raw.decode("latin-1"))
    return Address("", found[-1]) if found else None


def _with_names(boxes: list[Mailbox], holding: list[Mailbox]) -> list[Mailbox]:
    """Let the one entry with an address carry the pieces before it, which an unquoted comma cut off its name."""
    if len(holding) != 1 or len(boxes) == 1 or not holding[0].angles:
        return holding
    before = boxes[: boxes.index(holding[0]) + 1]
    whole = Mailbox(
        phrase=[", ".join("".join(box.phrase).strip() for box in before)],
        angles=holding[0].angles,
        comments=holding[0].comments,
    )
    return [whole]


def _syntax(parts: RawList) -> dict[Doubt, bool]:
    return {Doubt.GROUP: parts.groups, Doubt.SEMICOLON: parts.semicolons, Doubt.BROKEN_SYNTAX: parts.broken}


def _shape(holding: list[Mailbox], sender: Address | None) -> dict[Doubt, bool]:
    specs = [angle for box in holding for angle in box.angles] or ["".join(box.phrase) for box in holding]
    loose = any(not box.angles and len("".join(box.phrase).split()) > 1 for box in holding)
    return {
        Doubt.SEVERAL_ANGLES: any(len(box.angles) > 1 for box in holding),
        Doubt.TEXT_AFTER_ADDRESS: any(box.after_angle for box in holding) or loose,
        Doubt.ENCODED_ADDRESS: any(_WORD.search(spec) for spec in specs),
        Doubt.ODD_ADDRESS: sender is not None
        and (_PLAIN_SPEC.fullmatch(sender.address) is None or any(box.quoted for box in holding) or _odd(specs)),
    }


def _odd(specs: list[str]) -> bool:
    """Tell of routes, inner blanks, brackets and doubled signs inside the address itself."""
    return any(len(spec.split()) > 1 or spec.count("@") > 1 or spec.lower().startswith("mailto:") for spec in specs)


def _hidden(parts: RawList, sender: Address | None) -> dict[Doubt, bool]:
    """Tell of an address in the name, the comments or a group's name that is not the sender's own."""
    words = [piece for box in parts.boxes for piece in (*(["".join(box.phrase)] if box.angles else []), *box.comments)]
    own = sender.address.lower() if sender else ""
    named = [spec.lower() for raw in words for spec in _specs(clean_line(decode_words(raw.encode("latin-1"))))]
    return {Doubt.ADDRESS_IN_NAME: any(spec.rstrip(".") != own for spec in named)}


def _specs(text: str) -> list[str]:
    return _SPEC_IN_NAME.findall(text)
