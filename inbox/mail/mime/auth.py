"""Authentication-Results (RFC 8601): the words of the topmost header, for a judge who knows whom to believe."""

import re

from inbox.mail.mime.headers import Headers
from inbox.mail.mime.parsed import Auth

_RESULT = re.compile(r"(?:^|[;\s])(spf|dkim|dmarc|arc|compauth)\s*=\s*([a-z]{2,20})\b", re.IGNORECASE)
_SERVER = re.compile(r"\s*([^\s;=()]+)\s*(?:\d+\s*)?(?:;|$|\()")
_COMMENT = re.compile(r"\([^()]*\)")


def read_auth(headers: Headers) -> Auth:
    """Return the topmost header's verdicts; of several for one method `pass` counts, else the first."""
    text = headers.text("authentication-results")
    server = _SERVER.match(text)
    verdicts: dict[str, str] = {}
    for method, verdict in _RESULT.findall(_COMMENT.sub(" ", text)):
        if verdict.lower() == "pass" or method.lower() not in verdicts:
            verdicts[method.lower()] = verdict.lower()
    return Auth(server=server[1] if server else "", **verdicts)
