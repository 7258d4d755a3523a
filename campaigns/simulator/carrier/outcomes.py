"""The outcome of a text, chosen by the last four digits of the recipient's number."""

from dataclasses import dataclass

PRICE = 0.007
"""Dollars for one segment."""

QUEUED, SENT, DELIVERED = "Queued", "Sent", "Delivered"
SENDING_FAILED, DELIVERY_FAILED = "SendingFailed", "DeliveryFailed"
OPTED_OUT = "SMS-RC-413"
INVALID = "SMS-RC-410"
REJECTED_ENDING = "9700"
"""Recipients that are rejected in the answer to the POST, like an invalid number."""

_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Step:
    after: float
    """Seconds from leaving to this status, at the real speed; below 0 for a usual receipt, 2 to 8 s."""
    status: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    steps: tuple[Step, ...]
    description: str

    @property
    def billed(self) -> bool:
        """A text that RingCentral itself refused costs nothing."""
        return self.steps[0].status != SENDING_FAILED


_USUAL = -1.0
_SENT = Step(0.0, SENT)
ORDINARY = Outcome((_SENT, Step(_USUAL, DELIVERED)), "Delivered")
BLOCKED = Outcome((Step(0.0, SENDING_FAILED, OPTED_OUT),), "opted out")
UNREGISTERED = Outcome((Step(0.0, SENDING_FAILED, "SMS-RC-503"),), "sender not registered")

_CODES = {
    "RC": (403, 410, 413, 430, 500, 501, 503, 504),
    "UP": (410, 411, 412, 413, 414, 430, 431, 432, 433, 500),
    "CAR": (
        *(104, 199, 400, 410, 411, 412, 413, 414, 430, 431, 432, 433, 434, 435),
        *(450, 451, 452, 460, 461, 500),
    ),
}
_BLOCK = {"RC": "97", "UP": "98", "CAR": "99"}


def ending_of(party: str, number: int) -> str:
    """97 RingCentral, 98 upstream, 99 carrier; then the last two digits, or 9 and the last for a 5xx."""
    return _BLOCK[party] + (f"9{number % 10}" if number >= 500 else f"{number % 100:02d}")


def _failure(party: str, number: int) -> Outcome:
    code = f"SMS-{party}-{number}"
    if party == "RC":
        return Outcome((Step(0.0, SENDING_FAILED, code),), f"SendingFailed, {code}")
    if number == 104:
        # The carrier never answered: RingCentral writes this off two hours later, and it is billed.
        late = Step(2 * _HOUR, DELIVERY_FAILED, code)
        return Outcome((_SENT, late), f"Sent, two hours later DeliveryFailed, {code}")
    return Outcome((_SENT, Step(_USUAL, DELIVERY_FAILED, code)), f"DeliveryFailed, {code}")


SPECIAL = {
    "9701": Outcome((_SENT,), "Sent, and never a receipt"),
    "9702": Outcome((_SENT, Step(3 * _HOUR, DELIVERED)), "Sent, three hours later Delivered"),
    "9704": Outcome(
        (_SENT, Step(_USUAL, DELIVERED), Step(3 * _HOUR, DELIVERY_FAILED, "SMS-CAR-410")),
        "Delivered, three hours later DeliveryFailed, SMS-CAR-410",
    ),
    "9705": Outcome((Step(0.0, SENDING_FAILED),), "SendingFailed without a code"),
    "9706": Outcome(
        (_SENT, Step(2 * _HOUR, DELIVERY_FAILED, "SMS-CAR-104"), Step(3 * _HOUR, DELIVERED)),
        "Sent, two hours later DeliveryFailed, SMS-CAR-104, three hours later Delivered after all",
    ),
}
FAILURES = {
    ending_of(party, number): _failure(party, number)
    for party, numbers in _CODES.items()
    for number in numbers
}
REPLIES = {
    "9720": "Yes please",
    "9721": "STOP",
    "9722": "Who is this? \N{THINKING FACE}",
    "9723": "Please stop texting me",
    "9724": "REVOKE",
}
"""Recipients who get the text and reply to it."""
REPLYING = {
    ending: Outcome(ORDINARY.steps, f"Delivered, and answers: {reply}") for ending, reply in REPLIES.items()
}
BY_ENDING = SPECIAL | FAILURES | REPLYING

MAX_OUTCOME_SECONDS = max(step.after for outcome in BY_ENDING.values() for step in outcome.steps)
"""From leaving to the last possible change of a text, at the real speed."""


def price_of(segments: int) -> float:
    """Dollars."""
    return round(segments * PRICE, 3)


def outcome_for(recipient: str) -> Outcome:
    return BY_ENDING.get(recipient[-4:], ORDINARY)
