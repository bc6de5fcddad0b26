"""The one log line format: time, level, logger, message, then the extra fields as key=value."""

import logging
from types import TracebackType
from typing import Final

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {
    "message", "asctime", "taskName", "request", "server_time", "status_code",
}  # fmt: skip

_DETAILS: Final = ("DETAIL:", "HINT:", "CONTEXT:")
_FRAME: Final = ("Traceback", "  File", "The above exception", "During handling")
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class LineFormatter(logging.Formatter):
    """Write `2026-11-25T09:00:00Z INFO inbox.mail mail stored raw=…`; line ends inside a value are escaped."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = None

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line, its traceback after it."""
        extras = " ".join(
            f"{key}={_plain(value)}" for key, value in sorted(vars(record).items()) if key not in _STANDARD
        )
        words = (f"{self.formatTime(record)}Z", record.levelname, record.name, _plain(record.getMessage()), extras)
        line = " ".join(words).rstrip()
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return line

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 - the library's name
        """Return the traceback without what the database adds to an error: values of the row that it is about."""
        kept: list[str] = []
        is_detail = False
        for text in super().formatException(ei).splitlines():
            is_detail = text.startswith(_DETAILS) or (is_detail and not text.startswith(_FRAME))
            if not is_detail:
                kept.append(text)
        return "\n".join(kept)


def _plain(value: object) -> str:
    return str(value).replace("\r", "\\r").replace("\n", "\\n")
