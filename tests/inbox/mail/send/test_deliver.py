"""One claim, one hand-in: whoever slept through its claim hands nothing in."""

from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.mail.models import OutboundMail
from inbox.mail.send.deliver import CLAIM, _claim, _mark_handing, release_stale
from inbox.mail.states import OutReason
from tests.make import make_reply, make_ticket

pytestmark = pytest.mark.django_db


def test_a_worker_that_slept_through_its_claim_hands_nothing_in() -> None:
    row = make_reply(make_ticket())
    OutboundMail.objects.update(send_after=timezone.now())
    slept = _claim(row.pk)
    assert slept is not None
    OutboundMail.objects.update(claimed_at=timezone.now() - CLAIM - timedelta(seconds=1))
    assert release_stale() == 1
    awake = _claim(row.pk)
    assert awake is not None

    assert not _mark_handing(slept)
    row.refresh_from_db()
    assert row.reason == ""

    assert _mark_handing(awake)
    row.refresh_from_db()
    assert row.reason == OutReason.HANDING
