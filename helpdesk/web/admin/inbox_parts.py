"""What belongs to an inbox in the admin, on its own page: addresses, working hours, days off, acknowledgements."""

from typing import Any

from django import forms
from django.conf import global_settings
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from helpdesk.web.admin.desk import access_in
from inbox.inboxes.models import Holiday, InboxAddress, OpeningHours
from inbox.inboxes.permissions import DeskRight
from inbox.mail.models import Acknowledgement


def _languages() -> list[tuple[str, str]]:
    known = ((code, get_language_info(code)) for code, _name in global_settings.LANGUAGES)
    return sorted(((code, str(info["name_translated"])) for code, info in known), key=lambda pair: pair[1])


class AddressForm(forms.ModelForm):  # type: ignore[type-arg] # Django's forms take no type parameters when they run
    """An address, kept in lower case."""

    class Meta:
        model = InboxAddress
        fields = ("address", "sends", "takes_plus")
        help_texts = {
            "takes_plus": _(
                "Only when mail to name+anything@… arrives too: answers and bounces then find their ticket."
            ),
        }

    def clean_address(self) -> str:
        """Return the address in lower case."""
        return str(self.cleaned_data["address"]).lower()


class AcknowledgementForm(forms.ModelForm):  # type: ignore[type-arg] # as above
    """What the inbox says in one language."""

    language = forms.ChoiceField(label=_("Language"), choices=_languages, initial="en")

    class Meta:
        model = Acknowledgement
        fields = ("language", "subject", "text", "closed_text")


class AcknowledgementFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg] # as above
    """The texts of an inbox: it acknowledges only while there is one."""

    def clean(self) -> None:
        """Refuse an inbox that acknowledges without a text."""
        super().clean()
        kept = [form for form in self.forms if form not in self.deleted_forms and form.cleaned_data.get("text")]
        if self.instance.acknowledges and not kept:
            raise forms.ValidationError(_("Write a text before you switch acknowledgements on."), code="no_text")


class _PartOfInbox(admin.options.InlineModelAdmin):  # type: ignore[type-arg] # as the forms
    """Rows that may be seen and changed with their inbox."""

    extra = 1

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether they may be seen: with the inbox."""
        return True

    def may_write(self, request: HttpRequest) -> bool:
        """Return whether they may be added, changed and taken away: with the inbox."""
        return True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether one may be added."""
        return self.may_write(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether they may be changed."""
        return self.may_write(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether one may be taken away."""
        return self.may_write(request)


class AddressInline(_PartOfInbox, admin.TabularInline):  # type: ignore[type-arg] # as the forms
    """The addresses of an inbox. Mail to them lands there, so whoever may add one may draw others' mail to themselves:
    that is for those who hand out rights.
    """

    model = InboxAddress
    form = AddressForm

    def may_write(self, request: HttpRequest) -> bool:
        """Return whether the person hands out rights."""
        return access_in(request).may(DeskRight.MANAGE_ROLES)


class AcknowledgementInline(_PartOfInbox, admin.StackedInline):  # type: ignore[type-arg] # as the forms
    """What an inbox says to whoever opens a ticket, language by language."""

    model = Acknowledgement
    form = AcknowledgementForm
    formset = AcknowledgementFormSet


class OpeningHoursInline(_PartOfInbox, admin.TabularInline):  # type: ignore[type-arg] # as the forms
    """When an inbox is staffed."""

    model = OpeningHours

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:  # Any: Django's own, handed on
        """Return the field; times are typed as hours and minutes."""
        if db_field.name in {"opens", "closes"}:
            kwargs["widget"] = forms.TimeInput(format="%H:%M", attrs={"type": "time"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class HolidayInline(_PartOfInbox, admin.TabularInline):  # type: ignore[type-arg] # as the forms
    """The days on which nobody works."""

    model = Holiday
    fields = ("day", "every_year", "name")


PARTS = (AddressInline, AcknowledgementInline, OpeningHoursInline, HolidayInline)
