"""What the administration of people asks before an act on a person."""

import pytest

from accounts.models import User
from audit.models import Entry
from audit.payload import unpack
from inbox.inboxes.models import Role
from inbox.inboxes.services.bindings import BindingSpec, make_binding
from tests.make import make_inbox
from tests.security.desk import make_holder
from tests.signed_in import client_of, make_app, make_person

pytestmark = pytest.mark.django_db

PASSWORD = "Sumpfdotterblume 47"


@pytest.mark.usefixtures("opened")
def test_a_reset_of_factors_asks_how_the_person_was_recognised() -> None:
    agent = make_person()
    make_app(agent)
    form = {"action": "reset_factors", "_selected_action": [str(agent.pk)], "reason": "  "}

    boss = client_of(make_holder("Security admin", make_inbox()))
    page = boss.post("/admin/accounts/user/", form).content.decode()

    assert "How did you recognise them?" in page
    assert agent.email in page
    assert agent.totpdevice_set.exists()
    boss.post("/admin/accounts/user/", form | {"reason": "called back on 4711"})
    entry = Entry.objects.get(action="factor.reset")
    assert unpack(bytes(entry.payload))["details"] == {"reason": "called back on 4711"}


def test_nobody_sets_their_own_password_here() -> None:
    me = make_holder("Security admin", make_inbox())
    boss, address = client_of(me), f"/admin/accounts/user/{me.pk}/change/"
    fields = {"email": me.email, "name": "Me", "language": "en", "timezone": "UTC", "is_staff": "on"}

    assert "password_new" not in boss.get(address).content.decode()
    answer = boss.post(address, fields | {"password_new": PASSWORD})

    assert "You cannot do this to yourself" in answer.content.decode()
    same = User.objects.get(pk=me.pk)
    assert (same.name, same.check_password(PASSWORD)) == (me.name, False)
    assert boss.post(address, fields).status_code == 302
    assert User.objects.get(pk=me.pk).name == "Me"


def test_nobody_takes_the_sign_in_of_somebody_who_may_do_more() -> None:
    inbox = make_inbox()
    victim, agent = make_holder("Security admin", inbox), make_person("agent@example.org", "Agent")
    me = make_person("clerk@example.org", "Clerk", is_staff=True)
    role = Role.objects.create(name="Clerk", desk_rights=["manage_people", "reset_factors"])
    make_binding(BindingSpec(role, people=(me,)), by=None)
    clerk, old = client_of(me), victim.email
    make_app(victim, name="second")

    for person, done in ((victim, False), (agent, True)):
        fields = {"email": person.email, "name": person.name, "language": "en", "timezone": "UTC"}
        clerk.post(f"/admin/accounts/user/{person.pk}/change/", fields | {"password_new": PASSWORD})
        assert User.objects.get(pk=person.pk).check_password(PASSWORD) is done
    reset = {"action": "reset_factors", "_selected_action": [str(victim.pk)], "reason": "called back"}
    page = clerk.post("/admin/accounts/user/", reset, follow=True).content.decode()

    assert "may do more on the desk than you" in page
    assert victim.totpdevice_set.exists()
    assert User.objects.get(pk=victim.pk).email == old
