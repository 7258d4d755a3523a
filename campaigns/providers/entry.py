"""What a provider's folder offers the rest of the program, as `PROVIDER` in its `provider.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, Self

from campaigns.providers.base import Callbacks, Gate, Provider, TokenStore
from campaigns.providers.error_codes import ErrorCodes


@dataclass(frozen=True, slots=True)
class SettingsProblem:
    """Something that is wrong with the settings of a provider."""

    id: str
    """As the system check shows it: carillon.E010."""
    sentence: str
    hint: str


class AccountSettings(Protocol):
    """Names and defaults of the settings that open an account: a frozen dataclass of strings.

    A field `jwt` of the provider `ringcentral` is the setting RINGCENTRAL_JWT.
    """

    @property
    def is_set(self) -> bool:
        """Whether there are credentials, or a part of them."""

    @property
    def simulated(self) -> bool:
        """Whether only the simulated carrier takes these credentials."""

    @property
    def address(self) -> str:
        """The base URL."""

    @property
    def session(self) -> str:
        """A name of the sign-in that holds no secret: all workers share its token and its rate limits."""

    def completed(self, *, rehearse: bool, simulator_url: str) -> Self:
        """With every default filled in. `rehearse`: with the credentials of the simulated carrier."""

    def problems(self) -> Iterator[SettingsProblem]: ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    client: type[Provider]
    """For its name, key, limits and capabilities, which hold for every account."""
    settings: type[Any]
    """An AccountSettings."""
    open: Callable[[Any, Gate, TokenStore], Provider]
    """Takes the settings. Raises ValueError for an address that credentials must not be sent to."""
    error_codes: ErrorCodes
    callbacks: Callbacks | None = None
    """None: the provider does not call us."""
