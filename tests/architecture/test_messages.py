"""Every sentence that is marked for translation can be extracted."""

import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import override_settings

from campaigns.labels.states import ROW_STATES
from tests.architecture.tree import ROOT


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="needs gettext")
def test_the_catalogue_is_made_without_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    said = StringIO()
    ignored = ["tests/*", "var/*", "static/*"]
    with override_settings(LOCALE_PATHS=[str(tmp_path)]):
        call_command("makemessages", locale=["xx"], ignore_patterns=ignored, stdout=said, stderr=said)
    assert said.getvalue() == "processing locale xx\n"
    catalogue = (tmp_path / "xx/LC_MESSAGES/django.po").read_text()
    assert str(ROW_STATES["queued"].sentence) in catalogue
