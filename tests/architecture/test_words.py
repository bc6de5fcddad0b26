"""Every catalogue is whole: each entry has its words in every form, with the same places to fill in."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from helpdesk.core.catalogues import FOLDER

_PLACE = re.compile(r"%\(\w+\)[sdr]|%%n|\{\w*\}")


def _forms(words: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [words or ""] if words is None or isinstance(words, str) else list(words)


def faulty(message: Message) -> bool:
    """Tell whether an entry lacks words, is only guessed, or fills in other places than its source does."""
    wanted = sorted(_PLACE.findall(_forms(message.id)[-1]))
    forms = _forms(message.string)
    return message.fuzzy or not all(forms) or any(sorted(_PLACE.findall(form)) != wanted for form in forms)


def _catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*/LC_MESSAGES/*.po")), ids=lambda path: path.parts[-3])
def test_a_catalogue_is_whole(path: Path) -> None:
    catalogue = _catalogue(path)

    assert len(catalogue) > 500
    assert [message.id for message in catalogue if message.id and faulty(message)] == []


@pytest.mark.parametrize(
    ("source", "words", "is_faulty"),
    [
        ("%(n)s left", "%(n)s übrig", False),
        ("%(n)s left", "%(m)s übrig", True),
        ("%(n)s left", "", True),
        (("%(n)s day", "%(n)s days"), ("%(n)s Tag", "%(n)s Tage"), False),
        (("%(n)s day", "%(n)s days"), ("%(n)s Tag", "Tage"), True),
    ],
)
def test_a_faulty_entry_is_seen(
    source: str | tuple[str, ...],
    words: str | tuple[str, ...],
    is_faulty: bool,  # noqa: FBT001 - the expected value
) -> None:
    assert faulty(Message(source, words)) is is_faulty
