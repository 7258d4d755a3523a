"""A browser for all browser tests. They run wherever Chromium is; CI must have it."""

import os
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page

from tests.browser import chromium


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    if chromium.executable() is None:
        reason = "There is no Chromium on this machine (apt install chromium)."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    # Playwright keeps an event loop in this thread until the session ends, and Django takes every later test
    # of this process for one that runs inside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    return {**browser_type_launch_args, **chromium.launch_arguments()}


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complains of: scripts that fail, things that the Content-Security-Policy blocks."""
    found: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # That a page was refused is its answer, not a mistake in it.
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            found.append(f"{page.url}: {message.text}")

    page.on("console", note)
    page.on("pageerror", lambda error: found.append(f"{page.url}: {error}"))
    return found
