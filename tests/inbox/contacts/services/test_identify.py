"""An address belongs to one contact, whatever its case and however many ask at once."""

import threading

import pytest
from django.db import connection, transaction

from audit.actions import Action
from helpdesk.crypto.errors import KeyMissing
from helpdesk.crypto.keyring import Owner, OwnerKind
from helpdesk.crypto.models import DataKey
from inbox.contacts.models import Contact, ContactAddress
from inbox.contacts.services.identify import address_blind, identify
from tests.inbox.tickets.plain import entries

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("opened")
def test_an_unknown_address_makes_a_contact_with_a_key() -> None:
    contact = Contact.objects.get(pk=identify("Kim@Example.org", "Kim Reyes").pk)

    address = ContactAddress.objects.get()
    assert (contact.name, address.address, address.contact) == ("Kim Reyes", "Kim@Example.org", contact)
    assert bytes(address.blind) == address_blind("kim@example.org")
    assert DataKey.objects.filter(owner_kind="contact", owner_id=contact.pk).count() == 1
    assert contact.seal_ref() == address.seal_ref() == Owner(OwnerKind.CONTACT, contact.pk)
    (entry,) = entries(Action.CONTACT_MADE)
    assert (entry.subject_kind, entry.subject_id) == ("contact", contact.pk)


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("again", ["kim@example.org", "KIM@EXAMPLE.ORG", " Kim@example.org "])
def test_a_known_address_gives_its_contact(again: str) -> None:
    first = identify("kim@example.org", "Kim Reyes")

    assert identify(again, "Somebody Else") == first
    assert Contact.objects.get().name == "Kim Reyes"
    assert len(entries(Action.CONTACT_MADE)) == 1


def test_another_address_is_another_contact() -> None:
    assert identify("kim@example.org", "Kim") != identify("kim@example.net", "Kim")
    assert address_blind("kim@example.org") != address_blind("kim@example.net")


def test_a_contact_that_is_taken_back_leaves_nothing() -> None:
    with transaction.atomic():
        contact = identify("kim@example.org", "Kim")
        transaction.set_rollback(True)

    assert not ContactAddress.objects.exists()
    with pytest.raises(KeyMissing), transaction.atomic():
        ContactAddress.objects.create(contact=contact, address="kim@example.org", blind=b"x" * 16)
    assert identify("kim@example.org", "Kim") != contact


@pytest.mark.django_db(transaction=True)
def test_many_at_once_get_the_same_contact() -> None:
    found, gate = [], threading.Barrier(4)

    def ask() -> None:
        gate.wait(timeout=20)
        try:
            found.append(identify("kim@example.org", "Kim").pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert found == [Contact.objects.get().pk] * 4
