"""URL name = view = template = test: whoever sees one of them on the screen finds the others."""

import importlib

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.architecture.tree import ROOT, files

NOT_SCREENS = {"base", "base_auth", "400", "403", "403_csrf", "404", "413", "500"}
"""Templates that no address is named after: the frame, and the pages of refusals."""


def our_routes() -> list[URLPattern]:
    """Those of dashboard/urls.py, also where it groups some under a prefix; not the admin site's."""
    entries = list(get_resolver().url_patterns)
    for entry in get_resolver().url_patterns:
        if isinstance(entry, URLResolver) and entry.url_patterns[0].callback.__module__.startswith(
            "dashboard."
        ):
            entries += entry.url_patterns
    return [entry for entry in entries if isinstance(entry, URLPattern)]


def route_names() -> set[str]:
    return {route.name for route in our_routes() if route.name}


def screens() -> list[str]:
    """The modules that hold views."""
    return [path.stem for path in files(".py", under="dashboard/views") if path.stem != "__init__"]


def test_there_are_routes() -> None:
    assert {"overview", "sign_in", "campaign", "report"} <= route_names()


@pytest.mark.parametrize("route", our_routes(), ids=lambda route: str(route.pattern) or "/")
def test_every_route_is_named_as_its_view(route: URLPattern) -> None:
    if route.name == "sign_out":  # Django's own
        return
    views = [vars(importlib.import_module(f"dashboard.views.{screen}")) for screen in screens()]
    named = {name for view in views for name, what in view.items() if what is route.callback}
    assert named, "it is in a module of dashboard/views"
    assert route.name is None or route.name in named


@pytest.mark.parametrize("screen", screens())
def test_every_screen_has_a_route_and_a_test(screen: str) -> None:
    assert screen in route_names()
    assert (ROOT / "tests" / "dashboard" / f"test_{screen}.py").exists()


def test_every_template_belongs_to_a_route() -> None:
    templates = {path.stem for path in (ROOT / "templates").glob("*.html")}
    assert templates - NOT_SCREENS <= route_names()
