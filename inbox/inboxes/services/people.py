"""Switch people off and on, and change teams: accounts and bindings in one transaction."""

from collections.abc import Iterable

from django.db import transaction

from accounts.models import Team, User
from accounts.services import people
from audit.actions import Action
from audit.record import record
from inbox.inboxes.errors import NotYoursToGive, OwnBinding
from inbox.inboxes.models import Binding
from inbox.inboxes.permissions import Access, DeskRight
from inbox.inboxes.services.bindings import derive_all


@transaction.atomic
def switch_off(user: User) -> User:
    """Switch a person off: sessions end, bindings and teams drop. The admin, SCIM and commands all call this."""
    user = people.deactivate(user)
    mine = list(Binding.objects.filter(people=user)) + list(Binding.objects.filter(teams__members=user))
    user.bindings.clear()
    user.teams.clear()
    derive_all({binding.pk: binding for binding in mine}.values())
    user.groups.clear()
    record(Action.PERSON_SWITCHED_OFF, on=user.as_subject())
    return user


@transaction.atomic
def switch_on(user: User) -> User:
    """Switch a person on again: they return without bindings."""
    user = people.activate(user)
    record(Action.PERSON_SWITCHED_ON, on=user.as_subject())
    return user


@transaction.atomic
def set_team_members(team: Team, members: Iterable[User], *, by: Access | None) -> None:
    """Let `team` have exactly these members; the bindings of the team follow.

    `by` is who changes it, None for the desk itself. A team that holds a role gives it to whoever joins: changing it
    needs MANAGE_ROLES too, and nobody joins or leaves such a team by themselves. Raises NotYoursToGive, OwnBinding.
    """
    team = Team.objects.select_for_update().get(pk=team.pk)
    chosen = list(members)
    if by is not None and Binding.objects.filter(teams=team).exists():
        _allow_change(team, chosen, by=by)
    team.members.set(chosen)
    derive_all(Binding.objects.filter(teams=team))
    record(Action.TEAM_MEMBERS, on=team.as_subject(), members=sorted(member.pk for member in chosen))


def _allow_change(team: Team, chosen: list[User], *, by: Access) -> None:
    before = set(team.members.values_list("pk", flat=True))
    changed = before ^ {member.pk for member in chosen}
    if by.user_id in changed:
        raise OwnBinding("nobody edits their own bindings")
    if changed and not by.may(DeskRight.MANAGE_ROLES):
        raise NotYoursToGive("the team holds a role: only somebody who manages roles may change its members")
