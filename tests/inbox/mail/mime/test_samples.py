"""Mails with one oddity each: the file's name says which, the JSON beside it what is to be read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from inbox.mail.mime.parse import parse
from inbox.mail.mime.parsed import ParsedMail

SAMPLES: Final = Path(__file__).parents[3] / "samples" / "mime"


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.eml")), ids=lambda path: path.stem)
def test_sample_is_read_as_told(path: Path) -> None:
    want = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))

    mail = parse(path.read_bytes())

    assert {name: told(mail, name) for name in want} == want


_READERS: Final[dict[str, Callable[[ParsedMail], object]]] = {
    "from": lambda mail: mail.from_.address if mail.from_ else "",
    "from_name": lambda mail: mail.from_.name if mail.from_ else "",
    "to": lambda mail: [[person.name, person.address] for person in mail.to],
    "message_id": lambda mail: mail.header_id,
    "date": lambda mail: mail.date.isoformat() if mail.date else None,
    "attachments": lambda mail: [picked(file, "name", "size", "content_type", "inline") for file in mail.attachments],
    "bounce": lambda mail: picked(mail.bounce, "action", "recipient", "status", "cites") if mail.bounce else None,
    "auth": lambda mail: {
        key: word
        for key, word in picked(mail.auth, "server", "spf", "dkim", "dmarc", "arc", "compauth").items()
        if word
    },
}


def picked(value: object, *names: str) -> dict[str, object]:
    """Return some attributes of a value by their names."""
    return {name: getattr(value, name) for name in names}


def told(mail: ParsedMail, name: str) -> object:
    """Return one field of a mail in the form of the expectations."""
    value = _READERS[name](mail) if name in _READERS else getattr(mail, name)
    return list(value) if isinstance(value, tuple) else value


def test_there_are_samples() -> None:
    assert len(list(SAMPLES.glob("*.eml"))) > 70
