"""Why a text was not delivered: the provider's codes in words for the people who sent it.

Facts: RingCentral's pages on SMS errors (2026-04); classes and advice are judgement on the remedies there.
A code reads SMS-<who>-<number>: RC is RingCentral, UP the network behind it, CAR the recipient's carrier.
"""

import re
from typing import Final

from campaigns.providers.error_codes import ErrorClass, Explanation, Retry, Row
from campaigns.providers.wording import Sentence
from campaigns.providers.wording import gettext_noop as _

_REPORTERS: Final = {"RC": "RingCentral", "UP": _("the network behind RingCentral"), "CAR": _("the carrier")}
_UNKNOWN: Final = {
    "RC": _("RingCentral gave a reason that Carillon does not know{shown}."),
    "UP": _("The network behind RingCentral gave a reason that Carillon does not know{shown}."),
    "CAR": _("The carrier gave a reason that Carillon does not know{shown}."),
}
NO_REASON: Final = _("No reason was given.")
_CODE: Final = re.compile(r"SMS-(RC|UP|CAR)-[0-9]{3}")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.-]{1,40}")

_ROWS: Final[dict[str, Row]] = {
    "SMS-RC-403": Row(
        ErrorClass.QUOTA,
        Retry.LATER,
        _("The account has used up its sending limit for the day or the month."),
        _("Wait until the limit starts anew, or ask an administrator to raise it."),
    ),
    "SMS-RC-410": Row(
        ErrorClass.RECIPIENT,
        Retry.NEVER,
        _("RingCentral cannot text this number: it is not valid or of a kind that takes no texts."),
        _("Ask the person for a mobile number."),
    ),
    "SMS-RC-413": Row(
        ErrorClass.OPT_OUT,
        Retry.NEVER,
        _("This person has opted out of texts from this number, so RingCentral held the text back."),
        _("Do not text again unless the person sends START."),
    ),
    "SMS-RC-430": Row(
        ErrorClass.CONTENT,
        Retry.AFTER_EDIT,
        _("RingCentral's spam filter stopped the text."),
        _("Change the wording, and leave out link shorteners and capitals."),
    ),
    "SMS-RC-500": Row(
        ErrorClass.PROVIDER,
        Retry.MANUAL,
        _("Something failed inside RingCentral."),
        _("Ask RingCentral's support before you send it again."),
    ),
    "SMS-RC-501": Row(
        ErrorClass.PROVIDER,
        Retry.MANUAL,
        _("RingCentral made a mistake when it passed the text on."),
        _("Ask RingCentral's support before you send it again."),
    ),
    "SMS-RC-503": Row(
        ErrorClass.SENDER,
        Retry.AFTER_FIX,
        _("RingCentral has not set up the sending number properly."),
        _("Use another number and ask RingCentral's support to repair this one."),
    ),
    "SMS-RC-504": Row(
        ErrorClass.SENDER,
        Retry.AFTER_FIX,
        _("The sending number's settings for texts are wrong."),
        _("Use another number and ask an administrator to check this one."),
    ),
    "SMS-UP-410": Row(
        ErrorClass.RECIPIENT,
        Retry.NEVER,
        _("The number is not in use, or it cannot take texts."),
        _("Ask the person for a mobile number."),
    ),
    "SMS-UP-411": Row(
        ErrorClass.RECIPIENT,
        Retry.NEVER,
        _("The number is not in use, or it cannot take texts."),
        _("Ask the person for a mobile number."),
    ),
    "SMS-UP-412": Row(
        ErrorClass.RECIPIENT,
        Retry.NEVER,
        _("The phone could not be reached."),
        _("Check the number, or use another way to reach the person."),
    ),
    "SMS-UP-413": Row(
        ErrorClass.OPT_OUT,
        Retry.NEVER,
        _("This person has opted out of texts from this number."),
        _("Do not text again unless the person sends START."),
    ),
    "SMS-UP-414": Row(
        ErrorClass.SENDER,
        Retry.AFTER_FIX,
        _("The sending number is not set up to send texts."),
        _("Use another number and ask an administrator to check this one."),
    ),
    "SMS-UP-430": Row(
        ErrorClass.CONTENT,
        Retry.AFTER_EDIT,
        _("A spam filter on the way to the carrier stopped the text."),
        _("Change the wording before you send again. Many of these harm the sending number."),
    ),
    "SMS-UP-431": Row(
        ErrorClass.SENDER,
        Retry.AFTER_FIX,
        _("The sending number is blocked because of spam and can no longer send."),
        _("Stop sending from this number at once and tell an administrator."),
    ),
    "SMS-UP-432": Row(
        ErrorClass.CONTENT,
        Retry.AFTER_EDIT,
        _("The text is longer than the network takes."),
        _("Shorten it to fewer than 1,000 characters."),
    ),
    "SMS-UP-433": Row(
        ErrorClass.CONTENT,
        Retry.AFTER_EDIT,
        _("The network could not deliver the text as it is written."),
        _("Remove unusual characters and try a simpler wording."),
    ),
    "SMS-UP-500": Row(
        ErrorClass.PROVIDER,
        Retry.LATER,
        _("The network between RingCentral and the carrier had a fault."),
        _("Send again later."),
    ),
    "SMS-CAR-104": Row(
        ErrorClass.UNKNOWN,
        Retry.NEVER,
        _("The carrier has not said what became of the text. It may well have arrived."),
        _("Look again in an hour. Do not send it again."),
    ),
    "SMS-CAR-199": Row(
        ErrorClass.UNKNOWN,
        Retry.NEVER,
        _("The carrier gave an answer that says nothing clear. The text may well have arrived."),
        _("Do not send it again."),
    ),
    "SMS-CAR-400": Row(
        ErrorClass.RECIPIENT,
        Retry.NEVER,
        _("The person's carrier does not take this kind of text."),
        _("Use another way to reach the person."),
    ),
    "SMS-CAR-410": Row(
        ErrorClass.CARRIER,
        Retry.LATER,
        _("The text ran out of time or was cancelled before the carrier took it."),
        _("Send again later."),
    ),
    "SMS-CAR-411": Row(
        ErrorClass.RECIPIENT,
        Retry.NEVER,
        _("The number is not in use, or it cannot take texts."),
        _("Ask the person for a mobile number."),
    ),
    "SMS-CAR-412": Row(
        ErrorClass.RECIPIENT,
        Retry.SOFT,
        _("The phone could not be reached: it may be off, out of range or out of service."),
        _("It may work another day. If it fails again and again, remove the number."),
    ),
    "SMS-CAR-413": Row(
        ErrorClass.OPT_OUT,
        Retry.NEVER,
        _("This person has told the carrier to stop texts from this number."),
        _("Do not text again unless the person sends START."),
    ),
    "SMS-CAR-414": Row(
        ErrorClass.SENDER,
        Retry.AFTER_FIX,
        _("The carrier does not accept the sending number."),
        _("Use another number and ask an administrator to check this one."),
    ),
    "SMS-CAR-430": Row(
        ErrorClass.CONTENT,
        Retry.AFTER_EDIT,
        _("The carrier's spam filter stopped the text."),
        _("Change the wording, and compare it with the sample texts of the campaign's registration."),
    ),
    "SMS-CAR-431": Row(
        ErrorClass.CARRIER,
        Retry.LATER,
        _("The carrier refused the text and gave no reason."),
        _("Send again later, a few times at most."),
    ),
    "SMS-CAR-432": Row(
        ErrorClass.CONTENT,
        Retry.AFTER_EDIT,
        _("The text is too long for this carrier, which does not join the parts of a long text."),
        _("Shorten it to 160 characters."),
    ),
    "SMS-CAR-433": Row(
        ErrorClass.CONTENT,
        Retry.AFTER_EDIT,
        _("The carrier could not read the text as it is written."),
        _("Remove unusual characters and try a simpler wording."),
    ),
    "SMS-CAR-434": Row(
        ErrorClass.CONTENT, Retry.AFTER_EDIT, _("The attachment is too large."), _("Use a smaller file.")
    ),
    "SMS-CAR-435": Row(
        ErrorClass.CONTENT,
        Retry.AFTER_EDIT,
        _("The carrier refused the text because of a shortened link."),
        _("Use a full link to your own website."),
    ),
    "SMS-CAR-450": Row(
        ErrorClass.QUOTA,
        Retry.LATER,
        _("T-Mobile's daily limit for your brand is used up."),
        _("Send the rest tomorrow. An administrator can ask for a higher limit."),
    ),
    "SMS-CAR-451": Row(
        ErrorClass.QUOTA,
        Retry.LATER,
        _("AT&T's limit for your registered campaign is used up."),
        _("Send the rest later. An administrator can ask for a higher limit."),
    ),
    "SMS-CAR-452": Row(
        ErrorClass.QUOTA,
        Retry.LATER,
        _("The carrier's limit for your texts is used up."),
        _("Send the rest later. An administrator can ask for a higher limit."),
    ),
    "SMS-CAR-460": Row(
        ErrorClass.RECIPIENT,
        Retry.NEVER,
        _("This phone takes no texts from short numbers."),
        _("Nothing can be done from here."),
    ),
    "SMS-CAR-461": Row(
        ErrorClass.SENDER,
        Retry.AFTER_FIX,
        _("The toll-free number that sent the text is not verified."),
        _("Ask an administrator to complete the toll-free verification."),
    ),
    "SMS-CAR-500": Row(
        ErrorClass.CARRIER, Retry.LATER, _("The carrier had a fault."), _("Send again later.")
    ),
    "CMN-100": Row(
        ErrorClass.RECIPIENT, Retry.NEVER, _("RingCentral did not accept the number."), _("Check the number.")
    ),
}


