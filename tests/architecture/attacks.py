"""Texts that are made to keep a pattern busy, derived from the pattern itself.

A pattern costs more than its text is long where a part that repeats can begin or end in many places: the
engine tries them all once the rest does not fit. So for each repeat there are texts that reach it, feed it,
and then break off; and as there may be several repeats, texts that feed all of them at once.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

Nodes = Iterable[tuple[Any, Any]]

SIGNS = " \t\n01aA_-.,+:;=/'\"({[<é"
"""What repeats are fed with, as far as they take it."""
ENDS = ("", "\0", "x", " !\n")
"""Signs after which most patterns do not go on."""
STOP = "\0"
"""In front it keeps a part from matching where the text begins."""
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)
_FEW = 10
"""A part that repeats less often than this is not worth feeding."""


@dataclass(frozen=True, slots=True)
class Attack:
    """Pieces of text, some of which are repeated until the whole has the length that is asked for."""

    pieces: tuple[tuple[str, bool], ...]

    def text(self, length: int) -> str:
        repeated = sum(again for _, again in self.pieces) or 1
        return "".join(
            piece * max(1, length // repeated // len(piece)) if again and piece else piece
            for piece, again in self.pieces
        )

    def __str__(self) -> str:
        return " + ".join(f"{piece!r} * n" if again else repr(piece) for piece, again in self.pieces if piece)


def attacks_on(pattern: str | bytes, flags: int = 0) -> list[Attack]:
    """Each once, without the general ones."""
    source = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    tree = parser.parse(source, flags)
    found: dict[Attack, None] = {}
    for before, repeated in _repeats(tree, ""):
        for food in _food(repeated):
            for end in ENDS:
                found[_attack((before, False), (food, True), (end, False))] = None
            found[_attack((STOP + before, False), (food, True), (STOP, False))] = None
            found[_attack((before + food, True))] = None
        found[_attack((before, True))] = None
    for sign in SIGNS:
        found |= dict.fromkeys(_attack(*_spread(tree, sign), (end, False)) for end in ENDS[1:3])
    found[_attack((_sample(tree, " ")[:-1], True))] = None
    return [attack for attack in found if any(again for _, again in attack.pieces)]


GENERAL = [
    Attack(((piece, True), (end, False)))
    for piece in (
        *(
            " ",
            "\t ",
            "\n",
            "\r\n",
            "0",
            "a",
            "a ",
            "0.",
            "+1 ",
            "1e",
            '"',
            "'",
            '""',
            "{",
            "{{",
            "{{ a",
            "{%",
        ),
        *("(", "()", "[", "<", "%", ",", ", ", ";", "/", "//", "-", "_", "=", "é", "\u0300\u0316", "\u200b"),
        *("😀", "token ", "a@a.", "{{ a }}", '{{ a or "b" }}', '"a",', "\0", "&#", "\\"),
    )
    for end in ("", "\0x")
]
"""For every pattern, and for what no pattern shows."""


def _attack(*pieces: tuple[str, bool]) -> Attack:
    return Attack(tuple(piece for piece in pieces if piece[0]))


def _repeats(nodes: Nodes, before: str) -> Iterator[tuple[str, Sequence[Any]]]:
    """What stands before each repeat, as short as it can be, and the part that repeats."""
    for code, value in nodes:
        for inner in _inner(code, value):
            yield from _repeats(inner, before)
        if code in _REPEATS and value[1] > _FEW:
            yield before, value[2]
        before += _sample(value[1]) if code is codes.ASSERT and value[0] < 0 else _sample([(code, value)])


def _inner(code: Any, value: Any) -> Iterator[Sequence[Any]]:
    """The sequences of which a part is made."""
    if code in _REPEATS:
        yield value[2]
    elif code is codes.SUBPATTERN:
        yield value[-1]
    elif code is codes.ATOMIC_GROUP:
        yield value
    elif code is codes.BRANCH:
        yield from value[1]
    elif code in (codes.ASSERT, codes.ASSERT_NOT):
        yield value[1]
    elif code is codes.GROUPREF_EXISTS:
        yield from (part for part in value[1:] if part)


def _food(repeated: Sequence[Any]) -> list[str]:
    """What the part takes: with one sign or another, and with its own repeats empty or not."""
    made = (_sample(repeated, sign, more) for more in (0, 1) for sign in SIGNS)
    return list(dict.fromkeys(text for text in made if text))


def _spread(nodes: Nodes, sign: str) -> Iterator[tuple[str, bool]]:
    """A text that feeds every repeat at once."""
    for code, value in nodes:
        if code in _REPEATS and value[1] > _FEW:
            yield _sample(value[2], sign), True
        elif code is codes.SUBPATTERN:
            yield from _spread(value[-1], sign)
        else:
            yield _sample([(code, value)], sign), False


def _sample(nodes: Nodes, sign: str = "a", more: int = 0) -> str:
    """A short text that these parts take, of this sign where they take it; each repeat `more` often."""
    made = ""
    for code, value in nodes:
        if code in _REPEATS:
            made += _sample(value[2], sign, more) * min(value[0] + more, value[1])
        elif code is codes.BRANCH:
            made += _sample(value[1][0], sign, more)
        elif code in (codes.SUBPATTERN, codes.ATOMIC_GROUP):
            made += "".join(_sample(inner, sign, more) for inner in _inner(code, value))
        elif code in (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN):
            made += _one_sign(code, value, sign)
    return made


def _one_sign(code: Any, value: Any, wanted: str) -> str:
    own = (chr(arg if what is codes.LITERAL else arg[0]) for what, arg in _members(code, value))
    return next((sign for sign in (wanted, *SIGNS, *own, "~") if _takes(code, value, sign)), "")


def _members(code: Any, value: Any) -> list[tuple[Any, Any]]:
    if code is codes.LITERAL:
        return [(code, value)]
    plain = (codes.LITERAL, codes.RANGE)
    return [(what, arg) for what, arg in value if what in plain] if code is codes.IN else []


def _takes(code: Any, value: Any, sign: str) -> bool:
    if code is codes.IN:
        negated = value[0][0] is codes.NEGATE
        return negated != any(_takes(what, arg, sign) for what, arg in value[negated:])
    if code is codes.RANGE:
        return bool(value[0] <= ord(sign) <= value[1])
    if code is codes.CATEGORY:
        negated = "NOT" in str(value)
        kind = {"DIGIT": sign.isdigit(), "SPACE": sign.isspace(), "WORD": bool(re.fullmatch(r"\w", sign))}
        return negated != kind[str(value).rpartition("_")[2]]
    if code is codes.ANY:
        return sign != "\n"
    return bool((ord(sign) == value) == (code is codes.LITERAL))
