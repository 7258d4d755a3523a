"""Settings out of the environment: blank is unset, and a value that cannot be read ends in one sentence."""

import warnings
import zoneinfo
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import environ

SAYS_YES = ("true", "on", "ok", "y", "yes", "1")
SAYS_NO = ("false", "off", "n", "no", "0")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def refuse(name: str, value: str, wanted: str) -> NoReturn:
    """End the program. Settings are read before anything that could say it in a better place."""
    message = f"{name} is {value!r} in the environment or in .env; {wanted}."
    raise SystemExit(message)


class Environment(environ.Env):  # type: ignore[misc] # it comes without types
    """Reads as `environ.Env` does, but ends the program where that would guess or fail with a traceback."""

    def get_value(
        self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET, parse_default: bool = False
    ) -> Any:
        written = str(self.ENVIRON.get(var, "")).strip()
        if not written and default is not self.NOTSET:
            return default
        if cast in READERS:
            return READERS[cast](var, written)
        return super().get_value(var, cast, default, parse_default)

    def db_url(self, var: str = "DATABASE_URL", default: Any = environ.Env.NOTSET, **options: Any) -> Any:
        try:
            with warnings.catch_warnings(action="ignore"):  # it would repeat the address
                database = super().db_url(var, default=default, **options)
        except (ValueError, KeyError, environ.ImproperlyConfigured):
            database = {}
        if "ENGINE" in database:
            return database
        # Never with its value: it may hold a password.
        message = (
            f"{var} in the environment or in .env is not the address of a database; write "
            "postgres://user:password@host/name, or leave it out for SQLite in VAR_DIR."
        )
        raise SystemExit(message)

    def level(self, var: str, default: str) -> str:
        """The name of a level of the logs."""
        value = str(self.str(var, default=default)).upper()
        return value if value in LEVELS else refuse(var, value, f"write one of {', '.join(LEVELS)}")

    def zone(self, var: str, default: str) -> str:
        """The name of a time zone."""
        value = str(self.str(var, default=default))
        if value not in zoneinfo.available_timezones():
            refuse(var, value, f"write the name of a time zone, such as {default} or Europe/Berlin")
        return value


def whole(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        refuse(name, value, "write a whole number, such as 1000, without a comma or a unit")


def number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        refuse(name, value, "write a number, such as 15 or 0.5, without a comma or a unit")


def switch(name: str, value: str) -> bool:
    if value.lower() not in SAYS_YES + SAYS_NO:
        refuse(name, value, "write true or false")
    return value.lower() in SAYS_YES


def names(name: str, value: str) -> list[str]:
    parts = [part.strip() for part in value.split(",")]
    if not all(parts) or any(part.split() != [part] for part in parts):
        # Never with its values: they may be keys.
        message = (
            f"{name} in the environment or in .env has a gap; write the values with one comma between two."
        )
        raise SystemExit(message)
    return parts


def plain(_name: str, value: str) -> str:
    """As it is written: a password may well begin with a dollar sign."""
    return value


READERS: Mapping[Any, Callable[[str, str], Any]] = {
    int: whole,
    float: number,
    bool: switch,
    list: names,
    str: plain,
}
