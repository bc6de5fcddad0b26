"""People and teams in the admin."""

from typing import Any, Final
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from accounts.errors import NotOnYourself
from accounts.models import Team, User
from accounts.passwords import MAX_LENGTH
from accounts.services import factors, people
from helpdesk.core.errors import DomainError
from helpdesk.web.admin.desk import DeskAdmin, access_in, words_of
from inbox.inboxes.access import access_of
from inbox.inboxes.errors import BeyondReach
from inbox.inboxes.permissions import DeskRight
from inbox.inboxes.services.people import set_team_members, switch_off, switch_on

_REASON_LENGTH: Final = 200


def zones() -> list[tuple[str, str]]:
    """Return the time zones to choose from, with their names."""
    return [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones()) if zone != "localtime"]


class PersonForm(forms.ModelForm):  # type: ignore[type-arg] # Django's forms take no type parameters when they run
    """A person. The password is written and never shown."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    timezone = forms.ChoiceField(label=_("Time zone"), choices=zones, initial="UTC")
    password_new = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        max_length=MAX_LENGTH,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 15 characters; empty leaves it as it is. An authenticator app follows at first sign-in."),
    )

    class Meta:
        model = User
        fields = ("email", "name", "is_staff", "language", "timezone")

    def clean(self) -> dict[str, Any]:  # Any: values of each field's own type
        """Refuse a weak password, and a new person without one."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data  # Any: as above
        password = cleaned.get("password_new", "")
        if self.instance._state.adding and not password:
            self.add_error("password_new", _("A new person needs a first password."))
        if password:
            try:
                validate_password(password, User(email=cleaned.get("email", ""), name=cleaned.get("name", "")))
            except ValidationError as error:
                self.add_error("password_new", error)
        return cleaned


@admin.register(User)
class PersonAdmin(DeskAdmin):
    """People. Switching one off ends their sessions and drops their roles; nobody is deleted."""

    desk_right = DeskRight.MANAGE_PEOPLE
    form = PersonForm
    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    ordering = ("email",)
    readonly_fields = ("is_active", "last_login", "created_at")
    fields = (
        "email", "name", "password_new", "is_staff", "language", "timezone", "is_active", "last_login", "created_at",
    )  # fmt: skip
    actions = ("switch_off", "switch_on", "reset_factors")

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Return what the form shows; one's own password stands on one's own page, where it asks for the old one."""
        is_own = obj is not None and obj.pk == access_in(request).user_id
        return tuple(name for name in self.fields if not (is_own and name == "password_new"))

    def save_model(self, request: HttpRequest, obj: User, form: "forms.ModelForm[User]", change: bool) -> None:
        """Make or change the person by the services that every other way uses."""
        data = form.cleaned_data
        if change:
            _require_reach(request, obj)
        if not change:
            made = people.create_user(data["email"], data["name"], is_staff=data["is_staff"])
            obj.pk, obj._state.adding = made.pk, False
            people.save_preferences(made, language=data["language"], timezone=data["timezone"])
        else:
            obj.save(update_fields=["email", "name", "is_staff", "language", "timezone"])
        if data["password_new"]:
            if obj.pk == access_in(request).user_id:
                raise NotOnYourself("one's own password is changed on one's own page")
            people.set_password(User.objects.get(pk=obj.pk), data["password_new"])

    @admin.action(description=_("Switch off: sessions end, roles and teams drop"))
    def switch_off(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Switch people off; never oneself."""
        for user in queryset:
            if user.pk == access_in(request).user_id:
                self.message_user(request, _("You cannot switch yourself off."), messages.ERROR)
                continue
            switch_off(user)
            self.message_user(request, _("%(email)s is switched off.") % {"email": user.email})

    @admin.action(description=_("Switch on: the person returns without roles"))
    def switch_on(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Switch people on again."""
        for user in queryset:
            switch_on(user)
            self.message_user(request, _("%(email)s may sign in again.") % {"email": user.email})

    @admin.action(description=_("Reset the second factors: the person enrols again"))
    def reset_factors(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        """Ask how the people were recognised, then take their factors and end their sessions. Needs RESET_FACTORS."""
        if not access_in(request).may(DeskRight.RESET_FACTORS):
            self.message_user(request, _("This needs the right to reset factors."), messages.ERROR)
            return None
        reason = request.POST.get("reason", "").strip()[:_REASON_LENGTH]
        if not reason:
            title = _("Reset the second factors")
            context = {**self.admin_site.each_context(request), "title": title, "people": queryset}
            return render(request, "admin/reset_factors.html", context)
        for user in queryset:
            self._reset(request, user, reason)
        return None

    def _reset(self, request: HttpRequest, user: User, reason: str) -> None:
        try:
            _require_reach(request, user)
            factors.reset_factors(user, reason=reason)
        except DomainError as error:
            self.message_user(request, words_of(error), messages.ERROR)
        else:
            self.message_user(request, _("%(email)s enrols again at the next sign-in.") % {"email": user.email})


def _require_reach(request: HttpRequest, user: User) -> None:
    """Raise BeyondReach for somebody with a desk right that the one who acts lacks: who sets the sign-in holds it."""
    if not access_of(user).desk <= access_in(request).desk:
        raise BeyondReach("this person may do more on the desk than you")


@admin.register(Team)
class TeamAdmin(DeskAdmin):
    """Teams and their members; the bindings of a team follow its members."""

    desk_right = DeskRight.MANAGE_PEOPLE
    list_display = ("name",)
    search_fields = ("name",)
    fields = ("name", "members")

    def save_related(
        self, request: HttpRequest, form: "forms.ModelForm[Team]", formsets: Any, change: bool
    ) -> None:  # Any: Django's own, handed on
        """Set the members by the service that derives the bindings of the team."""
        set_team_members(form.instance, form.cleaned_data["members"], by=access_in(request))
