"""Rows that came over one connection may be set on rows that came over another."""

import pytest

from accounts.models import Team, User
from inbox.inboxes.models import Inbox
from tests.make import make_agent, make_inbox

pytestmark = pytest.mark.django_db(transaction=True)


def test_rows_of_two_connections_meet() -> None:
    inbox, team = make_inbox(), Team.objects.create(name="Night")
    far = Team.objects.using("aside").get(pk=team.pk)
    assert far._state.db == "aside"

    inbox.team = far
    inbox.save(using="default", update_fields=["team"])
    team.members.add(make_agent())

    assert Inbox.objects.get().team == team
    assert User.objects.filter(teams=far).count() == 1
    assert User.objects.all().db == "default"
