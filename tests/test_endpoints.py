from __future__ import annotations

import pytest

from glm_notebook import credentials, endpoints
from glm_notebook.errors import ConfigError


def test_the_default_is_the_services_own_page() -> None:
    endpoint = endpoints.resolve("")
    assert endpoint.base_url == "https://dashscope.aliyuncs.com/compatible-mode/v1"
    assert endpoint.host == "dashscope.aliyuncs.com"
    assert not endpoint.simulated


def test_the_vendors_variable_changes_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_COMPATIBLE_BASE_URL", "https://ws.example/compatible-mode/v1/")
    assert endpoints.resolve("").base_url == "https://ws.example/compatible-mode/v1"


def test_auto_asks_a_model_where_there_is_a_key_and_the_simulator_where_there_is_none() -> None:
    assert endpoints.resolve("auto").simulated
    credentials.login("dashscope.aliyuncs.com", "sk-1")
    assert endpoints.resolve("auto").host == "dashscope.aliyuncs.com"


def test_a_missing_key_is_never_silently_replaced() -> None:
    assert not endpoints.resolve("").simulated
    assert not endpoints.resolve("modelstudio").simulated


@pytest.mark.parametrize("name", ["nonsense", "ftp://x", "http://", "dashscope.aliyuncs.com"])
def test_what_is_no_endpoint_is_told_what_is(name: str) -> None:
    with pytest.raises(ConfigError, match="Use one of auto, modelstudio"):
        endpoints.resolve(name)


@pytest.mark.parametrize(
    "url", ["https://user:pw@x.example/v1", "https://x.example/v1?key=sk-1", "https://x.example/#a"]
)
def test_secrets_in_a_url_are_refused_without_showing_them(url: str) -> None:
    with pytest.raises(ConfigError, match="more than scheme, host and path") as raised:
        endpoints.resolve(url)
    assert "pw" not in str(raised.value)
    assert "sk-1" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:1/v1", True),
        ("http://[::1]:1/v1", True),
        ("http://localhost/v1", True),
        ("http://127.0.0.1.example/v1", False),
        ("https://10.0.0.1/v1", False),
    ],
)
def test_loopback_is_told_by_the_host(url: str, loopback: bool) -> None:
    assert endpoints.resolve(url).is_loopback is loopback
