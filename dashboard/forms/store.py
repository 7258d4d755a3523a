"""What people look for in the provider's store. Everything is optional, and stands in the address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.contacts.phone import parse_phone
from campaigns.labels.reasons import describe_reason
from campaigns.models import AccountState, ProviderBatch
from campaigns.providers.types import BatchStatus
from campaigns.reports.store_search import BatchSearch, MessageSearch
from dashboard.forms.fields import Styled
from dashboard.state_badges import state_badge
from dashboard.templatetags.carillon import phone

EARLIEST = date(2000, 1, 1)
LATEST = date(2100, 1, 1)


def midnight(day: date | None) -> datetime | None:
    """When a day begins where this site is."""
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None


def whole_number(typed: str) -> str:
    """A phone number in any spelling as E.164. ValidationError with what is wrong with it."""
    phone = parse_phone(typed, settings.DEFAULT_REGION)
    if phone.problem is not None:
        msg = _("{problem} It is searched for as a whole.").format(problem=describe_reason(phone.problem))
        raise forms.ValidationError(msg)
    return phone.e164


class NumberForm(Styled, forms.Form):
    """One phone number, in any spelling."""

    number = forms.CharField(
        max_length=40,
        label=gettext_lazy("Phone number"),
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "inputmode": "tel",
                "autocomplete": "off",
                "placeholder": gettext_lazy("In any spelling"),
            }
        ),
        error_messages={
            "required": gettext_lazy("Enter the phone number of the person who asks."),
            "max_length": gettext_lazy("This is too long for a phone number."),
        },
    )

    def clean_number(self) -> str:
        return whole_number(self.cleaned_data["number"])


class DatesForm(Styled, forms.Form):
    """From one day to another, both included."""

    start = forms.DateField(
        required=False,
        label=gettext_lazy("From"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": gettext_lazy("This is no date. Write it like 2026-11-03.")},
    )
    end = forms.DateField(
        required=False,
        label=gettext_lazy("To"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": gettext_lazy("This is no date. Write it like 2026-11-03.")},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("start", "end"):
            day = cleaned.get(name)
            if day and not EARLIEST <= day < LATEST:
                self.add_error(name, _("Nothing was texted in that year. Check the date."))
        start, end = self.cleaned_data.get("start"), self.cleaned_data.get("end")
        if start and end and start > end:
            self.add_error("end", _("This day is before the first one. Change one of them."))
        return cleaned

    def span(self) -> tuple[datetime | None, datetime | None]:
        """Beginning, and end, which is not included."""
        end = self.cleaned_data["end"]
        return midnight(self.cleaned_data["start"]), midnight(end + timedelta(days=1)) if end else None


class MessageSearchForm(DatesForm):
    """Messages by number, state, direction, day and batch."""

    number = forms.CharField(
        required=False,
        max_length=40,
        label=gettext_lazy("Number"),
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "inputmode": "tel",
                "autocomplete": "off",
                "placeholder": gettext_lazy("All of it"),
            }
        ),
        error_messages={"max_length": gettext_lazy("This is too long for a phone number.")},
    )
    state = forms.ChoiceField(
        required=False,
        label=gettext_lazy("State"),
        error_messages={"invalid_choice": gettext_lazy("Choose one of these states.")},
    )
    direction = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Direction"),
        choices=[
            ("", gettext_lazy("Both ways")),
            ("out", gettext_lazy("To people")),
            ("in", gettext_lazy("From people")),
        ],
        error_messages={"invalid_choice": gettext_lazy("Choose one of these directions.")},
    )
    batch = forms.CharField(
        required=False,
        max_length=64,
        label=gettext_lazy("Batch"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": gettext_lazy("Its whole id")}),
        error_messages={"max_length": gettext_lazy("This is too long for the id of a batch.")},
    )
    field_order = ("number", "state", "direction", "start", "end", "batch")

    def __init__(self, *args: Any, owners: Sequence[AccountState], provider: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owners = owners
        names = ("delivered", "sent", "with_carrier", "not_delivered")
        labels = [(name, state_badge(name, "row", provider).label) for name in names]
        cast("forms.ChoiceField", self.fields["state"]).choices = [
            ("", _("Every state")),
            *labels,
            ("other", _("Another word")),
        ]

    def clean_number(self) -> str:
        typed: str = self.cleaned_data["number"]
        return whole_number(typed) if typed else ""

    def clean_batch(self) -> ProviderBatch | None:
        typed: str = self.cleaned_data["batch"]
        if not typed:
            return None
        batch = ProviderBatch.objects.filter(account__in=self.owners, provider_id=typed).first()
        if batch is None:
            raise forms.ValidationError(
                _("No batch with this id was read. Copy it from the page of batches.")
            )
        return batch

    def wanted(self) -> MessageSearch:
        """Of a valid form."""
        start, end = self.span()
        chosen = {name: self.cleaned_data[name] for name in ("number", "state", "direction", "batch")}
        return MessageSearch(start=start, end=end, **chosen)


class BatchSearchForm(DatesForm):
    """Batches by sender, status and day."""

    sender = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Sender"),
        error_messages={"invalid_choice": gettext_lazy("This is no number of the account. Choose another.")},
    )
    status = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Status"),
        choices=[
            ("", gettext_lazy("Every status")),
            (BatchStatus.PROCESSING.value, "Processing"),
            (BatchStatus.COMPLETED.value, "Completed"),
            (BatchStatus.QUEUED.value, "Queued"),
            (BatchStatus.SENT.value, "Sent"),
        ],
        error_messages={"invalid_choice": gettext_lazy("Choose one of these.")},
    )
    field_order = ("sender", "status", "start", "end")

    def __init__(self, *args: Any, senders: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ChoiceField", self.fields["sender"]).choices = [
            ("", _("Every number")),
            *((number, phone(number)) for number in senders),
        ]

    def wanted(self) -> BatchSearch:
        """Of a valid form."""
        start, end = self.span()
        return BatchSearch(
            sender=self.cleaned_data["sender"], status=self.cleaned_data["status"], start=start, end=end
        )
