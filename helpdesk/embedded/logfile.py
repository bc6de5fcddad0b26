"""The log files of the embedded services: appended to, and kept from growing without end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_LARGEST_BYTES: Final = 2_000_000


@contextmanager
def open_log(path: Path) -> Iterator[int]:
    """Open a log of mode 0600 for appending and give its descriptor; a large one is set aside first."""
    if path.exists() and path.stat().st_size > _LARGEST_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)
