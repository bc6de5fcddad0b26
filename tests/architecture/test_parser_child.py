"""The child that reads hostile mail knows no Django and no database."""

import subprocess
import sys
from typing import Final

from tests.architecture.source import ROOT

_KNOWN: Final = (
    "import sys; import {module}; print(sorted({{'django', 'psycopg', 'redis', 'celery'}} & set(sys.modules)))"
)


def _known_after(module: str) -> str:
    command = [sys.executable, "-c", _KNOWN.format(module=module)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - our own interpreter and words
    return done.stdout.strip()


def test_the_parser_child_knows_no_django() -> None:
    assert _known_after("inbox.mail.receive.parser_child") == "[]"


def test_a_module_that_knows_django_is_seen() -> None:
    assert _known_after("helpdesk.core.events") == "['django']"
