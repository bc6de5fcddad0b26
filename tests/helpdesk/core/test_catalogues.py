"""Catalogues are compiled by a library, once, and read by Python's own gettext."""

import gettext
import os
from pathlib import Path

import pytest
from babel.messages.pofile import PoFileError

from helpdesk.core.catalogues import compile_catalogues

_CATALOGUE = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "inbox"
msgstr "Posteingang"

#, fuzzy
msgid "guess"
msgstr "Vermutung"

msgid "%(n)d ticket"
msgid_plural "%(n)d tickets"
msgstr[0] "%(n)d Vorgang"
msgstr[1] "%(n)d Vorgänge"
"""


def _write(folder: Path, text: str) -> Path:
    source = folder / "de" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text(text, encoding="utf-8")
    return source


def test_a_catalogue_is_compiled_and_read(tmp_path: Path) -> None:
    source = _write(tmp_path, _CATALOGUE)

    written = compile_catalogues(tmp_path)

    assert written == [source.with_suffix(".mo")]
    german = gettext.translation("django", tmp_path, ["de"])
    assert german.gettext("inbox") == "Posteingang"
    assert german.ngettext("%(n)d ticket", "%(n)d tickets", 3) == "%(n)d Vorgänge"
    assert german.gettext("guess") == "guess"


def test_only_a_newer_source_is_compiled_again(tmp_path: Path) -> None:
    source = _write(tmp_path, _CATALOGUE)
    compile_catalogues(tmp_path)

    assert compile_catalogues(tmp_path) == []
    later = source.with_suffix(".mo").stat().st_mtime + 5
    os.utime(source, (later, later))
    assert compile_catalogues(tmp_path) == [source.with_suffix(".mo")]


def test_a_broken_catalogue_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    source = _write(tmp_path, _CATALOGUE + '\nmsgid "open\n')

    with pytest.raises(PoFileError):
        compile_catalogues(tmp_path)

    assert not source.with_suffix(".mo").exists()
