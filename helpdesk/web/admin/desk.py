"""The base of every admin class: rights from Access alone, changes by services, words for what they refuse."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern

from audit.actions import Action, Outcome, SubjectKind
from audit.record import record
from audit.subjects import Subject
from helpdesk.core.errors import DomainError, NotFound
from helpdesk.web.base.words import words_for
from inbox.inboxes.permissions import Access, DeskRight, Right


def words_of(error: DomainError) -> str:
    """Return what a refusal means to the person at the form."""
    return str(words_for(error.code, error.status).text)


class QuietAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # Django's classes take no type parameters when they run
    """Django's admin without what goes round our rights and our log, and with words for a refusal."""

    def get_object(self, *args: Any, **kwargs: Any) -> models.Model:  # Any: Django's own, handed on
        """Return the row. Raises NotFound for an absent one and for one out of reach alike."""
        row: models.Model | None = super().get_object(*args, **kwargs)
        if row is None:
            raise NotFound("no such row")
        return row

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return whether the address may filter by `lookup`: by the filters that the page shows, and nothing else.

        Django lets every column of the row be asked for, so that a hash of a password could be guessed by its letters.
        """
        return lookup.removesuffix("__exact").removesuffix("__id") in self.get_list_filter(request)

    def get_urls(self) -> list[URLPattern]:
        """Return the pages of this part. The log stands on its own pages, and no old address leads on."""
        return [url for url in super().get_urls() if url.name and not url.name.endswith("_history")]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # Any: as above
        """Show the rows, or record who may not see them."""
        return or_words(request, lambda: super(QuietAdmin, self).changelist_view(request, *args, **kwargs))

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # Any: as above
        """Show the form; when a service refused, show it again with why and all that was typed. Nothing was changed."""
        try:
            return _or_denied(lambda: super(QuietAdmin, self).changeform_view(request, *args, **kwargs))
        except DomainError as error:
            if request.method != "POST" or error.status == 404:
                raise
            request.refusal = words_of(error)  # type: ignore[attr-defined] # read by get_form below
            return super().changeform_view(request, *args, **kwargs)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[forms.ModelForm]:  # type: ignore[type-arg] # Any: as above; Django's forms take no type parameters when they run
        """Return the form's class; after a refusal one that says why instead of saving."""
        form = super().get_form(request, *args, **kwargs)
        words = getattr(request, "refusal", "")
        return _refusing(form, words) if words else form

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # Any: as above
        """Delete, or say why a service refused."""
        return or_words(request, lambda: super(QuietAdmin, self).delete_view(request, *args, **kwargs))

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:  # Any: as above
        """Return boxes to tick, each with its label: Django's two lists beside each other name nothing to a reader."""
        kwargs["widget"] = forms.CheckboxSelectMultiple
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def log_addition(self, *_what: object, **_more: object) -> None:  # type: ignore[override] # nothing is kept
        """Write nothing: Django's own log would keep names in clear."""

    def log_change(self, *_what: object, **_more: object) -> None:  # type: ignore[override] # nothing is kept
        """Write nothing, as above."""

    def log_deletions(self, *_what: object, **_more: object) -> None:  # type: ignore[override] # nothing is kept
        """Write nothing, as above."""


class DeskAdmin(QuietAdmin):
    """An admin class whose rows may be seen and changed by holders of `desk_right`, or of `inbox_right` on their inbox.

    Django's own model permissions are never asked, and its log stays empty: every change is an entry of ours.
    """

    desk_right: DeskRight | None = None
    inbox_right: Right | None = None
    inbox_path = "pk"
    """Where the inbox stands in a row: a lookup from this model."""
    list_per_page = 50
    show_full_result_count = False

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

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:  # Any: rows of whichever model
        """Return the rows within reach."""
        rows = super().get_queryset(request)
        if self.may_all(request):
            return rows
        return rows.filter(**{f"{self.inbox_path}__in": self.inboxes(request)}) if self.inbox_right else rows.none()


def access_in(request: HttpRequest) -> Access:
    """Return the Access of whoever asks."""
    access: Access = request.access  # type: ignore[attr-defined] # see web.base.request.DeskRequest
    return access


def _refusing(form: type[forms.ModelForm], words: str) -> type[forms.ModelForm]:  # type: ignore[type-arg] # as above
    """Return the same form, which ends in the refusal `words`."""

    class Refused(form):  # type: ignore[misc, valid-type] # the base is known only here
        def clean(self) -> Any:  # Any: as Django's clean
            cleaned = super().clean()
            self.add_error(None, words)
            return cleaned

    return Refused


def or_words(request: HttpRequest, run: Callable[[], HttpResponse]) -> HttpResponse:
    """Return what `run` answers; a refusal is recorded, and told on the page anew when a form was sent."""
    try:
        return _or_denied(run)
    except DomainError as error:
        if request.method != "POST" or error.status == 404:
            raise
        messages.error(request, words_of(error))
        return HttpResponseRedirect(request.get_full_path())


def _or_denied(run: Callable[[], HttpResponse]) -> HttpResponse:
    """Run a page and record who may not."""
    try:
        return run()
    except PermissionDenied:
        _record_denied("page")
        raise
    except DomainError as error:
        if error.status in {403, 404}:
            _record_denied(error.code)
        raise


def _record_denied(code: str) -> None:
    record(
        Action.ACCESS_DENIED,
        on=Subject(SubjectKind.URL),
        outcome=Outcome.DENIED,
        survives_rollback=True,
        area="admin",
        code=code,
    )
