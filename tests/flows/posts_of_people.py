"""A case for each address of the door and the administration that takes a form: sent, and its effect read back."""

import html
import re
from typing import Final

from tests.admin_forms import inbox_form
from tests.flows.posts_of_tickets import Case
from tests.flows.real_desk import (
    PASSWORD,
    Form,
    Newcomer,
    RealDesk,
    Visitor,
    code_of,
    codes_in,
    errors_in,
    found,
    option_of,
    wait_for,
)


def _sign_in(real: RealDesk) -> None:
    email = real.newcomer_email()
    stranger = real.stranger()

    wrong = stranger.form("/login/", {"login": email, "password": "Sumpfdotterblume 48"})
    assert wrong.status == 400
    assert not stranger.is_inside()

    right = stranger.form("/login/", {"login": email, "password": PASSWORD})
    assert right.status == 302
    assert stranger.get("/").headers["location"] == "/login/enrol/"


def _code(real: RealDesk) -> None:
    person = real.newcomer()
    visitor, answer = real.half_inside(person.email)
    assert answer.headers["location"].startswith("/login/code/")
    assert not visitor.is_inside()

    answer = visitor.form("/login/code/", {"code": code_of(person.secret)})

    assert (answer.status, answer.headers["location"]) == (302, "/")
    assert visitor.is_inside()


def _enrol(real: RealDesk) -> None:
    person = real.regular()

    assert len(set(person.recovery)) == 10
    assert person.visitor.is_inside()


def _codes(real: RealDesk) -> None:
    person = real.regular()

    answer = person.visitor.form("/login/codes/", {"code": code_of(person.secret)})

    fresh = codes_in(answer.body.decode())
    assert (answer.status, len(set(fresh) - set(person.recovery))) == (200, 10)


def _recovery(real: RealDesk) -> None:
    person = real.newcomer()
    first, _answer = real.half_inside(person.email)
    second, _answer = real.half_inside(person.email)

    assert first.form("/login/recovery/", {"code": person.recovery[0]}).status == 302
    assert second.form("/login/recovery/", {"code": person.recovery[0]}).status == 400

    assert (first.is_inside(), second.is_inside()) == (True, False)


def _me(real: RealDesk) -> None:
    visitor = real.regular().visitor
    wishes = {"act": "profile", "name": "Ada Ø", "language": "de", "timezone": "Asia/Tokyo", "theme": "dark",
              "density": "cosy"}  # fmt: skip

    answer = visitor.form("/me/", wishes)

    assert (answer.status, answer.headers["location"]) == (302, "/me/")
    page = visitor.page("/me/")
    assert 'value="Ada Ø"' in page
    assert 'lang="de"' in page


def _sign_out(real: RealDesk) -> None:
    _ends_the_session(real, real.newcomer(), "/logout/")


def _admin_sign_out(real: RealDesk) -> None:
    _ends_the_session(real, real.newcomer(is_staff="on"), "/admin/logout/")


def _ends_the_session(real: RealDesk, person: Newcomer, path: str) -> None:
    visitor = person.visitor
    before = dict(visitor.cookies)
    assert visitor.is_inside()

    assert visitor.form(path, {}).status == 302

    assert not visitor.is_inside()
    assert not real.stranger(before).is_inside()


def _add(boss: Visitor, part: str, name: str, fields: Form) -> str:
    """Add a row by its form and return the address of its own pages."""
    answer = boss.form(f"/admin/{part}/add/", fields)
    assert answer.status == 302, errors_in(answer)
    return _path_of(boss, part, name)


def _path_of(boss: Visitor, part: str, name: str) -> str:
    page = boss.page(f"/admin/{part}/")
    return found(rf'href="(/admin/{part}/[^/"]+/)change/[^"]*">{re.escape(html.escape(name))}<', page)


def _tick_box(page: str, field: str, label: str) -> str:
    return found(rf'<input type="checkbox" name="{field}" value="([^"]+)"[^>]*>\s*{re.escape(label)}\s*<', page)


def _user_add(real: RealDesk) -> None:
    email = real.newcomer_email()

    assert email in real.person("Security admin").page("/admin/accounts/user/")


