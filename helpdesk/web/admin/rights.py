"""Roles and bindings in the admin: rights in plain words, and who holds them where."""

from typing import Final

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from helpdesk.web.admin.desk import DeskAdmin, access_in
from inbox.inboxes.models import Binding, Inbox, Role
from inbox.inboxes.permissions import DeskRight, Right
from inbox.inboxes.services.bindings import BindingSpec, change_binding, end_binding, make_binding, require_holder
from inbox.inboxes.services.roles import RoleSpec, delete_role, save_role

RIGHT_WORDS: Final[dict[Right, Promise]] = {
    Right.VIEW: _("read tickets"),
    Right.VIEW_RESTRICTED: _("read restricted tickets too"),
    Right.VIEW_RAW: _("see the untouched mail with its headers"),
    Right.REPLY: _("answer customers"),
    Right.NOTE: _("write internal notes"),
    Right.ASSIGN: _("assign tickets"),
    Right.EDIT: _("open, close and edit tickets"),
    Right.MERGE: _("merge and split tickets"),
    Right.MOVE: _("move tickets to another inbox"),
    Right.DELETE: _("move tickets to the bin and restore them"),
    Right.PURGE: _("delete for ever"),
    Right.EXPORT: _("export tickets"),
    Right.MANAGE_INBOX: _("set up the inbox"),
    Right.MANAGE_MAILBOX: _("set up its mailboxes and their secrets"),
    Right.MANAGE_MEMBERS: _("give others rights that one holds oneself"),
}
DESK_WORDS: Final[dict[DeskRight, Promise]] = {
    DeskRight.MANAGE_PEOPLE: _("manage people and teams"),
    DeskRight.MANAGE_ROLES: _("manage roles and bind them to anybody else"),
    DeskRight.RESET_FACTORS: _("reset somebody's second factors"),
    DeskRight.VIEW_AUDIT: _("read the audit log"),
    DeskRight.EXPORT_AUDIT: _("export the audit log"),
}


