"""Sentences of providers: the source text and its parameters, translated where they are shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from campaigns.providers.types import JSON


def gettext_noop(text: str) -> str:
    """Marks a text, so that `makemessages` finds it."""
    return text


@dataclass(frozen=True, slots=True)
class Sentence:
    """`str` gives it in the language of the source. A parameter may be a sentence too."""

    text: str
    params: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text.format(**self.params)

    def as_json(self) -> JSON:
        params = {
            name: value.as_json() if isinstance(value, Sentence) else value
            for name, value in self.params.items()
        }
        return {"text": self.text, "params": params}