def _user_change(real: RealDesk) -> None:
    boss, email = real.person("Security admin"), real.newcomer_email()
    path = _path_of(boss, "accounts/user", email)
    fields = {"email": email, "name": "Renamed", "language": "en", "timezone": "UTC", "password_new": ""}

    assert boss.form(f"{path}change/", fields).status == 302

    assert 'value="Renamed"' in boss.page(f"{path}change/")


def _user_list(real: RealDesk) -> None:
    boss, person = real.person("Security admin"), real.newcomer()
    key = _path_of(boss, "accounts/user", person.email).split("/")[-2]

    answer = boss.form("/admin/accounts/user/", {"action": "switch_off", "_selected_action": [key]})

    assert answer.status == 302
    assert not person.visitor.is_inside()
    assert real.half_inside(person.email)[1].status == 400


def _user_delete(real: RealDesk) -> None:
    boss, email = real.person("Security admin"), real.newcomer_email()
    path = _path_of(boss, "accounts/user", email)

    assert boss.form(f"{path}delete/", {"post": "yes"}).status == 403

    assert email in boss.page("/admin/accounts/user/")


def _team_add(real: RealDesk) -> None:
    _add(real.person("Security admin"), "accounts/team", "Early", {"name": "Early"})


def _team_change(real: RealDesk) -> None:
    boss = real.person("Security admin")
    path = _add(boss, "accounts/team", "Late", {"name": "Late"})

    assert boss.form(f"{path}change/", {"name": "Later"}).status == 302

    assert _path_of(boss, "accounts/team", "Later") == path


def _team_delete(real: RealDesk) -> None:
    boss = real.person("Security admin")
    path = _add(boss, "accounts/team", "Kept", {"name": "Kept"})

    assert boss.form(f"{path}delete/", {"post": "yes"}).status == 403

    assert _path_of(boss, "accounts/team", "Kept") == path


def _role_add(real: RealDesk) -> None:
    path = _add(real.person("Security admin"), "inboxes/role", "Reader", {"name": "Reader", "rights": ["view"]})

    assert 'value="view" checked' in re.sub(r' id="[^"]*"| class="[^"]*"', "", _boss_page(real, path))


def _boss_page(real: RealDesk, path: str) -> str:
    return real.person("Security admin").page(f"{path}change/")


def _role_change(real: RealDesk) -> None:
    boss = real.person("Security admin")
    path = _add(boss, "inboxes/role", "Noter", {"name": "Noter", "rights": ["view"]})

    assert boss.form(f"{path}change/", {"name": "Noter 2", "rights": ["view", "note"]}).status == 302

    assert _path_of(boss, "inboxes/role", "Noter 2") == path


def _role_delete(real: RealDesk) -> None:
    boss = real.person("Security admin")
    path = _add(boss, "inboxes/role", "Passing", {"name": "Passing", "rights": ["view"]})

    assert boss.form(f"{path}delete/", {"post": "yes"}).status == 302

    assert ">Passing<" not in boss.page("/admin/inboxes/role/")


def _bound(real: RealDesk) -> tuple[Visitor, Visitor, dict[str, str], str]:
    """Return the administrator, a newcomer who was just bound, the form that did it and the binding's address."""
    boss, person = real.person("Security admin"), real.regular()
    page = boss.page("/admin/inboxes/binding/add/")
    fields = {
        "role": option_of(page, "role", "Read-only"),
        "inboxes": _tick_box(page, "inboxes", "Support"),
        "people": _path_of(boss, "accounts/user", person.email).split("/")[-2],
        "reason": "rota",
    }
    before = set(_bindings(boss))
    answer = boss.form("/admin/inboxes/binding/add/", fields)
    assert answer.status == 302, errors_in(answer)
    (path,) = set(_bindings(boss)) - before
    return boss, person.visitor, fields, path


def _bindings(boss: Visitor) -> list[str]:
    return re.findall(r'href="(/admin/inboxes/binding/[^/"]+/)change/', boss.page("/admin/inboxes/binding/"))


