"""Whether something takes time that grows faster than its text."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.architecture.attacks import Attack

LONGEST = 8192
"""Characters. A search that begins anew at each of them makes 33 million steps: tens of milliseconds."""
FLOOR = 0.006
"""Seconds that so many characters may take, whatever the growth: a small part of the former."""
STEEP = 8
"""Four times the text may take so many times as long: 4 is linear, 16 the square."""
_TRIES = (1, 3, 5)
"""Runs of each text; what happens on the machine only ever adds to the time of one."""
_SURELY_FAST = 0.00005


def steep(run: Callable[[str], object], attack: Attack, *, shortest: int = 8) -> str:
    """What grows how; empty if nothing does.

    Short texts come first, each a little longer than the last, as a pattern can take hours for 40 characters.
    """
    length = shortest
    while True:
        seconds = _cost(run, attack.text(length))
        if seconds > FLOOR and (times := _growth(run, attack, length)) > STEEP:
            return f"{attack}: {length} characters take {times:.0f} times as long as {length // 4}"
        if length >= LONGEST:
            return ""
        length = length * 2 if seconds < _SURELY_FAST or length > 400 else length * 5 // 4
        length = min(length, LONGEST)


def _growth(run: Callable[[str], object], attack: Attack, length: int) -> float:
    """How many times as long it takes as a quarter of the text does, by several tries if it seems much."""
    long, short = attack.text(length), attack.text(length // 4)
    times = 0.0
    for runs in _TRIES:
        times = _least(run, long, runs) / max(_least(run, short, runs), 1e-7)
        if times <= STEEP:
            break
    return times


def _least(run: Callable[[str], object], text: str, runs: int) -> float:
    return min(_cost(run, text) for _ in range(runs))


def _cost(run: Callable[[str], object], text: str) -> float:
    """Seconds of this thread's own work: what other processes do on the machine does not count."""
    start = time.thread_time()
    run(text)
    return time.thread_time() - start


@contextmanager
def undisturbed() -> Iterator[None]:
    """Without the collector of garbage, which works whenever it likes."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
