from __future__ import annotations

import pytest

from glm_notebook import credentials, dialects, endpoints
from glm_notebook.errors import ConfigError

BEIJING = "https://dashscope.aliyuncs.com"


def test_the_default_is_the_services_own_page() -> None:
    endpoint = endpoints.resolve("")
    assert endpoint.base_url == f"{BEIJING}/compatible-mode/v1"
    assert endpoint.host == "dashscope.aliyuncs.com"
    assert endpoint.dialect.name == "modelstudio"
    assert not endpoint.simulated


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("DASHSCOPE_COMPATIBLE_BASE_URL", "https://ws.example/compatible-mode/v1/"),
        ("DASHSCOPE_HTTP_BASE_URL", "https://ws.example/api/v1"),
    ],
)
def test_the_vendors_variables_change_the_default_of_both_protocols(
    monkeypatch: pytest.MonkeyPatch, variable: str, url: str
) -> None:
    monkeypatch.setenv(variable, url)
    assert endpoints.resolve("").base_url == "https://ws.example/compatible-mode/v1"
    assert endpoints.resolve("", "dashscope").base_url == "https://ws.example/api/v1"
    assert endpoints.resolve("").key_variables == ("DASHSCOPE_API_KEY",)


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


def test_a_typing_error_is_told_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match=r"Did you mean modelstudio-intl\?"):
        endpoints.resolve("modelstudio-int")


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


@pytest.mark.parametrize("place", endpoints.places().values(), ids=lambda place: place.name)
def test_every_place_of_the_table_is_whole(place: endpoints.Place) -> None:
    workspace = "/ws-1" if place.workspace_host else ""
    endpoint = endpoints.resolve(place.name + workspace)
    assert endpoint.dialect is dialects.dialect(place.dialect)
    assert place.title
    assert place.source
    assert endpoint.base_url.startswith(("https://", "http://127.0.0.1:"))
    assert not endpoint.base_url.endswith("/")
    assert place.keys or not endpoint.needs_key
    if place.dialect == "modelstudio" and place.openai:
        assert endpoints.resolve(place.openai).key_variables == place.keys


@pytest.mark.parametrize(
    ("name", "protocol", "base_url"),
    [
        ("modelstudio", "dashscope", f"{BEIJING}/api/v1"),
        ("modelstudio-eu/ws-7", "openai", "https://ws-7.eu-central-1.maas.aliyuncs.com/compatible-mode/v1"),
        ("modelstudio-jp/ws-7", "dashscope", "https://ws-7.ap-northeast-1.maas.aliyuncs.com/api/v1"),
        ("https://ws-7.eu-central-1.maas.aliyuncs.com", "openai", "https://ws-7.eu-central-1.maas.aliyuncs.com/compatible-mode/v1"),
        (f"{BEIJING}/compatible-mode/v1", "dashscope", f"{BEIJING}/api/v1"),
        (f"{BEIJING}/api/v1", "openai", f"{BEIJING}/compatible-mode/v1"),
        ("http://127.0.0.1:9/compatible-mode/v1", "dashscope", "http://127.0.0.1:9/api/v1"),
        ("https://gateway.example/glm", "dashscope", "https://gateway.example/glm"),
        ("https://gateway.example/v1/", "openai", "https://gateway.example/v1"),
        ("http://gateway.example/api/v1", "openai", "http://gateway.example/api/v1"),
    ],
)  # fmt: skip
def test_each_protocol_has_its_base_url(name: str, protocol: str, base_url: str) -> None:
    assert endpoints.resolve(name, protocol).base_url == base_url


def test_the_models_are_listed_at_one_place_for_both_protocols() -> None:
    listed = {endpoints.resolve("modelstudio", one).models_url for one in endpoints.PROTOCOLS}
    assert listed == {f"{BEIJING}/compatible-mode/v1/models"}


@pytest.mark.parametrize(
    ("url", "dialect", "keys"),
    [
        ("https://openrouter.ai/api/v1", "openrouter", ("OPENROUTER_API_KEY",)),
        ("https://api.z.ai/api/coding/paas/v4", "zai", ("ZAI_API_KEY",)),
        ("http://127.0.0.1:11434/v1", "ollama", ()),
        ("http://127.0.0.1:8000/v1", "vllm", ("VLLM_API_KEY",)),
        ("http://127.0.0.1:9000/v1", "openai", ()),
        ("https://llm.corp.example/v1", "openai", ()),
        ("https://other.aliyuncs.com/compatible-mode/v1", "modelstudio", ("DASHSCOPE_API_KEY",)),
    ],
)
def test_what_is_behind_a_url_is_told_by_its_address_and_a_key_goes_nowhere_else(
    url: str, dialect: str, keys: tuple[str, ...]
) -> None:
    endpoint = endpoints.resolve(url)
    assert (endpoint.dialect.name, endpoint.key_variables) == (dialect, keys)


def test_a_dialect_can_be_named_where_the_address_does_not_tell() -> None:
    endpoint = endpoints.resolve("https://llm.corp.example/v1", dialect="vllm")
    assert endpoint.dialect.name == "vllm"
    with pytest.raises(ConfigError, match="no dialect 'vlm'"):
        endpoints.resolve("https://llm.corp.example/v1", dialect="vlm")


@pytest.mark.parametrize("name", ["zai", "vllm", "openrouter", "modelstudio-coding"])
def test_only_model_studio_speaks_the_native_protocol(name: str) -> None:
    with pytest.raises(ConfigError, match="%glm protocol openai"):
        endpoints.resolve(name, "dashscope")


def test_an_unknown_protocol_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="openai, dashscope"):
        endpoints.resolve("", "grpc")


def test_a_region_without_a_host_of_its_own_wants_a_workspace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ConfigError, match="modelstudio-eu/ws-123, or set DASHSCOPE_WORKSPACE_ID"):
        endpoints.resolve("modelstudio-eu")
    monkeypatch.setenv("DASHSCOPE_WORKSPACE_ID", "ws-9")
    assert endpoints.resolve("modelstudio-eu").host == "ws-9.eu-central-1.maas.aliyuncs.com"


@pytest.mark.parametrize("workspace", ["a.evil.example/x", "a@evil", "a#", "-a", "a" * 65, "a b"])
def test_a_workspace_cannot_lead_to_another_host(workspace: str) -> None:
    with pytest.raises(ConfigError, match="is no workspace"):
        endpoints.resolve(f"modelstudio/{workspace}")


def test_only_model_studio_has_workspaces() -> None:
    with pytest.raises(ConfigError, match="only Model Studio has workspaces"):
        endpoints.resolve("zai/ws-1")


def test_the_simulator_speaks_both_protocols_on_one_port() -> None:
    compat, native = (endpoints.resolve("simulator", one) for one in endpoints.PROTOCOLS)
    assert compat.host == native.host
    assert compat.base_url.endswith("/compatible-mode/v1")
    assert native.base_url.endswith("/api/v1")
    assert not native.needs_key
