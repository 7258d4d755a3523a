"""The settings RINGCENTRAL_*, and what can be wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from campaigns.providers.addresses import is_on_this_machine, scheme_and_host
from campaigns.providers.entry import SettingsProblem

PLATFORM: Final = "https://platform.ringcentral.com"
SIMULATOR: Final = "simulator"
"""The client id, secret and JWT that only the simulated carrier takes."""
CREDENTIALS: Final = ("client_id", "client_secret", "jwt")
JWT = re.compile(r"[\w-]{2,}\.[\w-]{2,}\.[\w-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class RingCentralSettings:
    server_url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    jwt: str = field(default="", repr=False)

    @property
    def is_set(self) -> bool:
        return any(getattr(self, name) for name in CREDENTIALS)

    @property
    def simulated(self) -> bool:
        return self.client_id == SIMULATOR

    @property
    def address(self) -> str:
        return self.server_url

    @property
    def session(self) -> str:
        return f"{self.server_url}#{self.client_id}"

    def completed(self, *, rehearse: bool, simulator_url: str) -> RingCentralSettings:
        rehearse = rehearse or self.simulated
        url = (self.server_url or (simulator_url if rehearse else PLATFORM)).rstrip("/")
        if not rehearse:
            return replace(self, server_url=url)
        return RingCentralSettings(
            server_url=url, client_id=SIMULATOR, client_secret=SIMULATOR, jwt=SIMULATOR
        )

    def problems(self) -> Iterator[SettingsProblem]:
        scheme, host = scheme_and_host(self.server_url)
        if scheme not in ("http", "https") or not host:
            yield SettingsProblem(
                "carillon.E010",
                "RINGCENTRAL_SERVER_URL is not a web address.",
                f"It is {PLATFORM} unless RingCentral told you otherwise.",
            )
            return
        local = is_on_this_machine(self.server_url)
        if scheme != "https" and not local:
            yield SettingsProblem(
                "carillon.E011",
                "RINGCENTRAL_SERVER_URL is not https: credentials and texts would travel in the clear.",
                f"Write https://{host}",
            )
        if not self.simulated:
            yield from self.credential_problems(local=local)
        elif not local:
            names = ", ".join(f"RINGCENTRAL_{name.upper()}" for name in CREDENTIALS)
            yield SettingsProblem(
                "carillon.E012",
                f"RINGCENTRAL_SERVER_URL names {host}, but no credentials are set.",
                f"Set {names}; or unset the address to rehearse.",
            )

    def credential_problems(self, *, local: bool) -> Iterator[SettingsProblem]:
        """`local`: the server is on this machine, so it is a simulator and takes a JWT that is none."""
        missing = [f"RINGCENTRAL_{name.upper()}" for name in CREDENTIALS if not getattr(self, name)]
        if missing:
            yield SettingsProblem(
                "carillon.E013",
                f"RingCentral's credentials are only half set: {' and '.join(missing)} missing.",
                "Set all three, or none to rehearse with the simulated carrier.",
            )
        elif not local and not JWT.fullmatch(self.jwt):
            yield SettingsProblem(
                "carillon.E014",
                "RINGCENTRAL_JWT does not look like a JWT: three parts with dots between.",
                "Copy the JWT credential from the developer console, not an access token or a secret.",
            )
