"""The guided way to a mailbox at Google or Microsoft 365: what to set up there, one form, one button, the way back."""

from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from helpdesk.core.errors import DomainError, NotFound
from helpdesk.web.admin.desk import DeskAdmin, access_in, or_words, words_of
from inbox.inboxes.models import Inbox
from inbox.inboxes.permissions import Right
from inbox.mail.errors import ConsentRefused, WrongProvider
from inbox.mail.models import Mailbox
from inbox.mail.oauth.providers import is_other_set_up, require_flow
from inbox.mail.services.consent import (
    Client,
    ProvidersAnswer,
    begin_consent,
    connect_app,
    finish_consent,
    mailbox_of_state,
    set_client,
)
from inbox.mail.services.mailboxes import Account, NewMailbox, add_mailbox
from inbox.mail.states import AuthKind, History, OAuthFlow, OAuthProvider

_ENTERS = require_http_methods(["GET", "HEAD", "POST"])


class ClientForm(forms.Form):
    """What the provider knows the desk by. The client secret is written here and never read back."""

    provider = forms.ChoiceField(label=_("Provider"), choices=OAuthProvider.choices)
    flow = forms.ChoiceField(
        label=_("Way of consent"),
        choices=OAuthFlow.choices,
        help_text=_("Google: a person consents. Microsoft 365: either way."),
    )
    tenant = forms.CharField(
        label=_("Tenant"),
        required=False,
        max_length=100,
        help_text=_("Microsoft 365 alone: the id or the domain of your organisation."),
    )
    client_id = forms.CharField(label=_("Client id"), max_length=200)
    client_secret = forms.CharField(
        label=_("Client secret"),
        required=False,
        strip=False,
        max_length=500,
        help_text=_("Empty leaves the one of the same client as it is. It is never shown."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    secret_ends_on = forms.DateField(
        label=_("Client secret ends on"),
        required=False,
        help_text=_("Microsoft 365 says it once, when the secret is made. Its end is announced in time."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, offers_other: bool, **kwargs: Any) -> None:  # Any: Django's own, handed on
        super().__init__(*args, **kwargs)
        if not (offers_other and is_other_set_up()):
            known = [each for each in OAuthProvider.choices if each[0] != OAuthProvider.OTHER]
            self.fields["provider"].choices = known  # type: ignore[attr-defined] # the ChoiceField above

    def clean(self) -> dict[str, Any]:  # Any: values of each field's own type
        """Refuse what the provider cannot do."""
        data: dict[str, Any] = super().clean() or self.cleaned_data  # Any: as above
        try:
            require_flow(data.get("provider", ""), data.get("flow", ""), tenant=data.get("tenant", ""))
        except WrongProvider as error:
            self.add_error("tenant" if data.get("provider") == OAuthProvider.MICROSOFT else "flow", words_of(error))
        return data

    def client(self) -> Client:
        """Return what was typed."""
        data = self.cleaned_data
        day = data["secret_ends_on"]
        ends = datetime.combine(day, time.min, tzinfo=UTC) if day else None
        return Client(data["provider"], data["flow"], data["client_id"], data["tenant"], data["client_secret"], ends)


class NewForm(ClientForm):
    """The same with the mailbox itself: its inbox, its account, and what the first connect takes."""

    inbox = forms.ModelChoiceField(label=_("Inbox"), queryset=Inbox.objects.none())
    address = forms.EmailField(label=_("Account"), help_text=_("The address of the mailbox at the provider."))
    history = forms.ChoiceField(label=_("First connect takes"), choices=History.choices)
    field_order = ("inbox", "address", "history")

    def __init__(self, *args: Any, inboxes: tuple[UUID, ...], **kwargs: Any) -> None:  # Any: as above
        super().__init__(*args, offers_other=False, **kwargs)
        self.fields["inbox"].queryset = Inbox.objects.filter(pk__in=inboxes)  # type: ignore[attr-defined] # as above
        self.fields["client_secret"].required = True
        self.fields["client_secret"].help_text = _("It is never shown.")

    def new_mailbox(self) -> NewMailbox:
        """Return the mailbox; its servers are the provider's own."""
        data = self.cleaned_data
        account = Account(user=data["address"], port=1)
        return NewMailbox(data["inbox"], account, account, history=History(data["history"]))


class Connector:
    """The pages of the guided way, for the mailboxes within reach of whoever asks."""

    def __init__(self, part: DeskAdmin) -> None:
        self._part = part

    def urls(self) -> list[URLPattern]:
        """Return the addresses; they come before those that Django makes."""
        inside = self._part.admin_site.admin_view
        return [
            path("connect/", inside(_ENTERS(self.new)), name="mailbox_connect_new"),
            path("connected/", inside(require_safe(self.back)), name="mailbox_connected"),
            path("<uuid:mailbox_id>/connect/", inside(_ENTERS(self.known)), name="mailbox_connect"),
            path("<uuid:mailbox_id>/consent/", inside(require_POST(self.again)), name="mailbox_consent"),
        ]

    def new(self, request: HttpRequest) -> HttpResponse:
        """Make a mailbox and connect it."""
        return or_words(request, lambda: self._new(request))

    def known(self, request: HttpRequest, mailbox_id: UUID) -> HttpResponse:
        """Let a mailbox sign in by OAuth2, or by another client."""
        return or_words(request, lambda: self._known(request, self._mailbox(request, mailbox_id)))

    def again(self, request: HttpRequest, mailbox_id: UUID) -> HttpResponse:
        """Ask for consent again with the client that is known: one button."""
        return or_words(request, lambda: self._again(request, self._mailbox(request, mailbox_id)))

    def back(self, request: HttpRequest) -> HttpResponse:
        """Take the provider's answer that the person's browser brings back."""
        return or_words(request, lambda: self._back(request))

    def _new(self, request: HttpRequest) -> HttpResponse:
        inboxes = self._part.inboxes(request)
        if not inboxes:
            raise NotFound("no inbox whose mailboxes this person manages")
        form = NewForm(request.POST or None, inboxes=inboxes, initial={"history": History.NONE})
        if not form.is_valid():
            return self._form(request, form)
        with transaction.atomic():
            mailbox = set_client(add_mailbox(form.new_mailbox()), form.client())
        return self._go_on(request, mailbox)

    def _known(self, request: HttpRequest, mailbox: Mailbox) -> HttpResponse:
        initial = {
            "provider": mailbox.oauth_provider,
            "flow": mailbox.oauth_flow,
            "tenant": mailbox.oauth_tenant,
            "client_id": mailbox.oauth_client_id,
        }
        form = ClientForm(request.POST or None, offers_other=True, initial=initial)
        if not form.is_valid():
            return self._form(request, form, mailbox)
        return self._go_on(request, set_client(mailbox, form.client()))

    def _again(self, request: HttpRequest, mailbox: Mailbox) -> HttpResponse:
        if mailbox.auth_kind != AuthKind.XOAUTH2:
            return HttpResponseRedirect(reverse("admin:mailbox_connect", args=[mailbox.pk]))
        return self._go_on(request, mailbox)

    def _go_on(self, request: HttpRequest, mailbox: Mailbox) -> HttpResponse:
        """Send the person to the provider, or fetch the application's own token."""
        if mailbox.oauth_flow == OAuthFlow.APP:
            return self._told(request, mailbox, lambda: connect_app(mailbox))
        address = begin_consent(mailbox, by=_person(request), back_to=redirect_uri())
        # Not a redirect: the policy of our pages lets no form lead away, not even over one.
        return self._page(request, "admin/mailbox_consent.html", mailbox, address=address)

    def _back(self, request: HttpRequest) -> HttpResponse:
        given = request.GET
        mailbox = self._mailbox(request, mailbox_of_state(given.get("state", "")))
        error = " ".join(filter(None, (given.get("error", ""), given.get("error_description", ""))))
        answer = ProvidersAnswer(given.get("state", ""), given.get("code", ""), error)
        return self._told(request, mailbox, lambda: finish_consent(mailbox, answer, by=_person(request)))

    def _told(self, request: HttpRequest, mailbox: Mailbox, act: Any) -> HttpResponse:  # Any: its result is not used
        try:
            act()
        except ConsentRefused as error:
            messages.error(request, gettext("The provider did not let the desk in: %(words)s") % {"words": error})
        except DomainError as error:
            messages.error(request, words_of(error))
        else:
            messages.success(request, gettext("The mailbox is connected. “Test connection” tries both sides."))
        return HttpResponseRedirect(reverse("admin:mail_mailbox_change", args=[mailbox.pk]))

    def _mailbox(self, request: HttpRequest, mailbox_id: UUID) -> Mailbox:
        mailbox: Mailbox | None = self._part.get_queryset(request).filter(pk=mailbox_id).first()
        if mailbox is None or not access_in(request).can(Right.MANAGE_MAILBOX, mailbox.inbox_id):
            raise NotFound("no such mailbox")
        return mailbox

    def _form(self, request: HttpRequest, form: ClientForm, mailbox: Mailbox | None = None) -> HttpResponse:
        return self._page(request, "admin/mailbox_connect.html", mailbox, form=form, redirect_uri=redirect_uri())

    def _page(self, request: HttpRequest, name: str, mailbox: Mailbox | None, **more: object) -> HttpResponse:
        context = {**self._part.admin_site.each_context(request), "title": _("Connect a mailbox"), "mailbox": mailbox}
        return render(request, name, context | more)


def redirect_uri() -> str:
    """Return the address that the provider sends people back to: typed in there, letter for letter."""
    return f"{settings.POSTERN_URL}{reverse('admin:mailbox_connected')}"


def _person(request: HttpRequest) -> User:
    user: User = request.user  # type: ignore[assignment] # the door lets nobody else in
    return user
