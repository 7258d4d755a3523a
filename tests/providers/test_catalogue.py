from dataclasses import replace

import pytest

from campaigns.providers import catalogue
from campaigns.providers.error_codes import ErrorClass


def test_every_provider_is_listed_by_its_key() -> None:
    assert "ringcentral" in catalogue.PROVIDERS
    for key, entry in catalogue.PROVIDERS.items():
        assert entry.client.key == key
        assert len(key) <= 20, "what columns hold"


def test_only_a_provider_that_calls_us_has_callbacks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert catalogue.callbacks("ringcentral") is catalogue.PROVIDERS["ringcentral"].callbacks
    silent = replace(catalogue.PROVIDERS["ringcentral"], callbacks=None)
    monkeypatch.setitem(catalogue.PROVIDERS, "silent", silent)
    for provider in ("silent", "nobody"):
        with pytest.raises(KeyError):
            catalogue.callbacks(provider)


def test_no_code_is_in_two_tables() -> None:
    tables = [entry.error_codes.codes() for entry in catalogue.PROVIDERS.values()]
    assert sum(map(len, tables)) == len(catalogue.known_codes())


@pytest.mark.parametrize("code", ["SMS-RC-413", "SMS-UP-413", "SMS-CAR-413", "SMS-NEW-413"])
def test_an_opt_out_is_known_whoever_reports_it(code: str) -> None:
    assert catalogue.is_opt_out(code)


@pytest.mark.parametrize("code", ["", "SMS-CAR-410", "nonsense"])
def test_other_codes_are_no_opt_outs(code: str) -> None:
    assert not catalogue.is_opt_out(code)


def test_a_code_of_no_table_is_explained_too() -> None:
    assert catalogue.explain("SMS-CAR-435").error_class is ErrorClass.CONTENT
    unknown = catalogue.explain("X-1")
    assert (unknown.known, unknown.error_class) == (False, ErrorClass.UNKNOWN)
