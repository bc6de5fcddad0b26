"""What the documents name is there: commands, make targets, files behind links, decisions in their order."""

import re
from pathlib import Path
from typing import Final

from django.core.management import get_commands

from tests.architecture.source import ROOT
from tests.architecture.test_commands import TARGETS

_LINK: Final = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def _documents() -> list[Path]:
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def unknown_words(text: str, pattern: str, known: set[str]) -> set[str]:
    """Return the words that follow `pattern` in a text and are not known."""
    return set(re.findall(pattern + r" ([a-z_]+)\b", text)) - known


def broken_links(document: Path) -> list[str]:
    """Return the relative links of a document that lead nowhere."""
    links = _LINK.findall(document.read_text(encoding="utf-8"))
    return [link for link in links if "://" not in link and not (document.parent / link).exists()]


def test_every_command_that_a_document_names_exists() -> None:
    text = "\n".join(document.read_text(encoding="utf-8") for document in _documents())

    assert unknown_words(text, r"manage\.py", set(get_commands())) == set()
    assert unknown_words(text, r"(?m)(?:^|`)make", set(TARGETS)) == set()


def test_every_link_leads_somewhere() -> None:
    assert {
        str(document.relative_to(ROOT)): links for document in _documents() if (links := broken_links(document))
    } == {}


def test_decisions_are_numbered_without_a_gap() -> None:
    names = sorted(path.name for path in (ROOT / "docs" / "adr").glob("*.md"))

    assert [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]


def test_a_missing_command_and_a_broken_link_are_seen(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text(
        "run `manage.py conjure`, see [b](b.md) and [c](https://c.example/) and [a](a.md#x)", encoding="utf-8"
    )

    assert unknown_words(document.read_text(encoding="utf-8"), r"manage\.py", {"up"}) == {"conjure"}
    assert broken_links(document) == ["b.md"]
