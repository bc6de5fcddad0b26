"""Find the contact behind an address, or make one."""

from typing import Final

from django.db import IntegrityError, transaction

from audit.actions import Action
from audit.record import record
from helpdesk.core.ids import new_id
from helpdesk.core.ready import Ready, Slot
from helpdesk.crypto.blind import blind
from helpdesk.crypto.keyring import Owner, OwnerKind, make_key
from inbox.contacts.models import Contact, ContactAddress

_OWNER: Final = Ready(lambda: Contact.objects.filter(addresses__blind=Slot("key"))[:1])


def address_blind(address: str) -> bytes:
    """Return the blind index of an address: its letters' case does not count."""
    return blind("address", address.strip().casefold())


def identify(address: str, name: str) -> Contact:
    """Return the contact that owns `address`, made with `name` when nobody does. Runs in the caller's transaction.

    Two callers at once get the same contact: the address is unique.
    """
    key = address_blind(address)
    known = _OWNER.first(key=key)
    if known is not None:
        return known
    try:
        with transaction.atomic():
            return _make(address, name, key)
    except IntegrityError:
        return Contact.objects.get(addresses__blind=key)


def _make(address: str, name: str, key: bytes) -> Contact:
    contact_id = new_id()
    make_key(Owner(OwnerKind.CONTACT, contact_id))
    contact = Contact.objects.create(id=contact_id, name=name)
    ContactAddress.objects.create(contact=contact, address=address, blind=key)
    record(Action.CONTACT_MADE, on=contact.as_subject())
    return contact
