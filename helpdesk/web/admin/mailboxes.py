"""Mailboxes in the admin: secrets are written and never shown, and a connection can be tried."""

from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from helpdesk.core.errors import NotFound
from helpdesk.web.admin.connect import Connector
from helpdesk.web.admin.desk import DeskAdmin, access_in
from inbox.inboxes.models import Inbox
from inbox.inboxes.permissions import DeskRight, Right
from inbox.mail.imap.wire import Step
from inbox.mail.models import Mailbox
from inbox.mail.services.consent import back_to_password, forget_client
from inbox.mail.services.mailboxes import change_secret, forget_secret, remove_mailbox, test_mailbox
from inbox.mail.states import AuthKind, Disposal

STEP_WORDS: dict[Step, Promise] = {
    Step.TOKEN: _("get an access token from the provider"),
    Step.DNS: _("find the server"),
    Step.TCP: _("reach it"),
    Step.TLS: _("agree on encryption and check its certificate"),
    Step.SIGN_IN: _("sign in"),
    Step.FOLDER: _("open the folder"),
    Step.FETCH: _("read mail"),
    Step.DISPOSE: _("move or delete what was taken"),
    Step.SEND: _("hand mail in"),
}
_KEPT = _("Empty leaves it as it is. It is never shown, and must be typed again when the server changes.")


