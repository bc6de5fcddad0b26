"""format=flowed (RFC 3676): lines that a mailer broke are joined again."""

import re

_QUOTES = re.compile(r">*")


def unflow(text: str, *, delsp: bool) -> str:
    """Return `text` with its soft line breaks taken out; with `delsp` the blank before each break goes too."""
    out: list[list[str]] = []
    open_depth = -1
    for raw in text.split("\n"):
        depth = _QUOTES.match(raw).end()  # type: ignore[union-attr]  # the pattern matches the empty string
        line = raw[depth:].removeprefix(" ")
        if depth == open_depth and line != "-- ":
            out[-1].append(line)
        else:
            out.append([f"{'>' * depth} {line}" if depth else line])
        flows = line.endswith(" ") and line != "-- "
        if flows and delsp:
            out[-1][-1] = out[-1][-1][:-1]
        open_depth = depth if flows else -1
    return "\n".join("".join(pieces) for pieces in out)
