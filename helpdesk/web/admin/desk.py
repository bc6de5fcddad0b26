"""The base of every admin class: rights from Access alone, changes by services, words for what they refuse."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from helpdesk.core.errors import DomainError
from inbox.inboxes.permissions import Access, DeskRight, Right

_WORDS: dict[str, Promise] = {
    "own_binding": _("Nobody changes their own rights: ask somebody else who manages roles."),
    "not_yours_to_give": _("You can only give rights that you hold there yourself."),
    "empty_binding": _("Name at least one person or team."),
    "address_taken": _("This address belongs to another inbox already."),
    "shipped_role_kept": _("A role that ships with Postern stays as it is. Make a role of your own instead."),
    "role_in_use": _("Somebody holds this role. End its bindings first."),
    "address_in_use": _("Somebody else signs in with this address already."),
    "not_on_yourself": _("You cannot do this to yourself: ask a colleague who administers people."),
}


def words_of(error: DomainError) -> str:
    """Return what a refusal means to the person at the form."""
    return str(_WORDS.get(error.code, error))


class DeskAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # Django's classes take no type parameters when they run
    """An admin class whose rows may be seen and changed by holders of `desk_right`, or of `inbox_right` on their inbox.

    Django's own model permissions are never asked, and its log stays empty: every change is an entry of ours.
    """

    desk_right: DeskRight | None = None
    inbox_right: Right | None = None
    inbox_path = "pk"
    """Where the inbox stands in a row: a lookup from this model."""
    list_per_page = 50
    show_full_result_count = False
    actions_selection_counter = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return whether the person sees this part at all."""
        return self.may_all(request) or bool(self.inboxes(request))

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Return whether the row may be seen. Rows out of reach are absent from the queryset anyway."""
        return self.may_change(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Return whether the row may be changed."""
        return self.may_change(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether a row may be added."""
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Return whether the row may be deleted: not unless a class says so."""
        return False

    def may_all(self, request: HttpRequest) -> bool:
        """Return whether the desk right is held."""
        return self.desk_right is not None and access_in(request).may(self.desk_right)

    def inboxes(self, request: HttpRequest) -> tuple[UUID, ...]:
        """Return the inboxes on which the inbox right is held."""
        return access_in(request).inboxes(self.inbox_right) if self.inbox_right else ()

    def may_change(self, request: HttpRequest, obj: models.Model | None) -> bool:
        """Return whether the row, or without one any row, is within reach."""
        if self.may_all(request) or obj is None:
            return self.has_module_permission(request)
        return self.get_queryset(request).filter(pk=obj.pk).exists()

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the rows within reach."""
        rows = super().get_queryset(request)
        if self.may_all(request):
            return rows
        return rows.filter(**{f"{self.inbox_path}__in": self.inboxes(request)}) if self.inbox_right else rows.none()

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the form, or say why a service refused; nothing was changed then."""
        return _or_words(request, lambda: super(DeskAdmin, self).changeform_view(request, *args, **kwargs))

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Delete, or say why a service refused."""
        return _or_words(request, lambda: super(DeskAdmin, self).delete_view(request, *args, **kwargs))

    def log_addition(self, *_args: Any, **_kwargs: Any) -> Any:
        """Write nothing: Django's own log would keep names in clear."""

    def log_change(self, *_args: Any, **_kwargs: Any) -> Any:
        """Write nothing, as above."""

    def log_deletions(self, *_args: Any, **_kwargs: Any) -> Any:
        """Write nothing, as above."""


def access_in(request: HttpRequest) -> Access:
    """Return the Access of whoever asks."""
    access: Access = request.access  # type: ignore[attr-defined] # see web.base.request.DeskRequest
    return access


def _or_words(request: HttpRequest, run: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        return run()
    except DomainError as error:
        if request.method != "POST" or error.status == 404:
            raise
        messages.error(request, words_of(error))
        return HttpResponseRedirect(request.get_full_path())
