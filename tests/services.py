"""A pytest plugin: start PostgreSQL and Redis in a home of their own before Django reads its settings."""

import base64
import os
import secrets
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from helpdesk.embedded import launch

_stack = ExitStack()


def _start() -> None:
    home = Path(tempfile.mkdtemp(prefix="postern-test-"))
    _stack.callback(shutil.rmtree, home, ignore_errors=True)
    os.environ["POSTERN_HOME"] = str(home)
    os.environ["POSTERN_KEY_PROVIDER"] = "environment"
    os.environ["POSTERN_ROOT_KEY"] = base64.b64encode(secrets.token_bytes(32)).decode()
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    _stack.enter_context(launch.services_for(["test"]))


if "PYTEST_XDIST_WORKER" not in os.environ:
    _start()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started here."""
    _stack.close()
