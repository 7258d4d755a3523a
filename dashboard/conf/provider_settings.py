"""The settings of every provider in the catalogue, as the environment names them."""

from __future__ import annotations

from dataclasses import dataclass

from campaigns.providers.catalogue import PROVIDERS, setting_names
from dashboard.conf.env import Environment


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    values: dict[str, str]
    """By the name of the setting, with every default."""
    rehearsal: bool
    """No real account is opened."""
    starts_simulator: bool
    """A rehearsal at no address that somebody named: `manage.py run` starts the carrier for it."""


def read(env: Environment, *, simulator_url: str) -> ProviderSettings:
    """If no credentials are set at all, the first provider gets those of the simulated carrier."""
    written = {
        key: entry.settings(
            **{field: env.str(name, default="") for field, name in setting_names(key).items()}
        )
        for key, entry in PROVIDERS.items()
    }
    rehearse = not any(one.is_set for one in written.values())
    completed = {
        key: one.completed(rehearse=rehearse and place == 0, simulator_url=simulator_url)
        for place, (key, one) in enumerate(written.items())
    }
    opened = {key: one for key, one in completed.items() if one.is_set}
    rehearsal = all(one.simulated for one in opened.values())
    return ProviderSettings(
        {
            name: getattr(one, field)
            for key, one in completed.items()
            for field, name in setting_names(key).items()
        },
        rehearsal=rehearsal,
        starts_simulator=rehearsal and not any(written[key].address for key in opened),
    )
