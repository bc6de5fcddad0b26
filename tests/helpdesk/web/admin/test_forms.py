"""The administration by its forms, as a browser sends them: people, teams, roles, bindings, inboxes, mailboxes."""

import re

import pytest
from django.test import Client

from accounts.models import Team, User
from audit.models import Entry
from inbox.inboxes.access import access_of
from inbox.inboxes.models import Binding, Inbox, Role
from inbox.inboxes.permissions import DeskRight, Right
from tests.admin_forms import errors_in, inbox_form
from tests.make import make_agent, make_inbox, make_mailbox, make_ticket
from tests.security.desk import make_holder
from tests.signed_in import client_of, make_app, make_person

pytestmark = pytest.mark.django_db

PASSWORD = "Sumpfdotterblume 47"
PERSON = {"email": "mika@staff.example.com", "name": "Mika Laine", "language": "en", "timezone": "UTC"}


def _boss() -> Client:
    return client_of(make_holder("Security admin", make_inbox()))


def test_a_person_is_added_and_may_sign_in() -> None:
    answer = _boss().post("/admin/accounts/user/add/", PERSON | {"password_new": f" {PASSWORD} "})

    user = User.objects.get(email="mika@staff.example.com")
    assert answer.status_code == 302
    assert user.check_password(f" {PASSWORD} ")
    assert Client().post("/login/", {"login": user.email, "password": f" {PASSWORD} "}).status_code == 302


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password_new": "short"}, "at least 15 characters"),
        ({"password_new": ""}, "needs a first password"),
        ({"email": "MEMBER@staff.example.com"}, "already exists"),
        ({"email": "no address"}, "valid email address"),
        ({"language": "xx"}, "not one of the available"),
        ({"timezone": "Mars/Olympus"}, "not one of the available"),
        ({"name": ""}, "required"),
    ],
)
def test_a_person_that_does_not_fit_is_told_why(change: dict[str, str], words: str) -> None:
    make_person("member@staff.example.com")
    boss = _boss()
    count = User.objects.count()

    answer = boss.post("/admin/accounts/user/add/", PERSON | {"password_new": PASSWORD} | change)

    assert answer.status_code == 200
    assert words in errors_in(answer.content.decode())
    assert User.objects.count() == count


def test_a_person_is_changed_and_never_deleted() -> None:
    user = make_person("mika@staff.example.com")
    boss = _boss()

    assert boss.post(f"/admin/accounts/user/{user.pk}/change/", PERSON | {"is_staff": "on"}).status_code == 302
    assert boss.post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"}).status_code == 403

    changed = User.objects.get(pk=user.pk)
    assert (changed.name, changed.is_staff) == ("Mika Laine", True)


