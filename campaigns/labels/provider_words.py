"""What providers say, in the language of the reader."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from campaigns.providers.base import ProviderError
from campaigns.providers.error_codes import Explanation
from campaigns.providers.wording import Sentence


@dataclass(frozen=True, slots=True)
class ExplanationWords:
    sentence: str
    advice: str
    reporter: str


def translate(sentence: Sentence) -> str:
    params = {
        name: translate(value) if isinstance(value, Sentence) else value
        for name, value in sentence.params.items()
    }
    return gettext(sentence.text).format(**params)


def describe_error(error: ProviderError) -> str:
    return " ".join(map(translate, error.sentences))


def retell(stored: Iterable[Mapping[str, Any]]) -> str:
    """Sentences as they were stored by `Sentence.as_json`."""
    return " ".join(translate(_restored(sentence)) for sentence in stored)


def describe_stored(error: Mapping[str, Any]) -> str:
    """Of `ProviderError.as_json`; empty if nothing is stored."""
    return retell(error["said"]) if error else ""


def _restored(stored: Mapping[str, Any]) -> Sentence:
    params = stored["params"].items()
    return Sentence(
        stored["text"], {name: _restored(one) if isinstance(one, dict) else one for name, one in params}
    )


def describe_explanation(explanation: Explanation) -> ExplanationWords:
    return ExplanationWords(
        sentence=translate(explanation.sentence),
        advice=_optional(explanation.advice),
        reporter=_optional(explanation.reporter),
    )


def _optional(text: str) -> str:
    """The translation of an empty text would be the head of the catalogue."""
    return gettext(text) if text else ""
