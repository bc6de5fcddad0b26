"""Forms of tickets: the new conversation, and the files that come with a form."""

from collections.abc import Sequence
from typing import Final

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from email_validator import EmailNotValidError, validate_email

from inbox.inboxes.models import Inbox
from inbox.mail.send.files import Upload
from inbox.mail.send.recipients import Recipient

_MOST_ADDRESSES: Final = 50


class AddressesField(forms.CharField):
    """Addresses separated by commas, as Recipients."""

    def clean(self, value: str) -> list[Recipient]:
        """Return the recipients. Raises ValidationError for one that no mail can be sent to."""
        text = super().clean(value)
        words = [word.strip() for word in text.replace(";", ",").split(",") if word.strip()]
        if len(words) > _MOST_ADDRESSES:
            raise forms.ValidationError(_("These are too many addresses for one mail."))
        return [_recipient(word) for word in words]


class NewConversationForm(forms.Form):
    """A mail that begins a conversation."""

    inbox = forms.ModelChoiceField(Inbox.objects.none(), label=_("From"), empty_label=None)
    to = AddressesField(label=_("To"), help_text=_("One address."))
    cc = AddressesField(label=_("Cc"), required=False, help_text=_("Separate several addresses by commas."))
    subject = forms.CharField(label=_("Subject"), max_length=250)
    text = forms.CharField(label=_("Text"), widget=forms.Textarea(attrs={"rows": 12, "dir": "auto"}))
    attached = forms.FileField(label=_("Files"), required=False)

    def __init__(self, *args: object, inboxes: QuerySet[Inbox], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # Django's own arguments, handed on
        self.fields["inbox"].queryset = inboxes  # type: ignore[attr-defined] # a ModelChoiceField, see above

    def clean_to(self) -> Recipient:
        """Return the one recipient."""
        recipients: list[Recipient] = self.cleaned_data["to"]
        if len(recipients) != 1:
            raise forms.ValidationError(_("Write one address here and the others into Cc."))
        return recipients[0]


class _FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files, an empty one too."""

    widget = _FilesInput

    def clean(self, data: Sequence["UploadedFile[bytes]"], initial: object = None) -> list["UploadedFile[bytes]"]:
        """Return the files. Raises ValidationError for one that did not come whole."""
        return [super(FilesField, self).clean(file, initial) for file in data]


class PartyForm(forms.Form):
    """An answer to another party; who gets it is worked out from the message being answered."""

    text = forms.CharField(label=_("Text"), widget=forms.Textarea(attrs={"rows": 8, "dir": "auto", "autofocus": True}))
    attached = FilesField(label=_("Files"), required=False, allow_empty_file=True)


class ForwardForm(forms.Form):
    """What is asked before a message is forwarded."""

    to = AddressesField(
        label=_("To"),
        help_text=_("Separate several addresses by commas."),
        widget=forms.TextInput(attrs={"autofocus": True}),
    )
    cc = AddressesField(label=_("Cc"), required=False)
    subject = forms.CharField(label=_("Subject"), max_length=250)
    text = forms.CharField(
        label=_("Words above it"), required=False, widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"})
    )
    attached = FilesField(label=_("More files"), required=False, allow_empty_file=True)


def uploaded(request: HttpRequest, field: str = "files") -> list[Upload]:
    """Return the files of a form, held in memory."""
    files = [file for file in request.FILES.getlist(field) if isinstance(file, UploadedFile)]
    return [Upload(file.name or "", file.content_type or "", file.chunks()) for file in files]


def _recipient(word: str) -> Recipient:
    name, _lt, rest = word.rpartition("<") if word.endswith(">") else ("", "", word)
    try:
        address = validate_email(rest.removesuffix(">"), check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise forms.ValidationError(_("%(word)s is no e-mail address."), params={"word": word}) from error
    return Recipient(name.strip().strip('"'), address)
