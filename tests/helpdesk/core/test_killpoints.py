"""A kill point kills the process that reaches it when its name is set, and nothing otherwise."""

import signal
import subprocess
import sys
from typing import Final

import pytest

CHILD: Final = """
import sys
from django.conf import settings
settings.configure(POSTERN_KILL_AT=sys.argv[1])
from helpdesk.core.killpoints import reached
try:
    reached("here")
finally:
    print("tidied up")
"""


@pytest.mark.parametrize(
    ("point", "code", "said"), [("here", -signal.SIGKILL, ""), ("there", 0, "tidied up\n"), ("", 0, "tidied up\n")]
)
def test_only_the_named_point_kills(point: str, code: int, said: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", CHILD, point], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stdout) == (code, said)
