"""What people fill in to make a campaign."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.accounts import registry
from campaigns.composing.audience import fields_with_gaps
from campaigns.composing.template_check import MAX_TEMPLATE_CHARACTERS
from campaigns.models import Campaign, ContactList, Import, SenderNumber
from campaigns.sending import canary
from dashboard.forms.fields import Styled
from dashboard.templatetags.carillon import number, phone

BATCH_SIZES = (100, 500, 1000, 5000)
OPT_OUT_LINE = "Reply STOP to opt out"
GREETED_BY = frozenset(
    {"name", "first_name", "firstname", "fname", "given_name", "forename", "nickname", "full_name"}
)
"""Fields that stand in a greeting: where the cell is empty, "Hi there" reads better than "Hi "."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A column that a press puts into the text."""

    label: str
    code: str


def chips(contact_list: ContactList | None) -> list[Chip]:
    """One for each column of the list but the phone number."""
    if contact_list is None:
        return []
    named = zip(contact_list.columns, contact_list.field_names, strict=True)
    gaps = fields_with_gaps(contact_list)
    return [
        Chip(label, f"{{{{ {name}{_instead(name, gaps)} }}}}")
        for place, (label, name) in enumerate(named)
        if place != contact_list.phone_column
    ]


def _instead(name: str, gaps: Collection[str]) -> str:
    """What stands there for those whose cell is empty."""
    if name in GREETED_BY:
        return ' or "there"'
    return ' or "…"' if name in gaps else ""


if TYPE_CHECKING:
    _ListField = forms.ModelChoiceField[ContactList]
else:
    _ListField = forms.ModelChoiceField


class ListChoice(_ListField):
    """Lists whose file was read to its end."""

    def label_from_instance(self, obj: ContactList) -> str:
        return ngettext("{name} · {count} person", "{name} · {count} people", obj.contact_count).format(
            name=obj.name, count=number(obj.contact_count)
        )


class BasicsForm(Styled, forms.Form):
    """Name, list and sender. With no usable number there is nothing to choose: the draft waits for one."""

    name = forms.CharField(
        max_length=120,
        label=gettext_lazy("Name of the campaign"),
        help_text=gettext_lazy("Only you and your colleagues see it."),
        error_messages={"required": gettext_lazy("Give it a name, so that you find it again.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    contact_list = ListChoice(
        queryset=ContactList.objects.none(),
        label=gettext_lazy("Who gets it"),
        empty_label=gettext_lazy("Choose a list"),
        error_messages={
            "required": gettext_lazy("Choose the list of people who get it."),
            "invalid_choice": gettext_lazy("This list is not there any more. Choose another."),
        },
    )
    sender = forms.ChoiceField(
        label=gettext_lazy("From which number"),
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": gettext_lazy("This number cannot send campaigns. Choose another.")},
    )

    def __init__(self, *args: Any, numbers: Sequence[SenderNumber], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.numbers = numbers
        lists = cast("ListChoice", self.fields["contact_list"])
        lists.queryset = ContactList.objects.filter(imports__state=Import.State.DONE).distinct()
        self._sender().choices = [(number.phone, phone(number.phone)) for number in numbers]

    def _sender(self) -> forms.ChoiceField:
        return cast("forms.ChoiceField", self.fields["sender"])

    def clean_sender(self) -> str:
        chosen: str = self.cleaned_data["sender"]
        if not chosen and self.numbers:
            raise forms.ValidationError(_("Choose the number that the texts come from."), code="required")
        return chosen


class CampaignForm(BasicsForm):
    """A draft as it is edited: the basics and the text. An empty text is a draft too."""

    text = forms.CharField(
        required=False,
        max_length=MAX_TEMPLATE_CHARACTERS,
        label=gettext_lazy("Text"),
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "true"}),
        error_messages={
            "max_length": gettext_lazy(
                "This is too long: %(show_value)d characters, the most is %(limit_value)d."
            )
        },
    )

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        kwargs.setdefault(
            "initial",
            {
                "name": campaign.name,
                "contact_list": campaign.contact_list_id,
                "sender": campaign.sender,
                "text": campaign.text,
            },
        )
        super().__init__(*args, **kwargs)
        self._keep_sender(campaign.sender)

    def _keep_sender(self, sender: str) -> None:
        """A number that was chosen once and cannot send now must not stop anybody from saving the text."""
        choices = [(number.phone, phone(number.phone)) for number in self.numbers]
        if sender and sender not in dict(choices):
            choices.append((sender, _("{phone}, cannot send now").format(phone=phone(sender))))
        self._sender().choices = choices

    def clean_text(self) -> str:
        # Browsers send line ends as two characters; in a text each of them would be billed.
        text: str = self.cleaned_data["text"]
        return text.replace("\r\n", "\n")


class LaunchForm(Styled, forms.Form):
    """What comes with the press on Send. `seen` names the draft as the page showed it."""

    batch_size = forms.TypedChoiceField(
        coerce=int,
        label=gettext_lazy("Texts in one batch"),
        help_text=gettext_lazy(
            "If an answer is lost, the texts of one batch are in doubt at once, and no more."
        ),
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": gettext_lazy("Choose one of the sizes.")},
    )
    canary = forms.BooleanField(
        required=False,
        label=f"First send it to {canary.SIZE} people and wait for me",
        help_text=gettext_lazy(
            "You see their receipts and press Go on, or stop. The others get nothing before."
        ),
    )
    on_not_found = forms.ChoiceField(
        choices=(
            (Campaign.OnNotFound.RETRY, gettext_lazy("Send these texts again by itself")),
            (Campaign.OnNotFound.REVIEW, gettext_lazy("Ask me first")),
        ),
        required=False,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": gettext_lazy("Choose one of the two.")},
    )
    seen = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        chosen = {
            "batch_size": campaign.batch_size,
            "canary": bool(campaign.canary),
            "on_not_found": campaign.on_not_found,
        }
        super().__init__(*args, **kwargs | {"initial": chosen | kwargs.get("initial", {})})
        self.fields["on_not_found"].label = _(
            "If an answer is lost, and {name}'s records show nothing"
        ).format(name=registry.for_sender(campaign.sender).name)
        field = cast("forms.TypedChoiceField", self.fields["batch_size"])
        sizes = sorted({*BATCH_SIZES, campaign.batch_size})
        field.choices = [(size, f"{size:,}") for size in sizes]
