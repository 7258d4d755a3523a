"""Turns RingCentral's four shapes of error into one ProviderError with sentences for people.

Codes decide, never the provider's own message: it is localised, it changes, and it may hold a phone number.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

import orjson

from campaigns.providers.base import Outcome, ProviderError
from campaigns.providers.http import Answer, Cause, NoAnswerError
from campaigns.providers.retry import silence_after
from campaigns.providers.wording import Sentence
from campaigns.providers.wording import gettext_noop as _

# Whole requests that were provably not taken. Everything that is neither here, nor a 429, nor a 2xx with an
# id leaves a doubt.
_REFUSING: Final = frozenset({400, 401, 403, 404, 405, 413, 415, 422})
_PARALLEL_COPY: Final = "CMN-304"  # "duplicate concurrent request": the first copy may be under way
_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{1,63}")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.\[\]]{0,63}")


@dataclass(frozen=True, slots=True)
class Meaning:
    kind: str
    sentence: str
    permanent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The error in an answer; every field may be empty."""

    code: str = ""
    parameter: str = ""
    permission: str = ""


_SIGN_IN_AGAIN: Final = _("RingCentral no longer accepts the sign-in. Carillon signs in again by itself.")
_CHECK_KEYS: Final = _(
    "RingCentral does not accept the app's client id or secret. Ask an administrator to check them."
)
_CHECK_JWT: Final = _(
    "RingCentral does not accept the JWT credential: it may be revoked, expired or made for another app. "
    "Ask an administrator to make a new one."
)
_APP_SETUP: Final = _(
    "The RingCentral app is not set up for sign-in with a JWT. Ask an administrator to allow it in the "
    "RingCentral developer console."
)
_LOCKED: Final = _("RingCentral has locked this account or user. Ask an administrator to unlock it.")
_TOO_FAST: Final = _("RingCentral asks us to slow down. Carillon waits and goes on by itself.")
_TROUBLE: Final = _("RingCentral has trouble at the moment. Try again in a few minutes.")
_NOT_FOUND: Final = _(
    "RingCentral does not know what was asked for. It may be too old, or of another account."
)
_OUR_FAULT: Final = _("RingCentral could not understand the request. Please report this with the code.")
_BAD_VALUE: Final = _("RingCentral does not accept a value of the request.")
_NO_HANDSHAKE: Final = _(
    "RingCentral called our address for webhooks and did not get the answer that it wants. Check that the "
    "address leads to this site from the outside."
)
_ADMIN: Final = _(
    "RingCentral allows this only to administrators. Sign in with an administrator's credential."
)

_EXPIRED = Meaning("credentials", _SIGN_IN_AGAIN, permanent=False)
_KEYS = Meaning("credentials", _CHECK_KEYS)
_JWT = Meaning("credentials", _CHECK_JWT)
_SETUP = Meaning("credentials", _APP_SETUP)
_FAST = Meaning("rate", _TOO_FAST, permanent=False)
_DOWN = Meaning("server", _TROUBLE, permanent=False)
_MISSING = Meaning("not_found", _NOT_FOUND)
_FAULT = Meaning("request", _OUR_FAULT)
_VALUE = Meaning("request", _BAD_VALUE)
_NO_PERMISSION = Meaning(
    "permission",
    _(
        "The RingCentral app lacks a permission that this needs. Ask an administrator to add it in the "
        "RingCentral developer console."
    ),
)
_NO_FEATURE = Meaning(
    "permission",
    _("This feature is not switched on for the RingCentral account. Ask RingCentral to switch it on."),
)
_NOT_FOR_USER = Meaning(
    "permission",
    _("The RingCentral user of the credential may not do this. Ask an administrator for the permission."),
)

