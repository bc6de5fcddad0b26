"""Make an inbox and give it addresses."""

from django.db import IntegrityError, transaction

from inbox.inboxes.errors import AddressTaken
from inbox.inboxes.models import Binding, Inbox, InboxAddress
from inbox.inboxes.services.bindings import derive_all


@transaction.atomic
def create_inbox(name: str, *, addresses: tuple[str, ...] = (), signature: str = "", language: str = "en") -> Inbox:
    """Make an inbox; the first address is the one to send from. It joins every all-inboxes binding at once.

    Raises AddressTaken.
    """
    inbox = Inbox.objects.create(name=name, signature=signature, language=language)
    for position, address in enumerate(addresses):
        add_address(inbox, address, sends=position == 0)
    join_bindings()
    return inbox


def add_address(inbox: Inbox, address: str, *, sends: bool = False, takes_plus: bool = False) -> InboxAddress:
    """Give `inbox` an address, stored in lower case. Raises AddressTaken."""
    try:
        with transaction.atomic():
            return InboxAddress.objects.create(inbox=inbox, address=address.lower(), sends=sends, takes_plus=takes_plus)
    except IntegrityError as error:
        raise AddressTaken("the address belongs to an inbox already") from error


def join_bindings() -> None:
    """Let every all-inboxes binding reach all inboxes, the newest too. Runs inside the caller's transaction."""
    derive_all(Binding.objects.filter(all_inboxes=True))
