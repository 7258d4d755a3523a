"""The pace at which the texts of a batch leave."""

from dataclasses import dataclass

from campaigns.simulator.carrier.clock import SECOND


@dataclass(frozen=True, slots=True)
class Pace:
    """Text i (from 0) leaves at `start` plus (i + 1) intervals.

    The pace is fixed when the batch is accepted. So nothing runs in the background: every state is computed
    from the time at which somebody asks.
    """

    start: int
    interval: float  # microseconds between two texts
    speed: float

    def end(self, size: int) -> int:
        return self.left_at(size - 1) if size else self.start

    def left_at(self, index: int) -> int:
        return self.start + int((index + 1) * self.interval)

    def processed(self, now: int, size: int) -> int:
        """How many of `size` texts have left by `now`, in constant time."""
        if now >= self.end(size):
            return size
        done = max(0, min(size, int((now - self.start) / self.interval)))
        # The division and `left_at` round differently; `left_at` decides.
        while done and self.left_at(done - 1) > now:
            done -= 1
        while done < size and self.left_at(done) <= now:
            done += 1
        return done

    def scaled(self, seconds: float) -> int:
        """Microseconds of simulated sending for `seconds` at the real carrier."""
        return int(seconds * SECOND / self.speed)
