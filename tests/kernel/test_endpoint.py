"""``%glm endpoint``, ``%glm protocol`` and ``%glm models`` in a real kernel, against the simulator over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kernel.conftest import KEY, Kernel

pytestmark = pytest.mark.kernel


@pytest.fixture(autouse=True)
def _as_it_was(kernel: Kernel) -> Iterator[None]:
    yield
    kernel.run("%config GLMMagics.endpoint = ''")
    kernel.run("%glm protocol openai")


def test_the_list_marks_the_current_one(kernel: Kernel) -> None:
    kernel.run("%glm endpoint zai")
    text = kernel.run("%glm endpoint").text
    marked = [line for line in text.splitlines() if line.startswith("*")]
    assert [line.split()[1] for line in marked] == ["zai"]
    assert "Requests go to https://api.z.ai/api/paas/v4" in text


@pytest.mark.parametrize("protocol", ["openai", "dashscope"])
def test_a_test_makes_one_small_request_and_says_what_came(kernel: Kernel, protocol: str) -> None:
    kernel.run(f"%glm protocol {protocol}")
    asked = len(kernel.simulator.requests)
    text = kernel.run("%glm endpoint test").text
    sent = kernel.simulator.requests[asked:]
    assert [one.method for one in sent] == ["GET", "POST"]
    assert ("/api/v1/" in sent[1].path) == (protocol == "dashscope")
    assert f"protocol {protocol}" in text
    assert "key         DASHSCOPE_API_KEY" in text
    assert "models      glm-" in text
    assert "ended by stop" in text
    assert "characters came" in text
    assert "takes       thinking switch" in text
    assert "help.aliyun.com" in text
    assert KEY not in text


def test_a_test_that_fails_says_why(kernel: Kernel) -> None:
    text = kernel.run("%glm endpoint test glm-0").text
    assert "failed      127.0.0.1" in text
    assert "does not serve the model 'glm-0'" in text
    assert "glm-0 is not among them" in text


def test_models_are_those_of_the_documents_or_of_the_endpoint(kernel: Kernel) -> None:
    text = kernel.run("%glm models").text
    assert "CNY 4, 18 to 32,768" in text
    assert "glm-4.7 is documented to leave Model Studio" in text
    assert "glm-5.3" in kernel.run("%glm models listed").text.splitlines()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("%glm endpoint modelstudo", "Did you mean modelstudio"),
        ("%glm endpoint http://x.example/v1 --dialect vlm", "There is no dialect 'vlm'."),
        ("%glm endpoint a b c", "%glm endpoint [NAME|URL [--dialect NAME]]"),
        ("%glm protocol grpc", "'grpc' is not one of openai, dashscope."),
        ("%glm retry now", "%glm retry takes no words"),
        ("%glm models all", "%glm models listed"),
        ("%%glm --budget 40000\nhi", "thinking_budget is 40,000; glm-5 takes"),
        ("%%glm --max-tokens 20000\nhi", "max_tokens is 20,000; glm-5 takes"),
        ("%%glm --temperature 2\nhi", "sends it anyway (--no-strict in a cell)."),
    ],
)
def test_what_cannot_be_is_told_in_two_lines_and_nothing_is_sent(
    kernel: Kernel, line: str, told: str
) -> None:
    asked = len(kernel.simulator.requests)
    result = kernel.run(line)
    said = (result.error + result.text).strip()
    assert told in said
    assert len(said.splitlines()) <= 2
    assert len(kernel.simulator.requests) == asked


def test_strict_off_sends_what_cannot_be_and_the_server_says_so(kernel: Kernel) -> None:
    result = kernel.run("%%glm --new --no-strict --budget 40000\nhi")
    assert kernel.simulator.requests[-1].json["thinking_budget"] == 40000
    assert "BadRequestError" in result.error
    assert "thinking_budget" in result.settled["text/markdown"]


def test_a_server_of_an_unknown_kind_is_said_to_be_one(kernel: Kernel) -> None:
    text = kernel.run("%glm endpoint https://llm.corp.example/v1").text
    assert "What kind of server that is cannot be told" in text
    text = kernel.run("%glm endpoint https://llm.corp.example/v1 --dialect vllm").text
    assert "cannot be told" not in text
    assert "vLLM" in kernel.run("%glm").text
