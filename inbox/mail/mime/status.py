"""Enhanced status codes (RFC 3463) out of fields and free words."""

import re
from typing import Final

_STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")
_REPLY: Final = re.compile(r"(?<![\d.:/-])([45])[0-5]\d(?=[ \-:,;]|$)")
_VAGUE: Final = ("", "5.0.0", "4.0.0")
_SAID: Final = tuple(
    (re.compile("|".join(phrases), re.IGNORECASE), code)
    for phrases, code in (
        (
            (
                "user (?:is )?unknown", "unknown (?:user|recipient|address|local)", "no mailbox here",
                "no such (?:user|address|mailbox|recipient|account|local)", "(?:doesn't|does not) exist",
                r"(?:user|address|recipient|mailbox|account)[^.\n]{0,40} (?:not found|unknown)",
                "not (?:listed|recognized)", "invalid (?:user|recipient|mailbox)",
            ),
            "5.1.1",
        ),
        (("over ?quota", "quota exceeded", r"mailbox[^.\n]{0,40}(?:full|exceed)", "exceeded .{0,30}quota"), "5.2.2"),
        (("(?:message|mail) (?:size )?(?:is )?(?:too (?:large|big)|exceeds)",), "5.3.4"),
        (("(?:host|domain) (?:unknown|not found)", "no route to host", "unrouteable"), "5.1.2"),
    )
)  # fmt: skip
"""What words mean where a server gives no code, or one that says nothing."""


def statuses_in(text: str) -> list[str]:
    """Return the status codes that stand in a text, in order."""
    return _STATUS.findall(text)


def best_status(told: str, words: str) -> str:
    """Return the status that a field tells; a vague one gives way to one that the words hold, else to their sense."""
    status = next(iter(statuses_in(told)), "")
    if status not in _VAGUE:
        return status
    said = [each for each in statuses_in(words) if each not in _VAGUE and each[0] != "2"]
    if said:
        return said[0]
    if not words or (status[:1] == "4"):
        return status or _class_of(words)
    return next((code for pattern, code in _SAID if pattern.search(words)), status or _class_of(words))


def _class_of(words: str) -> str:
    """Return the class alone where there is only a reply code of SMTP: 550 is 5.0.0."""
    found = _REPLY.search(words)
    return f"{found[1]}.0.0" if found else ""


def is_unknown_address(status: str) -> bool:
    """Tell a status that says there is no such address: 5.1.x, without those about the sender's own."""
    return status.startswith("5.1.") and status not in {"5.1.7", "5.1.8"}
