"""The administration by its forms, as a browser sends them: people, teams, roles, bindings, inboxes, mailboxes."""

import re

import pytest
from django.test import Client

from accounts.models import Team, User
from audit.models import Entry
from helpdesk.core.context import Purpose, purpose
from inbox.inboxes.access import access_of
from inbox.inboxes.models import Binding, Inbox, Role
from inbox.inboxes.permissions import DeskRight, Right
from inbox.mail.models import Mailbox
from inbox.mail.opening import secret_of
from inbox.mail.send.deliver import smtp_server
from tests.admin_forms import inbox_form
from tests.make import make_agent, make_inbox, make_mailbox, make_ticket
from tests.security.desk import make_holder
from tests.servers.dovecot import PASSWORD as MAIL_PASSWORD
from tests.servers.dovecot import USER as MAIL_USER
from tests.servers.dovecot import MailHost
from tests.signed_in import client_of, make_app, make_person

pytestmark = pytest.mark.django_db

PASSWORD = "Sumpfdotterblume 47"
PERSON = {"email": "mika@staff.example.com", "name": "Mika Laine", "language": "en", "timezone": "UTC"}


def _boss() -> Client:
    return client_of(make_holder("Security admin", make_inbox()))


def _errors(page: str) -> str:
    found = re.findall(r'class="errorlist[^"]*"[^>]*>(.*?)</ul>', page, re.DOTALL)
    return re.sub(r"<[^>]+>|\s+", " ", " ".join(found))


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
    assert words in _errors(answer.content.decode())
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
    assert _errors(again.content.decode()) != ""


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

    assert "Name at least one person or team" in _errors(answer.content.decode())
    assert Binding.objects.count() == count


def test_a_refused_binding_keeps_what_was_typed() -> None:
    me, inbox = make_holder("Security admin", make_inbox()), make_inbox()
    boss, role, other = client_of(me), Role.objects.get(name="Read-only"), make_person("other@staff.example.com")
    form = {"role": str(role.pk), "inboxes": [str(inbox.pk)], "people": [str(me.pk)], "reason": "cover for Ines"}

    answer = boss.post("/admin/inboxes/binding/add/", form)

    page = answer.content.decode()
    assert (answer.status_code, "Nobody changes their own rights" in _errors(page)) == (200, True)
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
    assert _errors(answer.content.decode()) != ""
    assert not Inbox.objects.filter(name="Billing").exists()


MAILBOX = {
    "active": "on", "imap_host": "127.0.0.1", "imap_port": "1", "imap_user": MAIL_USER,
    "imap_security": "plaintext-loopback", "folder": "INBOX",
    "dispose": "leave", "dispose_folder": "Processed", "history": "none", "smtp_host": "", "smtp_port": "465",
    "smtp_user": "", "smtp_security": "tls",
}  # fmt: skip


def _keeper(inbox: Inbox) -> Client:
    return client_of(make_holder("Inbox admin", inbox))


def test_a_mailbox_is_added_with_its_password_to_the_letter() -> None:
    inbox = make_inbox()
    keeper = _keeper(inbox)
    password = " \"a'b\\c ü " + "x" * 190

    keeper.post("/admin/mail/mailbox/add/", MAILBOX | {"inbox": str(inbox.pk), "imap_password": password})

    assert secret_of(Mailbox.objects.get(), "imap_password") == password


def test_a_password_left_empty_stays_and_is_never_shown() -> None:
    inbox = make_inbox()
    mailbox = make_mailbox(inbox)
    keeper = _keeper(inbox)
    address = f"/admin/mail/mailbox/{mailbox.pk}/change/"
    form = MAILBOX | {"inbox": str(inbox.pk), "smtp_host": "127.0.0.1", "smtp_port": "1"}
    form |= {"smtp_security": "plaintext-loopback"}

    page = keeper.get(address).content.decode()
    answer = keeper.post(address, form | {"folder": "INBOX.Other"})

    assert answer.status_code == 302
    assert Mailbox.objects.get().folder == "INBOX.Other"
    assert secret_of(Mailbox.objects.get(), "imap_password") == MAIL_PASSWORD
    assert MAIL_PASSWORD not in page
    assert re.search(r'name="imap_password"[^>]*value=', page) is None
    assert not Entry.objects.filter(action="mailbox.secret").exists()


