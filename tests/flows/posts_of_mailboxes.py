"""A case for each address that sets up or tends a mailbox: the form is sent, and its effect is read back."""

import re
from typing import Final

from tests.flows.posts_of_tickets import Case, written_to
from tests.flows.real_desk import RealDesk, Visitor, errors_in, found, option_of, wait_for

_MAILBOX: Final = {
    "imap_host": "127.0.0.1", "imap_port": "1", "imap_user": "spare", "imap_security": "plaintext-loopback",
    "imap_password": "Zitronenfalter 9", "folder": "INBOX",
    "dispose": "leave", "dispose_folder": "Processed", "history": "none", "smtp_host": "", "smtp_port": "465",
    "smtp_user": "", "smtp_security": "tls",
}  # fmt: skip
_CLIENT: Final = {
    "history": "none", "provider": "google", "flow": "consent", "client_id": "desk",
    "client_secret": "Zitronenfalter 9",
}  # fmt: skip
_FAILED_COPY: Final = """
from inbox.mail.models import OutboundMail, SentCopy

sent = OutboundMail.objects.filter(state="sent", mailbox__isnull=False).latest("pk")
SentCopy.objects.update_or_create(
    outbound=sent, defaults={"mailbox": sent.mailbox, "folder": "Sent", "state": "failed", "attempts": 9}
)
print("mailbox", sent.mailbox_id)
"""
"""Leaves a copy of the newest sent mail that its folder did not take."""


def _mailbox(real: RealDesk, user: str) -> tuple[Visitor, dict[str, str], str]:
    """Return the inbox admin, the form of a mailbox that was just added, and its address."""
    keeper = real.person("Inbox admin")
    inbox = option_of(keeper.page("/admin/mail/mailbox/add/"), "inbox", "Privacy")
    fields = {**_MAILBOX, "inbox": inbox, "imap_user": user}
    before = set(_mailboxes(keeper))
    answer = keeper.form("/admin/mail/mailbox/add/", fields)
    assert answer.status == 302, errors_in(answer)
    (path,) = set(_mailboxes(keeper)) - before
    return keeper, fields, path


def _mailboxes(keeper: Visitor) -> list[str]:
    return re.findall(r'href="(/admin/mail/mailbox/[^/"]+/)change/', keeper.page("/admin/mail/mailbox/"))


def _mailbox_add(real: RealDesk) -> None:
    keeper, _fields, path = _mailbox(real, "first")

    assert 'value="first"' in keeper.page(f"{path}change/")


def _mailbox_change(real: RealDesk) -> None:
    keeper, fields, path = _mailbox(real, "second")

    assert keeper.form(f"{path}change/", fields | {"folder": "INBOX.Other"}).status == 302

    assert 'value="INBOX.Other"' in keeper.page(f"{path}change/")


def _mailbox_delete(real: RealDesk) -> None:
    keeper, _fields, path = _mailbox(real, "third")

    assert keeper.form(f"{path}delete/", {"post": "yes"}).status == 302

    assert path not in _mailboxes(keeper)


def _mailbox_test(real: RealDesk) -> None:
    keeper, _fields, path = _mailbox(real, "fourth")

    answer = keeper.form(f"{path}test/", {})

    assert answer.status == 200
    assert "<strong>fails</strong>" in answer.body.decode()
    assert "efused" in answer.body.decode()


def _connect_new(real: RealDesk) -> None:
    keeper = real.person("Inbox admin")
    inbox = option_of(keeper.page("/admin/mail/mailbox/connect/"), "inbox", "Privacy")
    before = set(_mailboxes(keeper))

    there = _to_provider(
        keeper, "/admin/mail/mailbox/connect/", _CLIENT | {"inbox": inbox, "address": "fifth@desk.test"}
    )

    (path,) = set(_mailboxes(keeper)) - before
    assert "client_id=desk" in there
    assert 'value="fifth@desk.test"' in keeper.page(f"{path}change/")
    keeper.form(f"{path}delete/", {"post": "yes"})


def _connect(real: RealDesk) -> None:
    keeper, _fields, path = _mailbox(real, "sixth")

    there = _to_provider(keeper, f"{path}connect/", _CLIENT)

    assert "client_id=desk" in there
    assert 'value="desk"' in keeper.page(f"{path}connect/")
    keeper.form(f"{path}delete/", {"post": "yes"})


def _consent(real: RealDesk) -> None:
    keeper, _fields, path = _mailbox(real, "seventh")
    answer = keeper.form(f"{path}consent/", {})
    assert (answer.status, answer.headers["location"]) == (302, f"{path}connect/")
    first = _to_provider(keeper, f"{path}connect/", _CLIENT)

    again = _to_provider(keeper, f"{path}consent/", {})

    assert _state_in(again) != _state_in(first)
    keeper.form(f"{path}delete/", {"post": "yes"})


def _to_provider(keeper: Visitor, path: str, fields: dict[str, str]) -> str:
    """Send a form and return the address at the provider that its answer leads to."""
    answer = keeper.form(path, fields)
    assert answer.status == 200, answer.status
    return found(r'id="to-provider" class="button" href="(https://accounts\.google\.com/[^"]+)"', answer.body.decode())


def _state_in(address: str) -> str:
    return found(r"[?;&]state=([^&]+)", address)


def _copies(real: RealDesk) -> None:
    keeper, number = real.person("Inbox admin"), written_to(real, "pat@example.com", "Raufußkauz 42")
    wait_for(lambda: "mail.sent" in real.acts(number))
    said = real.desk.manage("shell", "--verbosity", "0", "-c", _FAILED_COPY).stdout
    path = f"/mail/mailboxes/{found(r'mailbox ([0-9a-f-]{36})', said)}/copies"
    assert f'action="{path}"' in keeper.page("/mail/")

    answer = keeper.form(path, {})

    assert (answer.status, answer.headers["location"]) == (302, "/mail/")
    assert f'action="{path}"' not in keeper.page("/mail/")


CASES: Final[dict[str, Case]] = {
    "admin:mail_mailbox_add": _mailbox_add,
    "admin:mail_mailbox_change": _mailbox_change,
    "admin:mail_mailbox_delete": _mailbox_delete,
    "admin:mailbox_test": _mailbox_test,
    "admin:mailbox_connect_new": _connect_new,
    "admin:mailbox_connect": _connect,
    "admin:mailbox_consent": _consent,
    "mail:copies": _copies,
}
