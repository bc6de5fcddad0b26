"""Send, take back and send again, as the page does it: neither words nor files are lost."""

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from inbox.mail.models import OutboundMail
from inbox.mail.send.files import kept_files
from inbox.mail.states import OutState
from inbox.tickets.models import Attachment
from tests.make import make_agent, make_mailbox, make_ticket
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db


def test_a_file_of_a_mail_taken_back_goes_with_the_next_one() -> None:
    ticket = make_ticket()
    make_mailbox(ticket.inbox)
    lea = make_agent("Senior agent", inbox=ticket.inbox)
    client, page = client_of(lea), reverse("tickets:ticket", args=[ticket.number])
    form = {"once": str(uuid4()), "version": "1", "text": "See the plan.", "after": "stay"}
    answer = client.post(reverse("tickets:reply", args=[ticket.number]), {**form, "files": _plan()})
    assert answer.status_code < 400
    sent = OutboundMail.objects.get()

    answer = client.post(reverse("tickets:undo", args=[sent.pk]), {"once": str(uuid4())})
    assert answer.status_code < 400
    (kept,) = kept_files(ticket, by=lea)
    shown = client.get(page).content.decode()
    assert ("plan.txt" in shown, str(kept.pk) in shown, "See the plan." in shown) == (True, True, True)
    ticket.refresh_from_db()
    again = {**form, "version": str(ticket.version), "kept_offered": "1", "kept": str(kept.pk)}
    answer = client.post(reverse("tickets:reply", args=[ticket.number]), again)

    assert answer.status_code < 400
    mail = OutboundMail.objects.get(state=OutState.QUEUED)
    assert Attachment.objects.get().message_id == mail.message_id


def _plan() -> SimpleUploadedFile:
    return SimpleUploadedFile("plan.txt", b"plan")
