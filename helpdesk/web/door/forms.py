"""The forms of the door and of one's own profile."""

from functools import cache
from uuid import UUID
from zoneinfo import available_timezones

from allauth.account.forms import LoginForm
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.validators import MaxLengthValidator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.passwords import MAX_LENGTH
from accounts.rows import FactorRow

_CODE_LENGTH = 64


class SignInForm(LoginForm):
    """allauth's form for address and password; neither is read past a sane length."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("E-mail address")
        self.fields["login"].widget.attrs = {"autocomplete": "username", "autofocus": True, "maxlength": "254"}
        self.fields["login"].validators.append(MaxLengthValidator(254))
        self.fields["password"].label = _("Password")
        self.fields["password"].help_text = ""
        self.fields["password"].widget.attrs = {"autocomplete": "current-password", "maxlength": str(MAX_LENGTH)}
        self.fields["password"].validators.append(MaxLengthValidator(MAX_LENGTH))


def _code_input(*, digits: bool) -> forms.TextInput:
    attrs = {"autocomplete": "one-time-code", "autocapitalize": "off", "spellcheck": "false"}
    if digits:
        attrs |= {"inputmode": "numeric", "pattern": "[0-9 ]*"}
    return forms.TextInput(attrs)


class AppCodeField(forms.CharField):
    """A code of an authenticator app, read without the blanks that some apps show in it."""

    def __init__(self, *, label: str | Promise) -> None:
        super().__init__(label=label, max_length=_CODE_LENGTH, widget=_code_input(digits=True))  # type: ignore[arg-type] # lazy words are text

    def clean(self, value: object) -> str:
        """Return the code without blanks."""
        return str(super().clean(value)).replace(" ", "")


class CodeForm(forms.Form):
    """A code of an authenticator app, of the one that is chosen."""

    factor = forms.TypedChoiceField(label=_("Authenticator app"), coerce=UUID, empty_value=None, required=False)
    code = AppCodeField(label=_("Code"))

    def __init__(self, *args: object, apps: list[FactorRow], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # Django's own arguments, handed on
        choices = [(str(app.id), app.name) for app in apps]
        self.fields["factor"].choices = choices  # type: ignore[attr-defined] # it is a choice field
        if len(choices) < 2:
            self.fields["factor"].widget = forms.HiddenInput()
        self.fields["code"].widget.attrs["autofocus"] = True


class OneCodeForm(forms.Form):
    """A code, where it is plain which factor it belongs to."""

    code = AppCodeField(label=_("Code"))


class RecoveryForm(forms.Form):
    """A recovery code, written as one likes."""

    code = forms.CharField(label=_("Recovery code"), max_length=_CODE_LENGTH, widget=_code_input(digits=False))


@cache
def _zones() -> list[tuple[str, str]]:
    return [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones()) if zone != "localtime"]


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg] # Django's forms take no type parameter when they run
    """What a person decides for themselves; never a right, an address or a flag of the account."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    timezone = forms.ChoiceField(label=_("Time zone"), choices=_zones)

    class Meta:
        model = User
        fields = ("name", "language", "timezone", "theme", "density", "single_keys")


class PasswordForm(forms.Form):
    """A new password, with proof of the old one and of the second factor."""

    old = forms.CharField(
        label=_("Password until now"),
        strip=False,
        max_length=MAX_LENGTH,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=MAX_LENGTH,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("New password again"),
        strip=False,
        max_length=MAX_LENGTH,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    code = AppCodeField(label=_("Code of your authenticator app"))

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # Django's own arguments, handed on
        self._user = user

    def clean_old(self) -> str:
        """Return the old password. Raises ValidationError when it is not theirs."""
        old = str(self.cleaned_data["old"])
        if not self._user.check_password(old):
            raise forms.ValidationError(_("This is not your password."), code="wrong_password")
        return old

    def clean_new(self) -> str:
        """Return the new password. Raises ValidationError when it is too weak."""
        new = str(self.cleaned_data["new"])
        validate_password(new, self._user)
        return new

    def clean(self) -> dict[str, object]:
        """Refuse two new passwords that differ."""
        cleaned = super().clean() or {}
        if "new" in cleaned and cleaned["new"] != cleaned.get("again"):
            self.add_error("again", _("The two new passwords differ."))
        return cleaned
