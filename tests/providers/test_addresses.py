import pytest

from campaigns.providers.addresses import checked_url, user_agent
from campaigns.providers.base import Provider
from campaigns.providers.ringcentral.provider import build


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://platform.ringcentral.com", "https://platform.ringcentral.com"),
        (" https://platform.ringcentral.com/ ", "https://platform.ringcentral.com"),
        ("http://127.0.0.1:8081", "http://127.0.0.1:8081"),
        ("http://localhost:8081/", "http://localhost:8081"),
        ("http://[::1]:8081", "http://[::1]:8081"),
        ("http://simulator:8081", "http://simulator:8081"),
        ("http://192.168.1.5:8081", "http://192.168.1.5:8081"),
    ],
)
def test_good_urls(url: str, clean: str) -> None:
    assert checked_url(url) == clean


@pytest.mark.parametrize(
    "url",
    [
        "",
        "platform.ringcentral.com",
        "ftp://platform.ringcentral.com",
        "https://",
        "http://platform.ringcentral.com",
        "http://8.8.8.8",
        "https://user:pa55@platform.ringcentral.com",
        "https://platform.ringcentral.com/?a=b",
        "https://platform.ringcentral.com/#x",
        "file:///etc/passwd",
    ],
)
def test_bad_urls(url: str) -> None:
    with pytest.raises(ValueError, match="provider's URL") as caught:
        checked_url(url)
    assert "pa55" not in str(caught.value)


def test_what_is_built_is_a_provider() -> None:
    built = build(url="https://x.example", client_id="i", client_secret="hunter2", jwt="eyJ")
    provider: Provider = built
    assert (provider.name, provider.key, provider.max_batch) == ("RingCentral", "ringcentral", 10_000)
    assert "hunter2" not in repr(provider)
    built.close()


def test_user_agent() -> None:
    assert user_agent().startswith("Carillon/")
