"""The table role x URL x method: what each address answers to whom. An address that is not here fails the tests.

A line of seven statuses follows the order of the shipped roles: Read-only, Agent, Senior agent, Team lead, Inbox
admin, Compliance officer, Security admin.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from django.urls import URLPattern, URLResolver, get_resolver

from tests.admin_forms import inbox_form

LOGIN: Final = 302
ENROL: Final = 302
Form = Mapping[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class Row:
    """One address with one method. `here` and `there` hold a status for each role, or one for all of them.

    `there` asks for the same in an inbox where the person has no role. `nobody` is the answer to somebody who has not
    signed in, `unproved` the one to a person without a second factor.
    """

    name: str
    path: str
    here: str
    there: str = "404"
    form: Form | None = None
    nobody: int = LOGIN
    unproved: int = ENROL
    method: str = "GET"

    def expected(self, place: int, *, there: bool) -> int:
        """Return the status for the role at `place`."""
        words = (self.there if there else self.here).split()
        return int(words[place] if len(words) > 1 else words[0])

    @property
    def has_there(self) -> bool:
        """Whether the address names something of an inbox."""
        return bool(self.there)

    def __str__(self) -> str:
        return f"{self.method} {self.name}"


def _get(name: str, path: str, here: str, there: str = "404", /, *, nobody: int = LOGIN, unproved: int = ENROL) -> Row:
    return Row(name, path, here, there, nobody=nobody, unproved=unproved)


def _post(name: str, path: str, here: str, there: str = "404", /, **form: str | list[str]) -> Row:
    return Row(name, path, here, there, form, method="POST")


_SEEN: Final = "200 200 200 200 200 404 404"
_NOT_VIEWERS: Final = "404 404"
_TENDED: Final = "404 404 404 200 200 404 404"
_MENDED: Final = "404 404 404 302 302 404 404"
"""Who administers the mail of an inbox: by the right to manage it, or its mailboxes."""

_DOOR: Final = (
    _get("health:health", "/healthz", "200", "", nobody=200),
    _get("door:sign_in", "/login/", "302", "", nobody=200),
    _get("door:code", "/login/code/", "302", ""),
    _get("door:recovery", "/login/recovery/", "302", ""),
    _get("door:enrol", "/login/enrol/", "302", "", unproved=200),
    _get("door:codes", "/login/codes/", "302", ""),
    _post("door:codes", "/login/codes/", "302", "", code="000000"),
    _get("door:sign_out", "/logout/", "200", "", nobody=200, unproved=200),
    _post("door:sign_out", "/logout/", "302", ""),
    _get("door:me", "/me/", "200", ""),
    _post("door:me", "/me/", "302", "", act="profile", name="Lea", language="en", timezone="UTC", theme="system",
          density="cosy"),
)  # fmt: skip

_AUDIT: Final = (
    _get("audit:log", "/audit/", "404 404 404 200 200 200 200", ""),
    _get("audit:timeline", "/audit/ticket/{number}", "404 404 404 200 200 200 200", "404 404 404 404 404 404 200"),
    _get("audit:export", "/audit/export", "404 404 404 404 404 200 404", ""),
    _post("audit:export", "/audit/export", "404 404 404 404 404 200 404", "", format="csv"),
)

_TICKETS: Final = (
    _get("tickets:list", "/", "200", ""),
    _get("tickets:list", "/?inbox={inbox}", _SEEN),
    _get("tickets:ticket", "/t/{number}", _SEEN),
    _get("tickets:print", "/t/{number}/print", _SEEN),
    _get("tickets:rows", "/rows?numbers={number}", "200", "200"),
    _get("tickets:new", "/new", "200", ""),
    _post("tickets:new", "/new", "422 302 302 302 422 422 422", "422", inbox="{inbox}", to="kim@example.org",
          subject="Hello", text="Hello", once="{once}"),
    _post("tickets:state", "/t/{number}/state", f"403 302 302 302 403 {_NOT_VIEWERS}", state="closed",
          version="{version}"),
    _post("tickets:assign", "/t/{number}/assign", f"403 302 302 302 403 {_NOT_VIEWERS}", to="{me}",
          version="{version}"),
    _post("tickets:delete", "/t/{number}/delete", f"403 403 302 302 403 {_NOT_VIEWERS}", version="{version}"),
    _post("tickets:restore", "/t/{number}/restore", f"403 403 302 302 403 {_NOT_VIEWERS}"),
    _post("tickets:reply", "/t/{number}/reply", f"403 302 302 302 403 {_NOT_VIEWERS}", text="Yes.", once="{once}",
          version="{version}"),
    _get("tickets:forward", "/t/{number}/forward", f"403 200 200 200 403 {_NOT_VIEWERS}"),
    _post("tickets:forward", "/t/{number}/forward", f"403 302 302 302 403 {_NOT_VIEWERS}", to="works@example.com",
          subject="Fwd", m="{message}", once="{once}"),
    _get("tickets:party", "/t/{number}/party/{party}", f"403 200 200 200 403 {_NOT_VIEWERS}"),
    _post("tickets:party", "/t/{number}/party/{party}", f"403 302 302 302 403 {_NOT_VIEWERS}", text="Yes.",
          once="{once}"),
    _post("tickets:note", "/t/{number}/note", f"403 302 302 302 403 {_NOT_VIEWERS}", text="Hm.", once="{once}"),
    _post("tickets:draft", "/t/{number}/draft", f"204 204 204 204 204 {_NOT_VIEWERS}", text="Per", kind="reply",
          version="{version}"),
    _post("tickets:elsewhere", "/elsewhere/{bounce}", f"403 302 302 302 403 {_NOT_VIEWERS}", to="right@example.com",
          once="{once}"),
    _post("tickets:undo", "/undo/{waiting}", f"403 302 302 302 403 {_NOT_VIEWERS}"),
)  # fmt: skip

_MAIL: Final = (
    _get("mail:body", "/m/{message}/body", _SEEN),
    _get("mail:cid", "/m/{message}/cid/{picture}", _SEEN),
    _get("mail:file", "/files/{file}", _SEEN),
    _get("mail:raw", "/m/{message}/raw", f"403 403 200 200 403 {_NOT_VIEWERS}"),
    _get("mail:why", "/m/{message}/why", _SEEN),
    _get("mail:out", "/out?m={message}&u=https://example.org/", _SEEN),
    _post("mail:out", "/out", f"302 302 302 302 302 {_NOT_VIEWERS}", m="{message}", u="https://example.org/"),
    _post("mail:retry", "/t/{number}/retry", f"403 409 409 409 403 {_NOT_VIEWERS}"),
    _post("mail:resend", "/outbox/{refused}/resend", f"403 302 302 302 403 {_NOT_VIEWERS}"),
    _get("mail:mailboxes", "/mail/", _TENDED, ""),
    _get("mail:mailboxes", "/mail/?inbox={inbox}", _TENDED),
    _get("mail:cycles", "/mail/mailboxes/{mailbox}", _TENDED),
    _post("mail:copies", "/mail/mailboxes/{mailbox}/copies", _TENDED.replace("200", "302")),
    _get("mail:quarantine", "/mail/quarantine", _TENDED, ""),
    _get("mail:quarantine", "/mail/quarantine?inbox={inbox}", _TENDED),
    _post("mail:retry_all", "/mail/quarantine/retry", _MENDED, inbox="{inbox}"),
    _post("mail:retry_one", "/mail/quarantine/{unread}/retry", _MENDED),
    _get("mail:outbox", "/mail/outbox?state=all", _TENDED, ""),
    _get("mail:outbox", "/mail/outbox?inbox={inbox}", _TENDED),
    _get("mail:words", "/mail/outbox/{refused}/words", _TENDED),
    _post("mail:cancel", "/mail/outbox/{waiting}/cancel", _MENDED),
    _post("mail:resend_here", "/mail/outbox/{refused}/resend", _MENDED),
    _get("mail:reports", "/mail/reports", _TENDED, ""),
    _get("mail:reports", "/mail/reports?inbox={inbox}", _TENDED),
    _post("mail:take_report", "/mail/reports/{stray}/take", _MENDED),
    # The stream itself is tried where connections may be closed: tests/security/test_live.py.
    _post("live:stream", "/live", "405", ""),
)

_ADMIN_SITE: Final = (
    _get("admin:index", "/admin/", "200", ""),
    _get("admin:login", "/admin/login/", "302", ""),
    _get("admin:logout", "/admin/logout/", "302", ""),
    _get("admin:password_change", "/admin/password_change/", "302", ""),
    _get("admin:jsi18n", "/admin/jsi18n/", "200", ""),
    _get("admin:app_list", "/admin/inboxes/", "404 404 404 200 200 404 200", ""),
)


@dataclass(frozen=True, slots=True)
class _Part:
    """One model in the admin: who holds the right to it, by role, and which forms are sent."""

    name: str
    key: str
    holders: str
    adders: str
    form: Form
    endable: bool
    there: str

    @property
    def path(self) -> str:
        app, model = self.name.split("_")
        return f"/admin/{app}/{model}/"


def _line(marks: str, yes: int, no: int) -> str:
    return " ".join(str(yes if mark == "x" else no) for mark in marks)


def _rows_of(part: _Part) -> Iterator[Row]:
    """Give the rows of a part: without the right its list is refused, and its rows are not there."""
    name, one = f"admin:{part.name}", f"{part.path}{{{part.key}}}/"
    yield _get(f"{name}_changelist", part.path, _line(part.holders, 200, 403), "")
    yield _get(f"{name}_add", f"{part.path}add/", _line(part.adders, 200, 403), "")
    yield _post(f"{name}_add", f"{part.path}add/", _line(part.adders, 302, 403), "", **_new(part.form))
    yield _get(f"{name}_change", f"{one}change/", _line(part.holders, 200, 404), _line(part.there, 200, 404))
    yield _post(f"{name}_change", f"{one}change/", _line(part.holders, 302, 404), _line(part.there, 302, 404),
                **part.form)  # fmt: skip
    ended = (200, 302) if part.endable else (403, 403)
    yield _get(f"{name}_delete", f"{one}delete/", _line(part.holders, ended[0], 404),
               _line(part.there, ended[0], 404))  # fmt: skip
    yield _post(f"{name}_delete", f"{one}delete/", _line(part.holders, ended[1], 404),
                _line(part.there, ended[1], 404), post="yes")  # fmt: skip


def _new(form: Form) -> dict[str, str | list[str]]:
    return {name: value.replace("{old}", "new") if isinstance(value, str) else value for name, value in form.items()}


_PEOPLE_FORM: Final = {
    "email": "{old}{user}@staff.example.com", "name": "Mika Laine", "language": "en", "timezone": "UTC",
    "password_new": "Sumpfdotterblume 47",
}  # fmt: skip
_MAILBOX_FORM: Final = {
    "inbox": "{inbox}", "active": "on", "imap_host": "127.0.0.1", "imap_port": "1", "imap_user": "desk@example.org",
    "imap_security": "plaintext-loopback", "folder": "INBOX",
    "dispose": "leave", "dispose_folder": "Processed", "history": "none", "smtp_host": "127.0.0.1",
    "smtp_port": "1", "smtp_user": "", "smtp_security": "plaintext-loopback",
}  # fmt: skip

_PARTS: Final = (
    _Part("accounts_user", "user", "------x", "------x", _PEOPLE_FORM, endable=False, there="------x"),
    _Part("accounts_team", "team", "------x", "------x", {"name": "{old}{team}"}, endable=False, there="------x"),
    _Part(
        "inboxes_role", "spare", "------x", "------x", {"name": "{old}{spare}", "rights": ["view"]}, endable=True,
        there="------x",
    ),
    _Part(
        "inboxes_binding", "binding", "---xx-x", "---xx-x",
        {"role": "{role}", "inboxes": ["{inbox}"], "people": ["{user}"], "reason": "rota"}, endable=True,
        there="------x",
    ),
    _Part(
        "inboxes_inbox", "inbox", "---xx-x", "------x", inbox_form("{old}{inbox}"), endable=False, there="------x",
    ),
    _Part("mail_mailbox", "mailbox", "----x--", "----x--", _MAILBOX_FORM, endable=True, there="-------"),
)  # fmt: skip

_KEEPER: Final = "404 404 404 404 200 404 404"
_CLIENT_FORM: Final = {
    "inbox": "{inbox}", "address": "desk@example.org", "history": "none", "provider": "google", "flow": "consent",
    "client_id": "desk", "client_secret": "Zitronenfalter 9",
}  # fmt: skip

_ADMIN: Final = (
    *_ADMIN_SITE,
    *(row for part in _PARTS for row in _rows_of(part)),
    _get("admin:mailbox_connect_new", "/admin/mail/mailbox/connect/", _KEEPER, ""),
    _post("admin:mailbox_connect_new", "/admin/mail/mailbox/connect/", _KEEPER, "", **_CLIENT_FORM),
    _get("admin:mailbox_connect", "/admin/mail/mailbox/{mailbox}/connect/", _KEEPER),
    _post("admin:mailbox_connect", "/admin/mail/mailbox/{mailbox}/connect/", _KEEPER, **_CLIENT_FORM),
    _post("admin:mailbox_consent", "/admin/mail/mailbox/{mailbox}/consent/", "404 404 404 404 302 404 404"),
    # A state that nobody began: back to the mailbox with words.
    _get(
        "admin:mailbox_connected",
        "/admin/mail/mailbox/connected/?state={mailbox}.x&code=y",
        "404 404 404 404 302 404 404",
    ),
    _get(
        "admin:inbox_acknowledgements",
        "/admin/inboxes/inbox/{inbox}/acknowledgements/",
        "404 404 404 200 200 404 200",
        "404 404 404 404 404 404 200",
    ),
    _post(
        "admin:acknowledgements_test",
        "/admin/inboxes/inbox/{inbox}/acknowledgements/test/",
        "404 404 404 302 302 404 302",
        "404 404 404 404 404 404 302",
    ),
    _post(
        "admin:acknowledgements_resume",
        "/admin/inboxes/inbox/acknowledgements/resume/",
        "404 404 404 404 404 404 302",
        "",
    ),
    _post("admin:mailbox_test", "/admin/mail/mailbox/{mailbox}/test/", "404 404 404 404 200 404 404"),
)

TABLE: Final = (*_DOOR, *_AUDIT, *_TICKETS, *_MAIL, *_ADMIN)


def addresses(patterns: list[URLPattern | URLResolver] | None = None, space: str = "") -> Iterator[tuple[str, str]]:
    """Give the name and the route of every address of the URL conf; without a name the route stands for it."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(each, URLResolver):
            yield from addresses(each.url_patterns, f"{each.namespace}:" if each.namespace else space)
        else:
            yield f"{space}{each.name or each.pattern}", str(each.pattern)


def unknown_addresses(found: Iterator[tuple[str, str]]) -> set[str]:
    """Return the names of addresses that no row of the table speaks of."""
    return {name for name, _route in found} - {row.name for row in TABLE}
