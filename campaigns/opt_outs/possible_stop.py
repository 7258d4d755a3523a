"""Whether a reply may ask for no more texts in words other than the keywords."""

from campaigns.opt_outs import vocabulary
from campaigns.opt_outs.tokens import contains, words
from campaigns.opt_outs.vocabulary import Words


def may_mean_stop(text: str) -> bool:
    tokens = words(text)
    has_sign = any(sign in text for sign in vocabulary.STOP_SIGNS)
    return has_sign or words_may_mean_stop(tokens) or any(map(asks_to_stop, clauses(text)))


def words_may_mean_stop(tokens: Words) -> bool:
    if contains(tokens, vocabulary.MAYBE_ANYWHERE) or refuses_texts(tokens) or denies_identity(tokens):
        return True
    rest = tuple(word for word in tokens if word not in vocabulary.COURTESIES)
    if not vocabulary.MAYBE_ALONE.isdisjoint((tokens, rest)) or is_split_keyword(rest):
        return True
    if len(rest) == 1 and is_misspelt(rest[0]):
        return True
    if len(tokens) <= vocabulary.MAX_IN_OUTCRY and any(map(contains_stop, tokens)):
        return True
    weak = vocabulary.WEAK.intersection(tokens)
    return bool(weak) and (len(rest) == 1 or not vocabulary.ABOUT_TEXTS.isdisjoint(tokens))


def refuses_texts(tokens: Words) -> bool:
    """As in "don't ever text me", "I want no more ads", "never sms this number"."""
    for place, word in enumerate(tokens):
        if word not in vocabulary.NO:
            continue
        after = place + 1
        while after < len(tokens) and tokens[after] in vocabulary.BETWEEN_NO_AND_TEXTS:
            after += 1
        if after < len(tokens) and tokens[after] in vocabulary.TEXTS:
            return True
    return False


def denies_identity(tokens: Words) -> bool:
    """As in "This is not John", "no Maria here"."""
    return (len(tokens) == 4 and tokens[:3] == ("this", "is", "not")) or (
        len(tokens) == 3 and (tokens[:2] == ("this", "isnt") or (tokens[0], tokens[2]) == ("no", "here"))
    )


def contains_stop(word: str) -> bool:
    """As in "stoppp", "STOOOP", "stopstop", "pleasestop"; "stopped" and "nonstop" are words of their own."""
    squeezed = "".join(sign for place, sign in enumerate(word) if sign != word[place - 1 : place])
    return (squeezed == "stop" or "stop" in word) and word != "stop" and word not in vocabulary.WITH_STOP


def clauses(text: str) -> list[Words]:
    for sign in vocabulary.PARTING:
        text = text.replace(sign, "\n")
    return [words(clause) for clause in text.split("\n")]


def asks_to_stop(clause: Words) -> bool:
    return any(word == "stop" and not is_other_stop(clause, place) for place, word in enumerate(clause))


def is_other_stop(clause: Words, place: int) -> bool:
    """Whether it is the stop of "stop by our store" or "bus stop"."""
    if not vocabulary.BEFORE_ANOTHER_STOP.isdisjoint(clause[place - 1 : place] if place else ()):
        return True
    after, next_but_one = clause[place + 1 : place + 2], clause[place + 2 : place + 3]
    if not vocabulary.AT_ONCE.isdisjoint(next_but_one) or any(word.endswith("ing") for word in next_but_one):
        return False
    return not vocabulary.AFTER_ANOTHER_STOP.isdisjoint(after)


def is_split_keyword(tokens: Words) -> bool:
    """Whether one keyword was typed with blanks inside, as "sto p"."""
    return 1 < len(tokens) <= vocabulary.MAX_PARTS and ("".join(tokens),) in vocabulary.STOP


def is_misspelt(word: str) -> bool:
    return word not in vocabulary.NOT_NEAR and any(is_one_slip(word, right) for right in vocabulary.NEAR)


def is_one_slip(word: str, right: str) -> bool:
    """Whether one letter is missing, too many or another one, or two neighbours changed places."""
    if abs(len(word) - len(right)) > 1 or word[:1] != right[:1]:
        return False
    start = next((place for place, (a, b) in enumerate(zip(word, right, strict=False)) if a != b), len(right))
    a, b = word[start:], right[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[1::-1] == b[:2] and a[2:] == b[2:])