class RoleForm(forms.ModelForm):  # type: ignore[type-arg] # Django's forms take no type parameters when they run
    """A role, its rights as boxes in plain words."""

    rights = forms.MultipleChoiceField(
        label=_("On its inboxes, one may"),
        choices=[(right.value, words) for right, words in RIGHT_WORDS.items()],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    desk_rights = forms.MultipleChoiceField(
        label=_("On the desk as a whole, one may"),
        choices=[(right.value, words) for right, words in DESK_WORDS.items()],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    class Meta:
        model = Role
        fields = ("name", "rights", "assign_to_self", "desk_rights")


@admin.register(Role)
class RoleAdmin(DeskAdmin):
    """Roles. Those that ship with the product can be read, not changed."""

    desk_right = DeskRight.MANAGE_ROLES
    form = RoleForm
    list_display = ("name", "shipped", "in_words")
    ordering = ("-shipped", "name")

    @admin.display(description=_("what it allows"))
    def in_words(self, role: Role) -> str:
        """Return the rights in plain words."""
        words: list[str] = [str(RIGHT_WORDS[right]) for right in Right if right in role.right_set]
        words += [str(DESK_WORDS[right]) for right in DeskRight if right in role.desk_right_set]
        if role.assign_to_self:
            words.append(str(_("(assigning means to oneself)")))
        return ", ".join(words)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether it may be changed: a shipped role is shown only."""
        return super().has_change_permission(request, obj) and not (isinstance(obj, Role) and obj.shipped)

    def get_readonly_fields(self, request: HttpRequest, obj: Role | None = None) -> tuple[str, ...]:
        """Show a shipped role in words."""
        return ("in_words",) if obj is not None and obj.shipped else ()

    def get_fields(self, request: HttpRequest, obj: Role | None = None) -> tuple[str, ...]:
        """Show a shipped role in words."""
        return ("name", "in_words") if obj is not None and obj.shipped else RoleForm.Meta.fields

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether it may be deleted: one of the desk's own."""
        return self.may_all(request) and isinstance(obj, Role) and not obj.shipped

    def save_model(self, request: HttpRequest, obj: Role, form: "forms.ModelForm[Role]", change: bool) -> None:
        """Save by the service, which derives every binding of the role."""
        data = form.cleaned_data
        spec = RoleSpec(
            data["name"],
            frozenset(Right(code) for code in data["rights"]),
            frozenset(DeskRight(code) for code in data["desk_rights"]),
            data["assign_to_self"],
        )
        obj.pk = save_role(Role.objects.get(pk=obj.pk) if change else None, spec, by=access_in(request)).pk

    def delete_model(self, request: HttpRequest, obj: Role) -> None:
        """Delete by the service."""
        delete_role(obj, by=access_in(request))


class BindingForm(forms.ModelForm):  # type: ignore[type-arg] # Django's forms take no type parameters when they run
    """Who holds which role where."""

    class Meta:
        model = Binding
        fields = ("role", "all_inboxes", "inboxes", "people", "teams", "reason")

    def spec(self) -> BindingSpec:
        """Return what the form says."""
        data = self.cleaned_data
        return BindingSpec(
            data["role"],
            tuple(data["inboxes"]),
            data["all_inboxes"],
            tuple(data["people"]),
            tuple(data["teams"]),
            data["reason"],
        )


@admin.register(Binding)
class BindingAdmin(DeskAdmin):
    """Bindings: one role on some inboxes or all, and the people and teams who hold it."""

    desk_right = DeskRight.MANAGE_ROLES
    inbox_right = Right.MANAGE_MEMBERS
    form = BindingForm
    list_display = ("role", "where", "who", "reason", "created_at")
    list_filter = ("role",)

    def formfield_for_manytomany(self, db_field: object, request: HttpRequest, **kwargs: object) -> forms.Field | None:  # type: ignore[override] # Django's own, without its type variables
        """Offer only the inboxes within reach: others are not even named."""
        if not self.may_all(request) and getattr(db_field, "name", "") == "inboxes":
            kwargs["queryset"] = Inbox.objects.filter(pk__in=self.inboxes(request))
        field: forms.Field | None = super().formfield_for_manytomany(db_field, request, **kwargs)
        return field

    @admin.display(description=_("where"))
    def where(self, binding: Binding) -> str:
        """Return the inboxes in words."""
        if binding.all_inboxes:
            return str(_("all inboxes"))
        return ", ".join(inbox.name for inbox in binding.inboxes.all()) or str(_("the desk"))

    @admin.display(description=_("who"))
    def who(self, binding: Binding) -> str:
        """Return the holders in words."""
        people = [user.email for user in binding.people.all()]
        return ", ".join([*people, *(team.name for team in binding.teams.all())])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Binding]:
        """Return all bindings to whoever manages roles, else those that lie wholly on inboxes within reach."""
        rows = Binding.objects.select_related("role").prefetch_related("inboxes", "people", "teams")
        if self.may_all(request):
            return rows
        beyond = Inbox.objects.exclude(pk__in=self.inboxes(request))
        mine = rows.filter(all_inboxes=False, inboxes__in=self.inboxes(request))
        return mine.exclude(inboxes__in=beyond).distinct()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether it may be ended; the service has the last word."""
        return self.may_change(request, obj) and obj is not None

    def save_model(self, request: HttpRequest, obj: Binding, form: "forms.ModelForm[Binding]", change: bool) -> None:
        """Save by the service, which checks who may bind what."""
        assert isinstance(form, BindingForm)  # noqa: S101 - tells the type checker which form this class names
        spec = form.spec()
        require_holder(spec)
        by = access_in(request)
        binding = change_binding(Binding.objects.get(pk=obj.pk), spec, by=by) if change else make_binding(spec, by=by)
        obj.pk = binding.pk

    def save_related(self, *_what: object) -> None:
        """Save nothing more: the service has set inboxes and holders."""

    def delete_model(self, request: HttpRequest, obj: Binding) -> None:
        """End it by the service."""
        end_binding(obj, by=access_in(request))