def test_a_new_password_replaces_the_old_one_and_is_recorded_without_its_value(opened: None) -> None:
    inbox = make_inbox()
    mailbox = make_mailbox(inbox)
    form = MAILBOX | {"inbox": str(inbox.pk), "smtp_host": "127.0.0.1", "smtp_port": "1"}

    _keeper(inbox).post(f"/admin/mail/mailbox/{mailbox.pk}/change/", form | {"imap_password": "Zitronenfalter 9"})

    entry = Entry.objects.get(action="mailbox.secret")
    assert secret_of(Mailbox.objects.get(), "imap_password") == "Zitronenfalter 9"
    with purpose(Purpose.SYSTEM):
        assert b"Zitronenfalter" not in bytes(entry.payload)


def test_no_password_goes_to_another_server_until_it_is_typed_again() -> None:
    inbox = make_inbox()
    mailbox = make_mailbox(inbox)
    keeper = _keeper(inbox)
    address = f"/admin/mail/mailbox/{mailbox.pk}/change/"
    form = MAILBOX | {"inbox": str(inbox.pk), "imap_host": "mail.evil.example", "imap_security": "tls"}

    refused = keeper.post(address, form)
    assert "type the password again" in _errors(refused.content.decode())
    assert Mailbox.objects.get().imap_host == "127.0.0.1"

    assert keeper.post(address, form | {"imap_password": "typed anew"}).status_code == 302
    assert secret_of(Mailbox.objects.get(), "imap_password") == "typed anew"


def test_the_other_sides_password_is_dropped_when_its_server_changes() -> None:
    inbox = make_inbox()
    mailbox = make_mailbox(inbox)
    with purpose(Purpose.SYSTEM):
        mailbox.secret = {"imap_password": MAIL_PASSWORD, "smtp_password": "old smtp"}
        mailbox.save(update_fields=["secret"])
    form = MAILBOX | {"inbox": str(inbox.pk), "smtp_host": "mail.evil.example"}

    assert _keeper(inbox).post(f"/admin/mail/mailbox/{mailbox.pk}/change/", form).status_code == 302
    assert secret_of(Mailbox.objects.get(), "smtp_password") == ""
    assert secret_of(Mailbox.objects.get(), "imap_password") == MAIL_PASSWORD


def test_the_imap_password_never_stands_in_for_an_account_at_another_server() -> None:
    inbox = make_inbox()
    mailbox = make_mailbox(inbox)
    keeper = _keeper(inbox)
    address = f"/admin/mail/mailbox/{mailbox.pk}/change/"
    form = MAILBOX | {"inbox": str(inbox.pk), "smtp_host": "mail.evil.example"}
    assert keeper.post(address, form).status_code == 302

    refused = keeper.post(address, form | {"smtp_user": "eve"})

    assert "type the password again" in _errors(refused.content.decode())
    assert Mailbox.objects.get().smtp_user == ""
    assert keeper.post(address, form | {"smtp_user": "eve", "smtp_password": "typed anew"}).status_code == 302
    assert smtp_server(Mailbox.objects.get()).password == "typed anew"


def test_a_mailbox_is_removed_with_its_secret() -> None:
    inbox = make_inbox()
    mailbox = make_mailbox(inbox)

    answer = _keeper(inbox).post(f"/admin/mail/mailbox/{mailbox.pk}/delete/", {"post": "yes"})

    assert answer.status_code == 302
    assert not Mailbox.objects.exists()


def test_the_connection_test_names_the_failing_step_in_the_servers_words(mail_host: MailHost) -> None:
    inbox = make_inbox()
    mailbox = make_mailbox(inbox, mail_host)
    keeper = _keeper(inbox)
    address = f"/admin/mail/mailbox/{mailbox.pk}/"
    form = MAILBOX | {"inbox": str(inbox.pk), "imap_port": str(mail_host.port), "smtp_host": ""}
    keeper.post(f"{address}change/", form)

    works = keeper.post(f"{address}test/").content.decode()
    keeper.post(f"{address}change/", form | {"imap_password": "wrong"})
    fails = keeper.post(f"{address}test/").content.decode()

    assert "Everything works" in works
    assert re.search(r"sign in</td><td><strong>fails</strong>: .*Authentication failed", fails)
    assert "wrong" not in fails
    assert MAIL_PASSWORD not in fails


def test_the_administration_shows_no_word_of_a_mail() -> None:
    inbox = make_inbox()
    make_ticket("Kanarienvogel subject", inbox=inbox, text="Kanarienvogel text", sender="Kanarienvogel <k@example.org>")
    make_mailbox(inbox)
    pages = ("", "accounts/user/", "accounts/team/", "inboxes/role/", "inboxes/binding/", "inboxes/inbox/",
             f"inboxes/inbox/{inbox.pk}/change/", "mail/mailbox/", "mail/mailbox/add/")  # fmt: skip

    for client in (_boss(), _keeper(inbox)):
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
