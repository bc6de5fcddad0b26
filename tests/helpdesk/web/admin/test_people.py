"""What the administration of people asks before an act on a person."""

import pytest

from accounts.models import User
from audit.models import Entry
from audit.payload import unpack
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
    answer = boss.post(address, fields | {"password_new": PASSWORD}, follow=True)

    assert "You cannot do this to yourself" in answer.content.decode()
    same = User.objects.get(pk=me.pk)
    assert (same.name, same.check_password(PASSWORD)) == (me.name, False)
    assert boss.post(address, fields).status_code == 302
    assert User.objects.get(pk=me.pk).name == "Me"
