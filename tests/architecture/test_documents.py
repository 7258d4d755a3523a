"""What is written for people is complete, and nothing is written that does not exist."""

import re

from django.core.management import get_commands

from tests.architecture.tree import ROOT, documents, files, name, settings_read, text

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/operations.md", "docs/settings.md")
STARTED_BY_HAND = {"ENV_FILE"}  # read before there is a .env
DJANGO_COMMANDS = {"check", "migrate", "collectstatic", "createsuperuser", "changepassword", "clearsessions"}
OTHERS_COMMANDS = {"axes_reset_username"}


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*## ", text("Makefile"), re.MULTILINE))


def our_commands() -> set[str]:
    return {command for command, package in get_commands().items() if package in ("campaigns", "dashboard")}


def test_every_setting_is_documented() -> None:
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", text("docs/settings.md"), re.MULTILINE))
    assert documented == settings_read()


def test_every_setting_is_in_the_example() -> None:
    named = re.findall(r"^#([A-Z_]+)=", text(".env.example"), re.MULTILINE)
    assert sorted(named) == sorted(settings_read())


def test_the_example_changes_nothing_by_itself() -> None:
    assert [line for line in text(".env.example").splitlines() if line and not line.startswith("#")] == []


def test_every_verb_of_make_is_explained() -> None:
    phony = set(re.findall(r"^\.PHONY: (.*)$", text("Makefile"), re.MULTILINE)[0].split())
    assert phony == make_targets()
    used = set(re.findall(r"\bmake ([a-z]+)\b", text("README.md")))
    assert {"run", "test", "lint", "bench", "help"} <= used


def test_every_verb_of_make_that_is_written_about_exists() -> None:
    written = set(re.findall(r"`make ([a-z-]+)", documents()))
    assert written <= make_targets()


def test_every_command_is_documented() -> None:
    written = set(re.findall(r"manage\.py ([a-z_]+)", documents()))
    assert our_commands() <= written
    assert written <= our_commands() | DJANGO_COMMANDS | OTHERS_COMMANDS <= set(get_commands())


def test_every_file_that_is_linked_exists() -> None:
    missing = [
        f"{name(path)} -> {target}"
        for path in [*ROOT.glob("*.md"), *files(".md", under="docs")]
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
        if "://" not in target and not (path.parent / target).exists()
    ]
    assert missing == []


def test_the_documents_are_there() -> None:
    for document in (*DOCUMENTS, "CHANGELOG.md", "LICENSE"):
        assert len(text(document)) > 200, document


def test_the_readme_begins_with_what_it_is_and_how_to_start() -> None:
    title, _, rest = text("README.md").partition("\n")
    first_screen = "\n".join(rest.splitlines()[:30])
    assert title == "# Carillon"
    for needed in ("![", "git clone", "make run", "http://127.0.0.1:8000/"):
        assert needed in first_screen, needed
