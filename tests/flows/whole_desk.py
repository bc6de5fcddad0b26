"""A whole desk in a process of its own: services, keys, one inbox that acknowledges; told what to do line by line.

Started as `python -m tests.flows.whole_desk ADDRESS IMAP_PORT SMTP_PORT`. Each line of standard input is a JSON list;
each answer is a line of JSON.
"""

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Final

import django

from helpdesk.embedded import launch

_services = ExitStack()
_services.enter_context(launch.services_for(["test"]))
django.setup()

# Models can only be imported once Django is set up, and settings read once the services have addresses.
from django.core.management import call_command  # noqa: E402 - see above
from django.utils import timezone  # noqa: E402 - see above

from accounts.models import User  # noqa: E402 - see above
from helpdesk.core.ids import new_id  # noqa: E402 - see above
from helpdesk.crypto.setup import setup_keys  # noqa: E402 - see above
from inbox.mail.models import Acknowledged, Acknowledgement, InboundMail, OutboundMail  # noqa: E402 - see above
from inbox.mail.send.conversation import NewConversation, start_conversation  # noqa: E402 - see above
from inbox.mail.send.recipients import Recipient  # noqa: E402 - see above
from inbox.mail.services.mailboxes import Account, NewMailbox, add_mailbox  # noqa: E402 - see above
from inbox.mail.states import OutKind, OutState, Security  # noqa: E402 - see above
from tests.flows import killed  # noqa: E402 - see above
from tests.make import make_agent, make_inbox  # noqa: E402 - see above
from tests.servers.dovecot import PASSWORD  # noqa: E402 - see above


def build(address: str, imap_port: int, smtp_port: int) -> None:
    """Make the desk: its inbox at `address` is fed and sends by these servers."""
    call_command("migrate", interactive=False, verbosity=0)
    setup_keys()
    inbox = make_inbox("Support", address=address)
    loopback = Security.PLAINTEXT_LOOPBACK
    add_mailbox(
        NewMailbox(
            inbox,
            Account("127.0.0.1", imap_port, address, PASSWORD, loopback),
            Account("127.0.0.1", smtp_port, "", "", loopback),
        )
    )
    Acknowledgement.objects.create(
        inbox=inbox, language="en", subject="We have your mail", text=f"{address} has your mail. Ticket {{number}}."
    )
    inbox.acknowledges = True
    inbox.save(update_fields=["acknowledges"])
    make_agent(inbox=inbox)
    killed.take_in()  # from now on mail is new


def write(to: str) -> None:
    """Let the agent write to somebody."""
    outbound = OutboundMail.objects.count()
    agent = User.objects.get()
    inbox = make_inbox("Support")
    new = NewConversation(Recipient("", to), f"Question {outbound}", "How are you?", new_id())
    start_conversation(inbox, new, by=agent)


def turn() -> None:
    """Fetch, read and send once."""
    killed.take_in()
    killed.send()


def let_an_hour_pass() -> None:
    """Move what was acknowledged out of the hour that limits count."""
    Acknowledged.objects.update(at=timezone.now() - timedelta(hours=2))


def told() -> dict[str, object]:
    """Return how the desk stands."""
    sent = OutboundMail.objects.filter(state=OutState.SENT)
    return {
        "sent": sent.count(),
        "acknowledgements": sent.filter(kind=OutKind.ACKNOWLEDGEMENT).count(),
        "reasons": sorted(InboundMail.objects.values_list("acknowledged", flat=True)),
    }


_STEPS: Final[dict[str, Callable[..., None]]] = {"write": write, "turn": turn, "hour": let_an_hour_pass}


def main() -> None:
    """Answer line after line until the input ends."""
    address, imap_port, smtp_port = sys.argv[1:]
    build(address, int(imap_port), int(smtp_port))
    print(json.dumps("ready"), flush=True)  # noqa: T201 - the answer
    for line in sys.stdin:
        step, *words = json.loads(line)
        _STEPS[step](*words)
        print(json.dumps(told()), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    with _services:
        main()