_CODES: Final = frozenset(_ROWS)


def codes() -> frozenset[str]:
    return _CODES


def explain(code: str) -> Explanation:
    row = _ROWS.get(code)
    shape = _CODE.fullmatch(code)
    reporter = _REPORTERS[shape[1]] if shape else "RingCentral" if row else ""
    if row is None:
        row = Row(ErrorClass.UNKNOWN, Retry.MANUAL, _unknown(shape[1] if shape else ""), "")
    shown = f" ({code})" if _PLAIN.fullmatch(code) else ""
    return Explanation(
        code=code,
        sentence=Sentence(row.sentence if code else NO_REASON, {"shown": shown}),
        advice=row.advice,
        reporter=reporter,
        error_class=row.error_class,
        retry=row.retry,
        is_failure=code not in MAYBE_DELIVERED,
        known=code in _ROWS,
    )


def is_opt_out(code: str) -> bool:
    """Whether a code says that the person has opted out: 413, whoever on the way gave it."""
    return code.endswith("-413") or explain(code).error_class is ErrorClass.OPT_OUT


def _unknown(shape: str) -> str:
    return _UNKNOWN.get(shape, _("The provider gave a reason that Carillon does not know{shown}."))


MAYBE_DELIVERED: Final = frozenset(
    code for code, row in _ROWS.items() if row.error_class is ErrorClass.UNKNOWN
)
