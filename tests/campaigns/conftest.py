from __future__ import annotations

from tests.sending.carrier import _simulator_process, carrier, simulator
from tests.sending.site import _template, database, site

__all__ = ["_simulator_process", "_template", "carrier", "database", "simulator", "site"]
