from __future__ import annotations

from tests.sending.carrier import _simulator_process, carrier, simulator

__all__ = ["_simulator_process", "carrier", "simulator"]
