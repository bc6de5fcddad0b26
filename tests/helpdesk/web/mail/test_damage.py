"""A sealed file that stays shut is told in words, never as a fault of the desk, and stands in the log."""

import pytest
from django.core.files.storage import storages
from django.test import Client
from pytest_django import Settings

from audit.actions import Action, Outcome
from helpdesk.crypto import keyring
from helpdesk.crypto.errors import DecryptionError
from helpdesk.crypto.files import delete_blob
from helpdesk.crypto.keyring import Owner, OwnerKind
from inbox.mail.models import RawMail
from tests.helpdesk.web.mail.test_content import content_of
from tests.inbox.tickets.plain import details, entries
from tests.make import Letter, make_agent, make_mail, message_of, receive
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db

SHUT = "This cannot be opened"


def make_sealed() -> tuple[Client, RawMail, dict[str, str]]:
    """Return a browser, a mail with a file, and the addresses of its original and of the file."""
    raw = receive(make_mail(letter=Letter(files=[("scan.bin", b"\x01" * 70_000)])))
    message = message_of(raw)
    client = client_of(make_agent("Senior agent", inbox=message.ticket.inbox))
    file = message.attachments.get()
    return client, raw, {"raw": f"/m/{message.pk}/raw", "file": f"/files/{file.pk}"}


def flip(raw: RawMail, at: int) -> None:
    """Flip a bit of the sealed original."""
    text = raw.stored_blob.hex
    with open(storages["blobs"].path(f"{text[-2:]}/{text[-4:-2]}/{text}"), "r+b") as stored:  # noqa: PTH123 - a storage's own path
        stored.seek(at)
        byte = stored.read(1)[0]
        stored.seek(at)
        stored.write(bytes([byte ^ 1]))


def failures() -> list[tuple[object, ...]]:
    """Return what the log says about damage."""
    found = entries(Action.INTEGRITY_FAILURE)
    return [(entry.outcome, details(entry)["row"], details(entry)["column"]) for entry in found]


def test_a_damaged_original_is_told_and_recorded() -> None:
    client, raw, addresses = make_sealed()
    assert len(content_of(client.get(addresses["raw"]))) == raw.size_bytes
    flip(raw, 100)

    response = client.get(addresses["raw"])

    assert response.status_code == 410
    assert SHUT in response.content.decode()
    assert failures() == [(Outcome.FAILED, str(raw.pk), "blob")]


def test_an_original_damaged_further_on_ends_there_and_is_recorded() -> None:
    client, raw, addresses = make_sealed()
    flip(raw, 70_000)

    response = client.get(addresses["raw"])

    assert response.status_code == 200
    with pytest.raises(DecryptionError):
        content_of(response)
    assert failures() == [(Outcome.FAILED, str(raw.pk), "blob")]


def test_an_original_that_is_gone_is_told_and_recorded() -> None:
    client, raw, addresses = make_sealed()
    delete_blob(raw.stored_blob)

    response = client.get(addresses["raw"])

    assert (response.status_code, len(failures())) == (410, 1)


def test_a_file_whose_key_was_destroyed_says_so() -> None:
    client, raw, addresses = make_sealed()
    keyring.destroy_key(Owner(OwnerKind.TICKET, message_of(raw).ticket_id))

    response = client.get(addresses["file"])

    assert response.status_code == 410
    assert "This was erased" in response.content.decode()


def test_without_the_root_key_a_file_waits(settings: Settings) -> None:
    client, _raw, addresses = make_sealed()
    settings.KEY_PROVIDER, settings.ROOT_KEY_FILE = "file", settings.POSTERN_HOME / "no.key"
    keyring.forget()

    response = client.get(addresses["file"])

    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")
    assert "key is not in its place" in response.content.decode()
