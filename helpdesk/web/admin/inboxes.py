"""Inboxes in the admin, with what belongs to them, and the page that shows what they say by themselves."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Min, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.models import User
from helpdesk.core.errors import NotFound
from helpdesk.web.admin.desk import DeskAdmin, access_in
from helpdesk.web.admin.inbox_parts import PARTS
from helpdesk.web.admin.people import zones
from inbox.inboxes.models import Inbox
from inbox.inboxes.permissions import DeskRight, Right
from inbox.inboxes.services.inboxes import join_bindings
from inbox.mail.errors import NoSender
from inbox.mail.send.limits import is_stopped
from inbox.mail.services.acknowledgements import previews, resume, send_test


class InboxForm(forms.ModelForm):  # type: ignore[type-arg] # Django's forms take no type parameters when they run
    """An inbox; its language is one that the desk speaks."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=zones, initial="UTC", help_text=_("Working hours and days off are told in it.")
    )

    class Meta:
        model = Inbox
        fields = ("name", "language", "time_zone", "team", "signature", "acknowledges")


@admin.register(Inbox)
class InboxAdmin(DeskAdmin):
    """Inboxes. A new one joins every all-inboxes binding at once."""

    desk_right = DeskRight.MANAGE_ROLES
    inbox_right = Right.MANAGE_INBOX
    list_display = ("name", "addresses_in_words", "team", "language", "acknowledges", "fetched")
    search_fields = ("name",)
    form = InboxForm
    inlines = PARTS
    change_form_template = "admin/inbox_form.html"

    @admin.display(description=_("addresses"))
    def addresses_in_words(self, inbox: Inbox) -> str:
        """Return the addresses on one line."""
        return ", ".join(each.address for each in inbox.addresses.all())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:  # Any: as the base has it
        """Return the rows within reach, each with the oldest last good fetch of its mailboxes."""
        oldest = Min("mailboxes__last_good_at", filter=Q(mailboxes__active=True))
        rows: QuerySet[Any] = super().get_queryset(request).annotate(fetched_at=oldest)  # Any: as above
        return rows

    @admin.display(description=_("last good fetch"), empty_value="-")
    def fetched(self, inbox: Inbox) -> datetime | None:
        """Return when all that feeds the inbox had been fetched, None before that."""
        moment: datetime | None = inbox.fetched_at  # type: ignore[attr-defined] # annotated above
        return moment

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether an inbox may be made: by whoever manages roles, since rights follow."""
        return access_in(request).may(DeskRight.MANAGE_ROLES)

    def save_related(
        self, request: HttpRequest, form: "forms.ModelForm[Inbox]", formsets: Any, change: bool
    ) -> None:  # Any: Django's own, handed on
        """Save what belongs to it and let a new inbox join its bindings, all in one transaction."""
        super().save_related(request, form, formsets, change)
        if not change:
            join_bindings()

    def get_urls(self) -> list[URLPattern]:
        """Add the page of acknowledgements and its two acts."""
        site, before = self.admin_site, "<uuid:inbox_id>/acknowledgements"
        return [
            path(
                "acknowledgements/resume/", site.admin_view(require_POST(self.resume)), name="acknowledgements_resume"
            ),
            path(f"{before}/test/", site.admin_view(require_POST(self.test)), name="acknowledgements_test"),
            path(f"{before}/", site.admin_view(self.acknowledgements), name="inbox_acknowledgements"),
            *super().get_urls(),
        ]

    def acknowledgements(self, request: HttpRequest, inbox_id: UUID) -> HttpResponse:
        """Show what the inbox says, as it leaves, and whether the breaker is open."""
        inbox = self._inbox(request, inbox_id)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Acknowledgements"),
            "inbox": inbox,
            "previews": list(previews(inbox)),
            "stopped": is_stopped(),
            "an_hour": settings.MAIL_ACKS_AN_HOUR,
            "may_resume": access_in(request).may(DeskRight.MANAGE_ROLES),
        }
        return render(request, "admin/acknowledgements.html", context)

    def test(self, request: HttpRequest, inbox_id: UUID) -> HttpResponse:
        """Send what the inbox says to whoever asks."""
        inbox = self._inbox(request, inbox_id)
        me: User = request.user  # type: ignore[assignment] # the door lets nobody else in
        try:
            count = send_test(inbox, to=me)
            told = ngettext("%(count)d mail is on its way to you.", "%(count)d mails are on their way to you.", count)
            messages.success(request, told % {"count": count})
        except NoSender:
            messages.error(request, gettext("A test goes out as the desk's own mail, and no mailbox sends that yet."))
        return HttpResponseRedirect(reverse("admin:inbox_acknowledgements", args=[inbox.pk]))

    def resume(self, request: HttpRequest) -> HttpResponse:
        """Close the breaker of the whole desk."""
        if not access_in(request).may(DeskRight.MANAGE_ROLES):
            raise NotFound("no such page")
        if resume():
            messages.success(request, gettext("Acknowledgements go out again."))
        return HttpResponseRedirect(reverse("admin:inboxes_inbox_changelist"))

    def _inbox(self, request: HttpRequest, inbox_id: UUID) -> Inbox:
        inbox: Inbox | None = self.get_queryset(request).filter(pk=inbox_id).first()
        if inbox is None:
            raise NotFound("no such inbox")
        return inbox
