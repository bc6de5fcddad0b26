"""`parse_mail` prints one JSON line per file, whatever the file is, and touches no database."""

import json
from io import StringIO
from pathlib import Path
from typing import Any, Final

from django.core.management import call_command

from tests.inbox.mail.mime.test_samples import SAMPLES

FIELDS: Final = [
    "from",
    "from_name",
    "to",
    "cc",
    "reply_to",
    "subject",
    "date",
    "message_id",
    "text",
    "html",
    "attachments",
    "auto_reply",
    "bounce",
    "sender_doubt",
    "auth",
]


def lines(*paths: Path) -> list[dict[str, Any]]:  # Any: JSON values
    """Return what the command prints for these files."""
    out = StringIO()
    call_command("parse_mail", *(str(path) for path in paths), stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_tells_how_a_mail_is_read() -> None:
    (line,) = lines(SAMPLES / "bounce-two-recipients-one-failed.eml")

    assert set(FIELDS) <= set(line)
    assert line["from"] == "mara@example.org"
    assert line["auto_reply"] is True
    assert line["bounce"] == {
        "action": "failed",
        "recipient": "b@example.org",
        "status": "5.1.1",
        "cites": "<out.1@desk.example.net>",
    }


def test_attachments_are_told_without_their_bytes() -> None:
    (line,) = lines(SAMPLES / "name-both-forms-given.eml")

    assert line["attachments"] == [
        {"name": "Übersicht.pdf", "size": 13, "content_type": "application/pdf", "inline": False}
    ]


def test_every_file_gets_its_line(tmp_path: Path) -> None:
    empty = tmp_path / "empty.eml"
    empty.write_bytes(b"")

    found = lines(empty, tmp_path / "absent.eml", tmp_path, SAMPLES / "body-empty.eml")

    assert [line.get("error", "") != "" for line in found] == [False, True, True, False]
    assert (found[0]["from"], found[0]["date"], found[0]["sender_doubt"]) == ("", None, ["no_from"])
