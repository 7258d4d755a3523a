"""How a label is filled in."""

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Sentence: TypeAlias = "str | _StrPromise"
"""Translated when it is filled in. Those of `ngettext_lazy` choose by their parameter for the count."""


def fill(sentence: Sentence, **params: object) -> str:
    return str(sentence.format(**params))