class MailboxForm(forms.ModelForm):  # type: ignore[type-arg] # Django's forms take no type parameters when they run
    """A mailbox. Passwords are written here and never read back."""

    imap_password = forms.CharField(
        label=_("IMAP password"),
        required=False,
        strip=False,
        help_text=_KEPT,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    smtp_password = forms.CharField(
        label=_("SMTP password"),
        required=False,
        strip=False,
        help_text=_KEPT,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    class Meta:
        model = Mailbox
        fields = (
            "inbox", "active", "imap_host", "imap_port", "imap_security", "imap_user", "folder", "history", "dispose",
            "dispose_folder", "secret_ends_at", "smtp_host", "smtp_port", "smtp_security", "smtp_user", "sent_folder",
            "ca_file", "sends_system_mail",
        )  # fmt: skip
        # One field with its label: the admin's two, for day and time, have none of their own.
        field_classes: ClassVar = {"secret_ends_at": forms.DateTimeField}
        widgets: ClassVar = {
            "secret_ends_at": forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        }
        help_texts = {
            "history": _("Older mail comes in beside new mail, and nothing is sent because of it."),
            "dispose": _("Once it is read and safe here. Let it stay while other programs read this folder too."),
            "secret_ends_at": _("When password or client secret end, if you know: you are told two weeks before."),
            "smtp_host": _("Empty: nothing is sent by this mailbox."),
            "sends_system_mail": _("Invitations, notices and alarms leave by it."),
        }

    def clean(self) -> dict[str, Any]:  # Any: values of each field's own type
        """Refuse a new server without its password: no secret goes to a server that it was not typed for."""
        data: dict[str, Any] = super().clean() or self.cleaned_data  # Any: as above
        if self.signs_in_by_token:
            if data.get("smtp_password"):
                self.add_error("smtp_password", _("This mailbox signs in by OAuth2 on both sides."))
        elif not self.instance._state.adding:
            for side in self.moved_sides():
                if data.get(f"{side}_user") and not data.get(f"{side}_password"):
                    self.add_error(f"{side}_password", _("The server has changed: type the password again."))
        read = data.get("folder", "").casefold()  # INBOX is INBOX in any letters (RFC 3501 5.1)
        sent = data.get("sent_folder", "").casefold()
        if sent and sent == read:
            self.add_error("sent_folder", _("Name another folder than the one that is read."))
        if data.get("dispose") == Disposal.MOVE and data.get("dispose_folder", "").casefold() in ("", read):
            self.add_error("dispose_folder", _("Name another folder than the one that is read."))
        return data

    @property
    def signs_in_by_token(self) -> bool:
        """Whether the mailbox stays with OAuth2: a password that is typed ends it."""
        return self.instance.auth_kind == AuthKind.XOAUTH2 and not self.cleaned_data.get("imap_password")

    def moved_sides(self) -> list[str]:
        """Return the sides whose server or account is another one than before.

        The account counts too: an SMTP side without a password of its own signs in with that of IMAP.
        """
        changed = set(self.changed_data)
        return [side for side in ("imap", "smtp") if changed & {f"{side}_host", f"{side}_port", f"{side}_user"}]


_WAY_OUT: Final = ("smtp_host", "smtp_port", "smtp_security", "smtp_user", "ca_file")


@admin.register(Mailbox)
class MailboxAdmin(DeskAdmin):
    """Mailboxes of the inboxes where the person may manage them."""

    inbox_right = Right.MANAGE_MAILBOX
    inbox_path = "inbox"
    form = MailboxForm
    change_form_template = "admin/mailbox_form.html"
    list_display = ("__str__", "inbox", "active", "last_good_at", "fault_step")
    fieldsets = (
        (None, {"fields": ("inbox", "active", "sends_system_mail")}),
        (
            _("Mail in"),
            {
                "fields": (
                    "imap_host", "imap_port", "imap_security", "imap_user", "imap_password", "secret_ends_at", "folder",
                    "history", "dispose", "dispose_folder",
                )
            },
        ),
        (
            _("Mail out"),
            {
                "fields": (
                    "smtp_host", "smtp_port", "smtp_security", "smtp_user", "smtp_password", "sent_folder",
                )
            },
        ),
        (_("Own authority"), {"fields": ("ca_file",), "classes": ("collapse",)}),
        (_("How it fares"), {"fields": ("last_good_at", "failures", "fault_step", "next_poll_at")}),
    )  # fmt: skip
    readonly_fields = ("last_good_at", "failures", "fault_step", "next_poll_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Mailbox | None = None) -> tuple[str, ...]:
        """Leave what carries the desk's own mail to those who hand out rights: its invitations pass there."""
        if access_in(request).may(DeskRight.MANAGE_ROLES):
            return self.readonly_fields
        way_out = _WAY_OUT if obj is not None and obj.sends_system_mail else ()
        return (*self.readonly_fields, "sends_system_mail", *way_out)

    def formfield_for_foreignkey(self, db_field: object, request: HttpRequest, **kwargs: object) -> forms.Field | None:  # type: ignore[override] # Django's own, without its type variables
        """Offer only the inboxes within reach."""
        kwargs["queryset"] = Inbox.objects.filter(pk__in=self.inboxes(request))
        field: forms.Field | None = super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[arg-type] # as above
        return field

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether it may be removed, with its secrets."""
        return obj is not None and self.may_change(request, obj)

    def save_model(self, request: HttpRequest, obj: Mailbox, form: MailboxForm, change: bool) -> None:
        """Save the columns; a password that is given replaces the old one and is recorded as changed."""
        if change:
            obj.next_poll_at = None  # what was mended is tried at once
            obj.save(update_fields=[*MailboxForm.Meta.fields, "next_poll_at"])
            if _stays_with_tokens(obj, form):
                return
            forget_secret(obj, sides=form.moved_sides())
        else:
            obj.secret = {}
            obj.save()
        change_secret(
            obj, imap_password=form.cleaned_data["imap_password"], smtp_password=form.cleaned_data["smtp_password"]
        )

    def delete_model(self, request: HttpRequest, obj: Mailbox) -> None:
        """Remove it by the service."""
        remove_mailbox(obj)

    def get_urls(self) -> list[URLPattern]:
        """Add the connection test, and the guided way to a mailbox that signs in by token."""
        test = path("<uuid:mailbox_id>/test/", self.admin_site.admin_view(require_POST(self.test)), name="mailbox_test")
        return [test, *Connector(self).urls(), *super().get_urls()]

    def test(self, request: HttpRequest, mailbox_id: object) -> HttpResponse:
        """Try the connections and name each step, the failing one in the server's own words."""
        mailbox = self.get_queryset(request).filter(pk=mailbox_id).first()
        if mailbox is None or not access_in(request).can(Right.MANAGE_MAILBOX, mailbox.inbox_id):
            raise NotFound("no such mailbox")
        steps = [
            {
                "side": probed.side.upper(),
                "words": STEP_WORDS[probed.step.step],
                "ok": probed.step.ok,
                "said": probed.step.words,
            }
            for probed in test_mailbox(mailbox)
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Connection test"),
            "mailbox": mailbox,
            "steps": steps,
            "ok": all(step["ok"] for step in steps),
        }
        return render(request, "admin/mailbox_test.html", context)


def _stays_with_tokens(mailbox: Mailbox, form: MailboxForm) -> bool:
    """Tell whether the mailbox goes on signing in by OAuth2; what was kept goes to no other server or account."""
    if mailbox.auth_kind != AuthKind.XOAUTH2:
        return False
    if not form.signs_in_by_token:
        back_to_password(mailbox)
        return False
    if form.moved_sides():
        forget_client(mailbox)
    return True
