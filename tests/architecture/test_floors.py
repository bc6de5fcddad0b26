"""The import contracts see what they are made for: each one breaks when its violation is planted."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

from tests.architecture.source import PRODUCT, ROOT

_PLANTED: Final = {
    "audit/subjects.py": "import inbox.tickets.states",
    "helpdesk/planted.py": "",
    "inbox/planted.py": "",
    "accounts/planted.py": "",
    "audit/planted.py": "",
    "helpdesk/crypto/planted.py": "",
    "helpdesk/web/planted.py": "",
    "helpdesk/core/planted_a.py": "import helpdesk.core.planted_b",
    "helpdesk/core/planted_b.py": "import helpdesk.core.planted_a",
    "inbox/mail/mime/planted.py": "import django",
    "helpdesk/core/planted_c.py": "import cryptography\nimport smtplib\nimport poplib",
}
_COMMAND: Final = "import sys; from importlinter.cli import lint_imports_command as run; sys.exit(run())"


def _verdicts(house: Path) -> dict[str, str]:
    """Return each contract's name with KEPT or BROKEN, for the house in this folder."""
    command = [sys.executable, "-c", _COMMAND, "--no-cache"]
    done = subprocess.run(command, cwd=house, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603 - our own interpreter and words
    return dict(re.findall(r"^(.+?) (KEPT|BROKEN)$", done.stdout, re.MULTILINE))


def _contracts() -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]}


def test_no_contract_lets_a_single_import_through() -> None:
    assert "ignore_imports" not in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_every_contract_breaks_when_its_violation_is_planted(tmp_path: Path) -> None:
    for package in (*PRODUCT, "tests"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "vendor"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path, line in _PLANTED.items():
        with (tmp_path / path).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")

    verdicts = _verdicts(tmp_path)

    assert verdicts == dict.fromkeys(_contracts(), "BROKEN")
