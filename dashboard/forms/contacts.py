"""What people fill in, outside of campaigns."""

import json
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, cast

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.forms.fields import Styled
from dashboard.sign_in_locks import lock_on

NAME_LENGTH = 120
GOOD_ONES = gettext_lazy(
    "12 characters or more, and neither a common password nor like your name. Three words are good."
)
MANY_NUMBERS = 100_000
"""Characters in the box for opt-outs: some 6,000 numbers."""
MOST_LINES = 10_000
"""Lines and commas in the box. Whoever has so many in so few characters has pasted no numbers."""


class SignInForm(Styled, AuthenticationForm):
    """Django's own, in our words."""

    error_messages = {
        "invalid_login": gettext_lazy(
            "This name and this password do not belong together. Capital letters count."
        ),
        "inactive": gettext_lazy("This account is closed."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("User name")
        self.fields["username"].error_messages["required"] = _("Enter your user name.")
        self.fields["password"].error_messages["required"] = _("Enter your password.")

    def get_invalid_login_error(self) -> forms.ValidationError:
        lock = lock_on(self.request) if self.request else None
        if lock is None:
            return super().get_invalid_login_error()
        return forms.ValidationError(lock.sentence, code="locked")


class PasswordForm(Styled, PasswordChangeForm):
    """Django's own, in our words. Guesses of the current password count as those at the sign-in do."""

    error_messages = {
        "password_incorrect": gettext_lazy("This is not your current password. Capital letters count."),
        "password_mismatch": gettext_lazy("The two new passwords differ. Type the same one twice."),
        "unchanged": gettext_lazy("This is the password that you have now. Choose another one."),
    }

    def __init__(self, request: HttpRequest, user: User, *args: Any) -> None:
        super().__init__(user, *args)
        self.request = request
        texts = (
            ("old_password", _("Current password"), _("Enter the password that you have now."), ""),
            ("new_password1", _("New password"), _("Enter a new password."), GOOD_ONES),
            ("new_password2", _("New password, once more"), _("Enter the new password once more."), ""),
        )
        for name, label, required, hint in texts:
            self.fields[name].label, self.fields[name].help_text = label, hint
            self.fields[name].error_messages["required"] = required
        del self.fields["old_password"].widget.attrs["autofocus"]

    def clean_old_password(self) -> str:
        typed: str = self.cleaned_data["old_password"]
        if authenticate(self.request, username=self.user.get_username(), password=typed) is None:
            lock = lock_on(self.request)
            said = lock.sentence if lock else self.error_messages["password_incorrect"]
            raise forms.ValidationError(said, code="locked" if lock else "password_incorrect")
        return typed

    def clean_new_password1(self) -> str:
        typed: str = self.cleaned_data["new_password1"]
        if typed == self.cleaned_data.get("old_password"):
            raise forms.ValidationError(self.error_messages["unchanged"], code="unchanged")
        return typed


def name_from(filename: str) -> str:
    """What to call the list of a file that nobody named: `texas_stores.csv` → `Texas stores`."""
    words = " ".join(PurePath(filename).stem.replace("_", " ").split())
    return (words[:1].upper() + words[1:])[:NAME_LENGTH] or "Recipients"


class UploadForm(Styled, forms.Form):
    """A file of recipients. Which column holds the phones is asked only when the file does not tell."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "CSV or Excel (.xlsx), up to 50 MB: a row for each person, with a column of phone numbers."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.xlsm,.ods"}),
        error_messages={
            "required": gettext_lazy("Choose a file first."),
            "missing": gettext_lazy("Choose a file first."),
            "invalid": gettext_lazy("The file did not arrive. Choose it again."),
            "empty": gettext_lazy("The file is empty."),
        },
    )
    phone_column = forms.ChoiceField(
        label=gettext_lazy("Column with the phone numbers"),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose the column with the phone numbers."),
            "invalid_choice": gettext_lazy("Choose one of these columns."),
        },
    )
    columns = forms.CharField(required=False, widget=forms.HiddenInput)
    """The columns to choose from, carried along as JSON while the form is shown again."""
    name = forms.CharField(
        required=False,
        max_length=NAME_LENGTH,
        label=gettext_lazy("Name of the list"),
        help_text=gettext_lazy("Left empty, it is called after the file."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "max_length": gettext_lazy("This name is too long: %(limit_value)d characters are the most.")
        },
    )

    def __init__(self, *args: Any, kept: str = "", **kwargs: Any) -> None:
        """`kept`: name of the file that is here already; then another one need not be chosen."""
        super().__init__(*args, **kwargs)
        if kept:
            self.fields["file"].required = False
            self.fields["file"].help_text = _(
                "{kept} is kept. Choose a file only to use another one."
            ).format(kept=kept)
        known = _texts(self.data.get("columns", ""))
        if not known:
            del self.fields["phone_column"], self.fields["columns"]
            return
        field = cast("forms.ChoiceField", self.fields["phone_column"])
        field.choices = [(column, column) for column in known]

    def list_name(self, filename: str) -> str:
        return str(self.cleaned_data["name"]).strip() or name_from(filename)


def _texts(carried: str) -> list[str]:
    """The JSON list that the form carried along; anything else is no list."""
    try:
        texts = json.loads(carried)
        json.dumps(texts, ensure_ascii=False).encode()  # half of a surrogate pair stands on no page
    except (ValueError, RecursionError):
        return []
    return [text for text in texts if isinstance(text, str)] if isinstance(texts, list) else []


class PhoneColumnForm(Styled, forms.Form):
    """Another column of a list that is read already, by its place."""

    phone_column = forms.TypedChoiceField(
        coerce=int,
        label=gettext_lazy("Column with the phone numbers"),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose the column with the phone numbers."),
            "invalid_choice": gettext_lazy("Choose one of these columns."),
        },
    )

    def __init__(self, *args: Any, columns: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.TypedChoiceField", self.fields["phone_column"])
        field.choices = [(place, column) for place, column in enumerate(columns)]


class ListNameForm(Styled, forms.Form):
    """A better name for a list."""

    name = forms.CharField(
        max_length=NAME_LENGTH,
        label=gettext_lazy("Name of the list"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Give it a name, so that you find it again."),
            "max_length": gettext_lazy("This name is too long: %(limit_value)d characters are the most."),
        },
    )


class OptOutForm(Styled, forms.Form):
    """One number or many, and how we know."""

    numbers = forms.CharField(
        label=gettext_lazy("Numbers"),
        help_text=gettext_lazy("One on each line. Spaces, dashes and brackets do not matter."),
        max_length=MANY_NUMBERS,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "required": gettext_lazy("Enter a phone number."),
            "max_length": gettext_lazy("This is too much at once. Enter it in several parts."),
        },
    )
    note = forms.CharField(
        required=False,
        max_length=200,
        label=gettext_lazy("Note"),
        help_text=gettext_lazy("How do we know? For example: called the Austin store on Monday."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "max_length": gettext_lazy("This note is too long: %(limit_value)d characters are the most.")
        },
    )

    def clean_numbers(self) -> str:
        typed: str = self.cleaned_data["numbers"]
        if sum(map(typed.count, "\n,;")) > MOST_LINES:
            raise forms.ValidationError(_("This is too much at once. Enter it in several parts."))
        return typed