def _act(client: Client, action: str, *users: User, **more: str) -> str:
    form = {"action": action, "_selected_action": [str(user.pk) for user in users], **more}
    answer = client.post("/admin/accounts/user/", form, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


def test_people_are_switched_off_and_return_without_roles() -> None:
    inbox = make_inbox()
    agent, me = make_agent(inbox=inbox), make_holder("Security admin", inbox)
    theirs, boss = client_of(agent), client_of(me)

    assert "is switched off" in _act(boss, "switch_off", agent)
    assert theirs.get("/").status_code == 302
    assert "may sign in again" in _act(boss, "switch_on", agent)
    assert access_of(User.objects.get(pk=agent.pk)).rights == {}
    assert "cannot switch yourself off" in _act(boss, "switch_off", me)
    assert User.objects.get(pk=me.pk).is_active


def test_factors_are_reset_by_right_and_never_ones_own() -> None:
    agent, me = make_person(), make_holder("Security admin", make_inbox())
    make_app(agent)
    boss = client_of(me)

    assert "enrols again" in _act(boss, "reset_factors", agent, reason="met in person")
    assert not agent.totpdevice_set.exists()
    assert "You cannot do this to yourself" in _act(boss, "reset_factors", me, reason="met in person")
    assert me.totpdevice_set.exists()


def test_a_team_is_made_and_its_members_follow() -> None:
    agent = make_person()
    boss = _boss()

    assert boss.post("/admin/accounts/team/add/", {"name": "Night", "members": [str(agent.pk)]}).status_code == 302
    again = boss.post("/admin/accounts/team/add/", {"name": "night"})

    assert list(Team.objects.get(name="Night").members.all()) == [agent]
    assert again.status_code == 200
    assert errors_in(again.content.decode()) != ""


def test_a_role_is_made_changed_and_deleted() -> None:
    boss = _boss()

    boss.post("/admin/inboxes/role/add/", {"name": "Reader", "rights": ["view"], "desk_rights": []})
    role = Role.objects.get(name="Reader")
    boss.post(f"/admin/inboxes/role/{role.pk}/change/", {"name": "Reader", "rights": ["view", "note"]})

    assert Role.objects.get(pk=role.pk).right_set == {Right.VIEW, Right.NOTE}
    assert boss.post(f"/admin/inboxes/role/{role.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Role.objects.filter(pk=role.pk).exists()


def test_a_shipped_role_is_shown_in_words_and_kept() -> None:
    boss, role = _boss(), Role.objects.get(name="Agent")

    page = boss.get(f"/admin/inboxes/role/{role.pk}/change/")
    answer = boss.post(f"/admin/inboxes/role/{role.pk}/change/", {"name": "Mine", "rights": []})

    assert "answer customers" in page.content.decode()
    assert answer.status_code == 403
    assert boss.post(f"/admin/inboxes/role/{role.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Role.objects.get(pk=role.pk).name == "Agent"


def test_a_binding_is_made_changed_and_ended() -> None:
    inbox, agent, boss = make_inbox(), make_person(), _boss()
    role = Role.objects.get(name="Read-only")
    form = {"role": str(role.pk), "inboxes": [str(inbox.pk)], "people": [str(agent.pk)], "reason": "rota"}

    boss.post("/admin/inboxes/binding/add/", form)
    binding = Binding.objects.get(people=agent)
    assert access_of(agent).rights == {inbox.pk: frozenset({Right.VIEW})}

    boss.post(f"/admin/inboxes/binding/{binding.pk}/change/", form | {"role": str(Role.objects.get(name="Agent").pk)})
    assert Right.REPLY in access_of(agent).rights[inbox.pk]

    boss.post(f"/admin/inboxes/binding/{binding.pk}/delete/", {"post": "yes"})
    assert access_of(agent).rights == {}
    actions = list(Entry.objects.filter(action__startswith="binding.").order_by("id").values_list("action", flat=True))
    assert actions[-3:] == ["binding.made", "binding.changed", "binding.ended"]


def test_the_list_of_bindings_says_where_each_holds() -> None:
    make_agent("Team lead")
    make_agent("Agent", inbox=make_inbox("Billing", address="billing@desk.example.net"))

    page = _boss().get("/admin/inboxes/binding/").content.decode()

    where = re.findall(r'class="field-where">([^<]*)<', page)
    assert {"all inboxes", "Billing", "the desk"} <= set(where)


def test_a_binding_without_anybody_is_refused_in_words() -> None:
    boss, role = _boss(), Role.objects.get(name="Read-only")
    count = Binding.objects.count()

    answer = boss.post("/admin/inboxes/binding/add/", {"role": str(role.pk)})

    assert "Name at least one person or team" in errors_in(answer.content.decode())
    assert Binding.objects.count() == count


def test_a_refused_binding_keeps_what_was_typed() -> None:
    me, inbox = make_holder("Security admin", make_inbox()), make_inbox()
    boss, role, other = client_of(me), Role.objects.get(name="Read-only"), make_person("other@staff.example.com")
    form = {"role": str(role.pk), "inboxes": [str(inbox.pk)], "people": [str(me.pk)], "reason": "cover for Ines"}

    answer = boss.post("/admin/inboxes/binding/add/", form)

    page = answer.content.decode()
    assert (answer.status_code, "Nobody changes their own rights" in errors_in(page)) == (200, True)
    assert _typed(page) == {
        "role": str(role.pk),
        "inboxes": str(inbox.pk),
        "people": str(me.pk),
        "reason": "cover for Ines",
    }
    assert not Binding.objects.filter(reason="cover for Ines").exists()
    boss.post("/admin/inboxes/binding/add/", form | {"people": [str(other.pk)]})
    assert Binding.objects.filter(reason="cover for Ines").exists()


def _typed(page: str) -> dict[str, str]:
    """Return what a form shows as chosen and typed, by field."""
    tags = re.findall(r"<(?:input|option)[^>]*>", page)
    boxes = {
        found[1]: found[2]
        for tag in tags
        if " checked" in tag and (found := re.search(r'name="(\w+)" value="([^"]*)"', tag))
    }
    selects = re.findall(r'<select name="(role)".*?<option value="([^"]*)" selected', page, re.DOTALL)
    texts = re.findall(r'<input type="text" name="(reason)" value="([^"]*)"', page)
    return {**boxes, **dict(selects), **dict(texts)}


def test_an_inbox_is_made_with_its_addresses_and_joins_every_wide_binding() -> None:
    everywhere = make_agent()
    boss = _boss()

    answer = boss.post(
        "/admin/inboxes/inbox/add/", inbox_form("Billing", {"addresses": [{"address": "Billing@desk.example.net"}]})
    )

    inbox = Inbox.objects.get(name="Billing")
    assert answer.status_code == 302
    assert [each.address for each in inbox.addresses.all()] == ["billing@desk.example.net"]
    assert access_of(everywhere).can(Right.VIEW, inbox.pk)


def test_an_address_of_another_inbox_is_refused_in_words() -> None:
    make_inbox("Support", address="hilfe@desk.example.net")
    boss = _boss()

    answer = boss.post(
        "/admin/inboxes/inbox/add/", inbox_form("Billing", {"addresses": [{"address": "HILFE@desk.example.net"}]})
    )

    assert answer.status_code == 200
    assert errors_in(answer.content.decode()) != ""
    assert not Inbox.objects.filter(name="Billing").exists()


def test_the_administration_shows_no_word_of_a_mail() -> None:
    inbox = make_inbox()
    make_ticket("Kanarienvogel subject", inbox=inbox, text="Kanarienvogel text", sender="Kanarienvogel <k@example.org>")
    make_mailbox(inbox)
    pages = ("", "accounts/user/", "accounts/team/", "inboxes/role/", "inboxes/binding/", "inboxes/inbox/",
             f"inboxes/inbox/{inbox.pk}/change/", "mail/mailbox/", "mail/mailbox/add/")  # fmt: skip

    for client in (_boss(), client_of(make_holder("Inbox admin", inbox))):
        for page in pages:
            assert "Kanarienvogel" not in client.get(f"/admin/{page}").content.decode()


@pytest.mark.parametrize(
    "query", ["password__startswith=md5", "is_superuser=1", "totpdevice__name=app", "email__regex=a", "o=9.9.9", "e=1"]
)
def test_no_column_can_be_guessed_by_a_filter(query: str) -> None:
    boss = _boss()

    answer = boss.get(f"/admin/accounts/user/?{query}")

    assert answer.status_code in {200, 302, 400}
    assert boss.get("/admin/accounts/user/?is_active__exact=1").status_code == 200
    if answer.status_code == 200:
        assert "security.admin@staff.example.com" in answer.content.decode()


def test_what_may_be_done_here_is_offered_to_whoever_manages_people_alone() -> None:
    role = Role.objects.create(name="People keeper", desk_rights=[DeskRight.MANAGE_PEOPLE])
    keeper, agent = make_person("keeper@staff.example.com", is_staff=True), make_person()
    make_app(agent)
    _boss().post("/admin/inboxes/binding/add/", {"role": str(role.pk), "people": [str(keeper.pk)]})

    assert "needs the right to reset factors" in _act(client_of(keeper), "reset_factors", agent)
    assert agent.totpdevice_set.exists()