_BY_CODE: Final[dict[str, Meaning]] = {
    "OAU-123": _KEYS,
    "OAU-125": _SETUP,
    "OAU-128": _EXPIRED,
    "OAU-129": _EXPIRED,
    "OAU-134": _KEYS,
    "OAU-136": _JWT,
    "OAU-140": _JWT,
    "OAU-141": Meaning("credentials", _LOCKED),
    "OAU-142": Meaning("credentials", _LOCKED),
    "OAU-146": _KEYS,
    "OAU-147": Meaning("credentials", _LOCKED),
    "OAU-148": Meaning("credentials", _LOCKED),
    "OAU-149": _EXPIRED,
    "OAU-151": _SETUP,
    "OAU-153": _KEYS,
    "OAU-213": _EXPIRED,
    "OAU-250": _SETUP,
    "OAU-251": _SETUP,
    "invalid_client": _KEYS,
    "invalid_grant": _JWT,
    "unauthorized_client": _SETUP,
    "unsupported_grant_type": _SETUP,
    "TokenInvalid": _EXPIRED,
    "InsufficientPermissions": _NO_PERMISSION,
    "AGW-401": _EXPIRED,
    "AGW-402": _EXPIRED,
    "AGW-404": Meaning(
        "not_found", _("RingCentral has no such address. Check the server URL in the settings.")
    ),
    "CMN-101": _VALUE,
    "CMN-102": _MISSING,
    "CMN-103": _FAULT,
    "CMN-104": _FAULT,
    "CMN-105": _FAULT,
    "CMN-106": Meaning("too_large", _("RingCentral takes fewer entries at once.")),
    "CMN-109": _NO_FEATURE,
    "CMN-110": _FAULT,
    "CMN-120": _FAULT,
    "CMN-201": _DOWN,
    "CMN-203": _DOWN,
    "CMN-301": _FAST,
    "CMN-302": _FAST,
    "CMN-303": Meaning(
        "rate", _("RingCentral has no plan for API requests on this account. Ask RingCentral.")
    ),
    _PARALLEL_COPY: Meaning(
        "rate",
        _("RingCentral says that an equal request is under way. Carillon looks at what became of it."),
        False,
    ),
    "CMN-310": _FAST,
    "CMN-401": _NO_PERMISSION,
    "CMN-402": Meaning("permission", _ADMIN),
    "CMN-403": _NO_FEATURE,
    "CMN-404": _NOT_FOR_USER,
    "CMN-405": _NOT_FOR_USER,
    "CMN-407": _FAULT,
    "CMN-408": _NOT_FOR_USER,
    "MSG-305": _FAST,
    "SUB-505": Meaning(
        "request", _("RingCentral keeps no more webhooks of this app. Delete one of the old ones.")
    ),
    "SUB-507": _MISSING,
    "SUB-508": Meaning("request", _("RingCentral cannot tell of any of these events.")),
    "SUB-522": Meaning("request", _NO_HANDSHAKE),
    "SUB-525": Meaning("request", _NO_HANDSHAKE),
}

_BY_STATUS: Final[dict[int, Meaning]] = {
    400: _FAULT,
    401: _EXPIRED,
    403: _NOT_FOR_USER,
    404: _MISSING,
    405: _FAULT,
    408: _DOWN,
    413: Meaning("too_large", _("The request is larger than RingCentral takes at once.")),
    415: _FAULT,
    422: _VALUE,
    429: _FAST,
}

_CAUSES: Final[dict[Cause, str]] = {
    Cause.NAME: _(
        "RingCentral cannot be reached: its name is not found. Check the network and the server URL."
    ),
    Cause.REFUSED: _("RingCentral cannot be reached: the connection was refused. Check the server URL."),
    Cause.TIMEOUT: _("RingCentral did not answer in time."),
    Cause.TLS: _("No safe connection to RingCentral is possible: its certificate cannot be checked."),
    Cause.STALE: _("The hand-over was held up for too long just before it began, so it was called off."),
    Cause.BROKEN: _("The connection to RingCentral broke off."),
}
_DOUBT: Final = _(
    "It is not known whether RingCentral took these texts. They are not sent again until that is known."
)


