"""Times as RingCentral writes them: UTC with a Z."""

from datetime import UTC, datetime

from campaigns.simulator.carrier.clock import SECOND


def iso_time(microseconds: int) -> str:
    """Six decimals, as in the High Volume endpoints."""
    seconds, rest = divmod(microseconds, SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}.{rest:06d}Z"


def iso_time_ms(microseconds: int) -> str:
    """Three decimals, as in every other endpoint."""
    return f"{iso_time(microseconds)[:-4]}Z"
