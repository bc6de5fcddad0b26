"""Mails in a maildir: one file each, in `new` and `cur`, whatever their names are."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_ROOMS: Final = ("new", "cur")
_FLAGS: Final = re.compile(r"[:;!]2,([A-Za-z]*)$")  # some systems allow no colon in a name


def is_maildir(folder: Path) -> bool:
    """Return whether the folder is a maildir."""
    return all((folder / room).is_dir() for room in _ROOMS)


def files(folder: Path) -> list[Path]:
    """Return its mails by name. What begins with a dot is none, and what lies in `tmp` is not whole."""
    found: list[Path] = []
    for room in _ROOMS:
        with os.scandir(folder / room) as entries:
            names = [each.name for each in entries if not each.name.startswith(".") and not each.is_dir()]
        found += [folder / room / name for name in sorted(names)]
    return found


def subfolders(folder: Path) -> list[str]:
    """Return the names of the folders that lie inside as maildirs of their own (Maildir++)."""
    return sorted(each.name for each in folder.iterdir() if each.name.startswith(".") and is_maildir(each))


def is_deleted(path: Path) -> bool:
    """Return whether the mail is marked as thrown away."""
    found = _FLAGS.search(path.name)
    return found is not None and "T" in found.group(1)


def where_now(path: Path) -> Path:
    """Return where a mail lies after another program gave it other flags or moved it to `cur`; `path` when nowhere."""
    if path.exists():
        return path
    base = _FLAGS.sub("", path.name)
    return next(_renamed(path.parent.parent, base), path)


def _renamed(folder: Path, base: str) -> Iterator[Path]:
    for each in files(folder):
        if _FLAGS.sub("", each.name) == base:
            yield each
