"""Inboxes with their addresses in the admin."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from helpdesk.web.admin.desk import DeskAdmin, access_in
from inbox.inboxes.models import Inbox, InboxAddress
from inbox.inboxes.permissions import DeskRight, Right
from inbox.inboxes.services.inboxes import join_bindings


class AddressForm(forms.ModelForm):  # type: ignore[type-arg] # Django's forms take no type parameters when they run
    """An address, kept in lower case."""

    class Meta:
        model = InboxAddress
        fields = ("address", "sends", "takes_plus")

    def clean_address(self) -> str:
        """Return the address in lower case."""
        return str(self.cleaned_data["address"]).lower()


class InboxForm(forms.ModelForm):  # type: ignore[type-arg] # as above
    """An inbox; its language is one that the desk speaks."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    class Meta:
        model = Inbox
        fields = ("name", "language", "team", "signature")


class AddressInline(admin.TabularInline):  # type: ignore[type-arg] # as the forms
    """The addresses of an inbox."""

    model = InboxAddress
    form = AddressForm
    extra = 1

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether they may be seen: with the inbox."""
        return True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether one may be added: with the inbox."""
        return True

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether they may be changed: with the inbox."""
        return True

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether one may be taken away: with the inbox."""
        return True


@admin.register(Inbox)
class InboxAdmin(DeskAdmin):
    """Inboxes. A new one joins every all-inboxes binding at once."""

    desk_right = DeskRight.MANAGE_ROLES
    inbox_right = Right.MANAGE_INBOX
    list_display = ("name", "addresses_in_words", "team", "language")
    search_fields = ("name",)
    form = InboxForm
    inlines = (AddressInline,)

    @admin.display(description=_("addresses"))
    def addresses_in_words(self, inbox: Inbox) -> str:
        """Return the addresses on one line."""
        return ", ".join(each.address for each in inbox.addresses.all())

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether an inbox may be made: by whoever manages roles, since rights follow."""
        return access_in(request).may(DeskRight.MANAGE_ROLES)

    def save_related(
        self, request: HttpRequest, form: "forms.ModelForm[Inbox]", formsets: Any, change: bool
    ) -> None:  # Any: Django's own, handed on
        """Save the addresses and let a new inbox join its bindings, all in one transaction."""
        super().save_related(request, form, formsets, change)
        if not change:
            join_bindings()
