"""Compile the message catalogues below `locale/` by a library, so that no tool of the system is needed."""

from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER: Final = Path(__file__).resolve().parent.parent.parent / "locale"


def compile_catalogues(folder: Path) -> list[Path]:
    """Write the `.mo` file beside each `.po` file below `folder` that is newer; return the written ones.

    Entries marked fuzzy stay out, as with gettext's own compiler. Raises PoFileError for a broken file.
    """
    return [_compile(path) for path in sorted(folder.glob("*/LC_MESSAGES/*.po")) if _is_newer(path)]


def _is_newer(path: Path) -> bool:
    compiled = path.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime < path.stat().st_mtime


def _compile(path: Path) -> Path:
    with path.open("rb") as source:
        catalogue = read_po(source, locale=path.parent.parent.name, abort_invalid=True)
    compiled = path.with_suffix(".mo")
    with compiled.open("wb") as target:
        write_mo(target, catalogue)
    return compiled


if __name__ == "__main__":
    compile_catalogues(FOLDER)
