"""Whoever manages one inbox draws no mail of others to it, and does not carry the mail of the whole desk."""

import pytest
from django.test import Client

from inbox.inboxes.models import Inbox, InboxAddress, Role
from inbox.inboxes.services.bindings import BindingSpec, make_binding
from inbox.mail.models import Mailbox
from tests.admin_forms import inbox_form
from tests.helpdesk.web.admin.test_mailbox_form import MAILBOX
from tests.make import make_inbox, make_mailbox
from tests.security.desk import make_holder
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db


def _keeper(inbox: Inbox, *, hands_out_rights: bool) -> Client:
    """Return somebody who manages the inbox and its mailbox, and perhaps the roles of the desk."""
    user = make_holder("Inbox admin", inbox)
    if hands_out_rights:
        make_binding(BindingSpec(Role.objects.get(name="Security admin"), (), people=(user,)), by=None)
    return client_of(user)


@pytest.mark.parametrize("hands_out_rights", [False, True])
def test_an_address_is_added_by_those_alone_who_hand_out_rights(hands_out_rights: bool) -> None:  # noqa: FBT001 - a case
    inbox = make_inbox()
    before = set(InboxAddress.objects.values_list("address", flat=True))
    new = {"address": "chef@desk.example.net"}
    form = inbox_form("Support", {"addresses": [new]}) | {"signature": "Kind regards"}

    _keeper(inbox, hands_out_rights=hands_out_rights).post(f"/admin/inboxes/inbox/{inbox.pk}/change/", form)

    added = set(InboxAddress.objects.values_list("address", flat=True)) - before
    assert added == ({new["address"]} if hands_out_rights else set())
    assert Inbox.objects.get().signature == "Kind regards"


@pytest.mark.parametrize("hands_out_rights", [False, True])
def test_the_desks_own_sender_is_chosen_by_those_alone_who_hand_out_rights(hands_out_rights: bool) -> None:  # noqa: FBT001 - a case
    inbox = make_inbox()
    new = {"inbox": str(inbox.pk), "imap_password": "secret", "sends_system_mail": "on"}

    _keeper(inbox, hands_out_rights=hands_out_rights).post("/admin/mail/mailbox/add/", MAILBOX | new)

    assert Mailbox.objects.get().sends_system_mail is hands_out_rights


@pytest.mark.parametrize("hands_out_rights", [False, True])
def test_the_desks_own_mail_is_led_elsewhere_by_those_alone(hands_out_rights: bool) -> None:  # noqa: FBT001 - a case
    inbox = make_inbox()
    mailbox = make_mailbox(inbox)
    Mailbox.objects.update(sends_system_mail=True, smtp_host="127.0.0.1", smtp_port=1)
    other = {
        "inbox": str(inbox.pk), "smtp_host": "localhost", "smtp_port": "2", "smtp_security": "plaintext-loopback",
        "sends_system_mail": "on", "folder": "INBOX.Other",
    }  # fmt: skip

    client = _keeper(inbox, hands_out_rights=hands_out_rights)
    client.post(f"/admin/mail/mailbox/{mailbox.pk}/change/", MAILBOX | other)

    row = Mailbox.objects.get()
    assert (row.folder, row.sends_system_mail) == ("INBOX.Other", True)
    assert row.smtp_host == ("localhost" if hands_out_rights else "127.0.0.1")
