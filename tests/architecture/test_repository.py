"""What no kept file may hold: a machine's own paths, an address of a package registry, a lock that records one."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.source import ROOT, kept_files

_REGISTRIES: Final = ("pypi.org", "pythonhosted.org", "npmjs.org", "npmjs.com", "yarnpkg.com", "proxy.golang.org")
_MACHINE: Final = r"(?<![\w.~-])/(?:work|root|home/\w+|Users/\w+)(?:/|\b)"
_INDEX: Final = r"--(?:extra-)?index-url|--find-links|index_url\s*="
_UNWANTED: Final = re.compile("|".join([*map(re.escape, _REGISTRIES), _MACHINE, _INDEX]))
_WRONG_LOCKS: Final = {"uv.lock", "poetry.lock", "Pipfile.lock"}
_ITSELF: Final = Path(__file__).resolve()
_PICTURES: Final = {".png", ".jpg", ".woff2", ".ico", ".gif"}


def unwanted_addresses(files: Iterable[Path], root: Path) -> list[str]:
    """Return `path:line` of each line that names a registry or a place of one machine."""
    return [
        f"{path.relative_to(root)}:{number}"
        for path in files
        if path.suffix not in _PICTURES and path != _ITSELF
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if _UNWANTED.search(line)
    ]


def test_no_file_names_a_registry_or_a_machine() -> None:
    files = kept_files()

    assert unwanted_addresses(files, ROOT) == []
    assert [path.name for path in files if path.name in _WRONG_LOCKS] == []


def test_locks_hold_a_hash_for_every_package() -> None:
    for name in ("requirements.lock", "requirements-demo.lock", "requirements-dev.lock"):
        entries = re.split(r"\n(?=\S)", (ROOT / name).read_text(encoding="utf-8").strip())

        assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize(
    "line",
    [
        "https://pypi.org/simple",
        "see /work/main/helpdesk",
        "cd /root/desk",
        "path = '/home/anna/desk'",
        "--index-url x",
        '"resolved": "https://registry.npmjs.org/x"',
    ],
)
def test_a_planted_address_is_found(tmp_path: Path, line: str) -> None:
    planted = tmp_path / "a.txt"
    planted.write_text(f"fine\n{line}\n", encoding="utf-8")

    assert unwanted_addresses([planted], tmp_path) == ["a.txt:2"]


def test_ordinary_paths_are_left_alone(tmp_path: Path) -> None:
    plain = tmp_path / "a.txt"
    plain.write_text("/usr/bin/chromium\n/var/lib/postern\n./work/x\nhttps://desk.example.org/\n", encoding="utf-8")

    assert unwanted_addresses([plain], tmp_path) == []