def parse_problem(body: bytes) -> Problem:
    """Read any envelope: v1.0, `errors` alone, OAuth, top level alone. HTML and nothing give no code."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Problem()
    if not isinstance(data, dict):
        return Problem()
    errors = data.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    return Problem(
        code=plain_word(_CODE, first.get("errorCode"), data.get("errorCode"), data.get("error")),
        parameter=plain_word(_NAME, first.get("parameterName"), data.get("parameterName")),
        permission=plain_word(_NAME, first.get("permissionName"), data.get("permissionName")),
    )


def code_word(value: object) -> str:
    return plain_word(_CODE, value)


def plain_word(shape: re.Pattern[str], *values: Any) -> str:
    # Anything but a plain word is dropped: it could hold a number or a token.
    return next((value for value in values if isinstance(value, str) and shape.fullmatch(value)), "")


def outcome_of(http_status: int, code: str) -> Outcome:
    """What an answer without a usable batch id proves about the batch."""
    if http_status == 429 and code != _PARALLEL_COPY:
        return Outcome.REFUSED
    return Outcome.REFUSED if http_status in _REFUSING else Outcome.UNKNOWN


def refusal(answer: Answer) -> ProviderError:
    """The error for an unexpected answer. Its outcome is that of a submission."""
    problem = parse_problem(answer.body)
    outcome = Outcome.UNKNOWN if answer.broken else outcome_of(answer.status, problem.code)
    meaning = meaning_of(answer, problem)
    return ProviderError(
        *sentences_of(meaning, problem),
        code=problem.code,
        permanent=meaning.permanent,
        outcome=outcome,
        http_status=answer.status,
        retry_after=silence_after(answer.status, answer.headers),
        request_id=request_id(answer),
        kind=meaning.kind,
    )


def meaning_of(answer: Answer, problem: Problem) -> Meaning:
    # A status that says how to go on outranks a code that only says why.
    if answer.status == 401 and _BY_CODE.get(problem.code, _EXPIRED).kind != "credentials":
        return _EXPIRED
    if answer.status in (413, 429) and problem.code != _PARALLEL_COPY:
        return _BY_STATUS[answer.status]
    if answer.status >= 500:
        return _DOWN
    if answer.status < 400:
        return Meaning("answer", _("RingCentral's answer makes no sense."), permanent=False)
    known = _BY_CODE.get(problem.code) or _BY_STATUS.get(answer.status)
    return known or Meaning("other", _("RingCentral refused the request."))


def sentences_of(meaning: Meaning, problem: Problem) -> list[Sentence]:
    details = [
        f"value: {problem.parameter}" if problem.parameter else "",
        f"permission: {problem.permission}" if problem.permission else "",
        f"code: {problem.code}" if problem.code else "",
    ]
    known = ", ".join(detail for detail in details if detail)
    sentences = [Sentence(meaning.sentence)]
    return [*sentences, Sentence("({known})", {"known": known})] if known else sentences


def unanswered(error: NoAnswerError) -> ProviderError:
    stale = error.cause is Cause.STALE
    return ProviderError(
        _CAUSES[error.cause],
        outcome=Outcome.UNKNOWN if error.written else Outcome.NOT_SENT,
        kind="stopped" if stale else "unreachable",
    )


def senseless(answer: Answer, what: str) -> ProviderError:
    """The error for a 2xx without its content."""
    return ProviderError(
        Sentence(_("RingCentral's answer makes no sense: {what}."), {"what": Sentence(what)}),
        outcome=Outcome.UNKNOWN,
        http_status=answer.status,
        request_id=request_id(answer),
        kind="answer",
    )


def still_refused(error: ProviderError) -> ProviderError:
    """For a 401 with a new token: further retries would only use up sign-ins."""
    error.permanent = True
    error.say(_("RingCentral refuses the sign-in, even a new one."), _CHECK_JWT)
    return error


def with_doubt(error: ProviderError) -> ProviderError:
    """For a submission: add that the texts are in doubt, if they are."""
    if error.outcome is Outcome.UNKNOWN:
        error.say(*error.sentences, _DOUBT)
    return error


def request_id(answer: Answer) -> str:
    return answer.headers.get("rcrequestid", "")[:64]
