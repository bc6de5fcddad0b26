"""Lines of several processes in one terminal, each behind its name; coloured where a person looks."""

import os
import threading
from dataclasses import dataclass, field
from typing import Final, TextIO

_COLOURS: Final = (36, 33, 35, 32, 34)
_WIDTH: Final = 8


@dataclass(slots=True)
class Terminal:
    """Writes whole lines to `out` from any thread."""

    out: TextIO
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _colours: dict[str, int] = field(default_factory=dict, init=False)

    def line(self, name: str, words: str) -> None:
        """Write one line of the process `name`. A terminal that has gone away is no error."""
        with self._lock:
            try:
                self.out.write(f"{self._prefix(name)} {words.rstrip()}\n")
                self.out.flush()
            except (OSError, ValueError):
                return

    def _prefix(self, name: str) -> str:
        padded = f"{name:<{_WIDTH}} |"
        if not self.out.isatty() or os.environ.get("NO_COLOR"):
            return padded
        colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
        return f"\x1b[{colour}m{padded}\x1b[0m"