def _binding_add(real: RealDesk) -> None:
    boss, visitor, _fields, path = _bound(real)

    assert visitor.get(f"/t/{real.ticket()}").status == 200
    boss.form(f"{path}delete/", {"post": "yes"})


def _binding_change(real: RealDesk) -> None:
    boss, visitor, fields, path = _bound(real)
    number = real.ticket()
    assert visitor.form(f"/t/{number}/note", {"text": "Not yet"}).status == 403
    agent = option_of(boss.page("/admin/inboxes/binding/add/"), "role", "Agent")

    assert boss.form(f"{path}change/", fields | {"role": agent}).status == 302

    assert visitor.form(f"/t/{number}/note", {"text": "Now"}).status == 302
    boss.form(f"{path}delete/", {"post": "yes"})


def _binding_delete(real: RealDesk) -> None:
    boss, visitor, _fields, path = _bound(real)
    number = real.ticket()
    assert visitor.get(f"/t/{number}").status == 200

    assert boss.form(f"{path}delete/", {"post": "yes"}).status == 302

    assert visitor.get(f"/t/{number}").status == 404


def _inbox_add(real: RealDesk) -> None:
    _made_inbox(real, "Spares")


def _made_inbox(real: RealDesk, name: str) -> str:
    fields = inbox_form(name)
    return _add(real.person("Security admin"), "inboxes/inbox", name, fields)


def _inbox_change(real: RealDesk) -> None:
    path = _made_inbox(real, "Workshop")
    fields = inbox_form("Workshop 2", language="de")

    assert real.person("Inbox admin").form(f"{path}change/", fields).status == 302

    assert _path_of(real.person("Inbox admin"), "inboxes/inbox", "Workshop 2") == path


def _inbox_delete(real: RealDesk) -> None:
    path = _made_inbox(real, "For ever")

    assert real.person("Inbox admin").form(f"{path}delete/", {"post": "yes"}).status == 403

    assert _path_of(real.person("Inbox admin"), "inboxes/inbox", "For ever") == path


def _acknowledgements(real: RealDesk) -> None:
    boss = real.person("Security admin")
    text = {"language": "en", "subject": "We have your mail", "text": "Your ticket is {number}.", "closed_text": ""}
    path = _add(
        boss, "inboxes/inbox", "Hotline", inbox_form("Hotline", {"acknowledgements": [text]}) | {"acknowledges": "on"}
    )

    assert "Your ticket is 1234." in boss.page(f"{path}acknowledgements/")
    answer = boss.form(f"{path}acknowledgements/test/", {})

    assert (answer.status, answer.headers["location"]) == (302, f"{path}acknowledgements/")
    assert wait_for(lambda: real.sent("Your ticket is 1234.")) is not None


def _acknowledgements_resume(real: RealDesk) -> None:
    boss = real.person("Security admin")

    assert boss.form("/admin/inboxes/inbox/acknowledgements/resume/", {}).status == 302


CASES: Final[dict[str, Case]] = {
    "admin:acknowledgements_test": _acknowledgements,
    "admin:acknowledgements_resume": _acknowledgements_resume,
    "door:sign_in": _sign_in,
    "door:code": _code,
    "door:enrol": _enrol,
    "door:codes": _codes,
    "door:recovery": _recovery,
    "door:me": _me,
    "door:sign_out": _sign_out,
    "admin:logout": _admin_sign_out,
    "admin:accounts_user_changelist": _user_list,
    "admin:accounts_user_add": _user_add,
    "admin:accounts_user_change": _user_change,
    "admin:accounts_user_delete": _user_delete,
    "admin:accounts_team_add": _team_add,
    "admin:accounts_team_change": _team_change,
    "admin:accounts_team_delete": _team_delete,
    "admin:inboxes_role_add": _role_add,
    "admin:inboxes_role_change": _role_change,
    "admin:inboxes_role_delete": _role_delete,
    "admin:inboxes_binding_add": _binding_add,
    "admin:inboxes_binding_change": _binding_change,
    "admin:inboxes_binding_delete": _binding_delete,
    "admin:inboxes_inbox_add": _inbox_add,
    "admin:inboxes_inbox_change": _inbox_change,
    "admin:inboxes_inbox_delete": _inbox_delete,
}
