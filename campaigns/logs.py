"""Structured logs without secrets and without full phone numbers, whoever writes the line."""

import re
from typing import Any

import structlog

PHONE = re.compile(
    # Ten to fifteen digits in a row, wherever they stand, but no part of a decimal number; or
    # the usual spellings with brackets and separators.
    r"(?<!\d)(?<!\d\.)\+?\d{6,11}(\d{4})(?!\d|\.\d)"
    r"|(?<![\d.])(?:\+?1[ .-])?\(?\b\d{3}\)?[ .-]{1,2}\d{3}[ .-](\d{4})(?![\d.]\d)\b"
)
SECRET = re.compile(
    r"(?i)(authorization|bearer|basic|token|assertion|secret|password|jwt)"
    # A colon or an equals sign with blanks around it, or blanks alone with a space among them. No repeat
    # gives back what it took: anybody can send a header with thousands of blanks, which the log repeats.
    r"(['\"]?+(?:\s*+[:=]\s*+|[^\S ]*+ \s*+)['\"]?+)([\w.~+/=-]{8,}+)"
)
HOOK = re.compile(r"(/webhooks/[^/\s]++/)[^/\s'\"]++")
"""The last part of the address at which a provider calls is half of a secret."""


def _last_four(found: re.Match[str]) -> str:
    return f"…{found[1] or found[2]}"


def redact(text: str) -> str:
    """Keep the last four digits of anything that looks like a phone number, and nothing of a secret."""
    return HOOK.sub(r"\1[removed]", SECRET.sub(r"\1\2[removed]", PHONE.sub(_last_four, text)))


def redact_event(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """A structlog step: every text in the event, the traceback included, goes through `redact`.

    So does what will be written as text, such as the request that Django adds to its own lines.
    """
    for key, value in event.items():
        if key in ("timestamp", "level", "logger") or key.startswith("_"):
            continue
        if value is not None and not isinstance(value, int | float):
            event[key] = redact(value if isinstance(value, str) else repr(value))
    return event


def config(level: str, *, as_json: bool) -> dict[str, Any]:
    """Django's LOGGING: everything to standard error, a line an event."""
    shared = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact_event,
    ]
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own handlers would print a second, unredacted line.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            # The engine tells of each start and end, which here is each time that a task is ready.
            "django_tasks_db": {"level": "WARNING"},
            "urllib3": {"level": "WARNING"},
        },
    }
