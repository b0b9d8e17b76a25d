"""The server as its users start it: in a test, in a kernel, from the command line."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from glm_notebook import simulator as package
from glm_notebook.simulator import Rule, Scenario, Simulator
from glm_notebook.simulator.__main__ import main
from glm_notebook.simulator.faults import known_faults
from glm_notebook.simulator.service import Service

from .wire import CHAT, KEY, NATIVE, ZAI, ask, body, connect

MODELS = "/compatible-mode/v1/models"


# The header that says that no model was asked.


@pytest.mark.parametrize(
    ("method", "path", "status", "headers"),
    [
        ("POST", CHAT, 200, {}),
        ("POST", CHAT, 401, {"Authorization": "Bearer bad"}),
        ("POST", CHAT, 429, {"X_Sim_Fault": "status:429"}),
        ("POST", CHAT, 502, {"X_Sim_Fault": "html-502"}),
        ("GET", CHAT, 400, {}),
        ("PUT", CHAT, 400, {}),
        ("HEAD", CHAT, 400, {}),
        ("GET", MODELS, 200, {}),
        ("GET", MODELS, 401, {"Authorization": ""}),
        ("POST", MODELS, 400, {}),
        ("GET", "/", 404, {}),
        ("POST", NATIVE, 400, {}),
        ("GET", NATIVE, 400, {}),
        ("POST", "/api/v1/services/aigc/multimodal-generation/generation", 400, {}),
        ("GET", "/api/v1/models", 200, {}),
        ("GET", "/api/v1/models?page_no=%FF", 200, {}),
        ("GET", "/api/v1/nowhere", 404, {}),
        ("POST", ZAI, 200, {}),
        ("BREW", CHAT, 405, {}),
    ],
)
def test_every_response_says_that_it_is_simulated(
    simulator: Simulator, method: str, path: str, status: int, headers: dict[str, str]
) -> None:
    answer = ask(simulator, body(), method, path, **headers)
    assert answer.status == status
    assert answer.headers["x-glm-simulator"] == "1"


def test_what_does_not_exist_is_refused_in_json(simulator: Simulator) -> None:
    answer = ask(simulator, body(), "POST", "/nowhere")
    assert answer.json["error"]["code"] == "NotFound"
    answer = ask(simulator, body(), "GET", CHAT)
    assert answer.json["error"]["message"] == "Request method 'GET' is not supported."


def test_what_does_not_exist_is_refused_in_the_shape_of_its_path(simulator: Simulator) -> None:
    answer = ask(simulator, body(), "GET", "/api/v1/nowhere")
    assert (answer.json["code"], answer.json["message"]) == ("NotFound", "Not found!")
    assert answer.json["request_id"] == answer.headers["x-request-id"]
    answer = ask(simulator, body(), "DELETE", NATIVE)
    assert answer.json["message"] == "Request method 'DELETE' is not supported."


def test_the_headers_of_the_service(simulator: Simulator) -> None:
    headers = ask(simulator, body("Hello", stream=True)).headers
    assert headers["server"] == "istio-envoy"
    assert headers["x-dashscope-call-gateway"] == "true"
    assert headers["content-type"] == "text/event-stream;charset=UTF-8"
    assert len(headers["x-request-id"]) == 36


def test_a_failure_of_the_simulator_itself_is_a_500(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: Service, *arguments: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Service, "_chat", fail)
    answer = ask(simulator, body())
    assert answer.status == 500
    assert answer.error["code"] == "internal_error"
    assert "ZeroDivisionError" in caplog.text


# What was received.


def test_requests_are_kept_without_their_key(simulator: Simulator) -> None:
    ask(simulator, body("Hello"), X_Extra="1")
    simulator.wait_until(lambda requests: requests[-1].state == "answered")
    (received,) = simulator.requests
    assert (received.method, received.path) == ("POST", CHAT)
    assert received.json == body("Hello")
    assert received.headers["authorization"] == "Bearer ***"
    assert received.headers["x-extra"] == "1"
    assert KEY not in repr(received)


def test_only_so_many_requests_are_kept() -> None:
    with Simulator(tokens_per_s=0, first_token_s=0, keep=2) as simulator:
        for n in range(3):
            ask(simulator, body(f"{n}"))
        kept = [request.json["messages"][0]["content"] for request in simulator.requests]
    assert kept == ["1", "2"]


def test_waiting_for_what_does_not_come(simulator: Simulator) -> None:
    with pytest.raises(TimeoutError, match=r"Not within 0\.01 s; received: \[\]"):
        simulator.wait_until(lambda requests: bool(requests), timeout_s=0.01)


def test_one_connection_carries_many_requests(simulator: Simulator) -> None:
    connection = connect(simulator)
    for stream in (True, False, True):
        sent = json.dumps(body("Hello", stream=stream))
        connection.request("POST", CHAT, sent, {"Authorization": f"Bearer {KEY}"})
        response = connection.getresponse()
        assert response.status == 200
        assert response.read()
    connection.close()
    assert len(simulator.requests) == 3


def test_many_at_once() -> None:
    rules = (Rule(answer="word " * 100, tokens_per_s=500, first_token_s=0),)
    with (
        Simulator(Scenario(rules=rules)) as simulator,
        ThreadPoolExecutor(20) as pool,
    ):
        answers = list(pool.map(lambda n: ask(simulator, body(f"{n}", stream=True)), range(20)))
    assert all(answer.body.endswith(b"data: [DONE]\n\n") for answer in answers)


# Starting and stopping.


def test_it_is_nowhere_before_it_starts_and_after_it_stops() -> None:
    simulator = Simulator(tokens_per_s=0, first_token_s=0)
    with pytest.raises(RuntimeError, match="has not been started"):
        _ = simulator.base_url
    with simulator:
        url = urlsplit(simulator.base_url)
        assert url.path == "/compatible-mode/v1"
        with pytest.raises(RuntimeError, match="has been started already"):
            simulator.start()
    with pytest.raises(RuntimeError, match="has not been started"):
        _ = simulator.base_url
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((url.hostname or "", url.port or 0))
    simulator.stop()


def test_it_can_be_started_again() -> None:
    simulator = Simulator(tokens_per_s=0, first_token_s=0)
    for n in (1, 2):
        with simulator:
            assert ask(simulator, body()).status == 200
        assert len(simulator.requests) == n


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        simulator = Simulator(port=port)
        with pytest.raises(OSError, match="in use"):
            simulator.start()
    with simulator:  # once it is free
        assert simulator.base_url == f"http://127.0.0.1:{port}/compatible-mode/v1"


@pytest.mark.parametrize("port", [-1, 65_536])
def test_what_is_no_port(port: int) -> None:
    with pytest.raises(ValueError, match=f"{port} is no port"):
        Simulator(port=port)


def test_it_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    with Simulator():
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


# The one of the process.


def test_the_embedded_one_is_one_for_all_threads() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = {id(pool.submit(package.embedded).result()) for _ in range(32)}
    assert found == {id(package.embedded())}
    threads = [t for t in threading.enumerate() if t.name == "glm-simulator"]
    assert [t.daemon for t in threads] == [True]
    assert ask(package.embedded(), method="GET", path=MODELS).status == 200


def _ask_in_a_child(results: Any) -> None:
    simulator = package.embedded()
    results.put((simulator.base_url, ask(simulator, method="GET", path=MODELS).status))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # which is what is tested
def test_a_forked_child_gets_its_own() -> None:
    url = package.embedded().base_url
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    child = context.Process(target=_ask_in_a_child, args=(results,))
    child.start()
    child.join(20)
    assert child.exitcode == 0
    child_url, status = results.get()
    assert status == 200
    assert child_url != url
    assert package.embedded().base_url == url
    assert ask(package.embedded(), method="GET", path=MODELS).status == 200


def test_a_program_that_used_it_ends() -> None:
    code = "from glm_notebook import simulator; print(simulator.embedded().base_url)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.startswith("http://127.0.0.1:")
    assert done.stderr == ""


# The command line.


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_a_scenario_until_it_is_told_to_end(
    tmp_path: Path, number: signal.Signals
) -> None:
    scenario = tmp_path / "talk.toml"
    scenario.write_text('[[rules]]\nanswer = "Scripted."', encoding="utf-8")
    command = [sys.executable, "-m", "glm_notebook.simulator", "--scenario", str(scenario)]
    command += ["--tokens-per-s", "0", "--first-token-s", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = urlsplit(process.stdout.readline().strip())
        with socket.create_connection((url.hostname or "", url.port or 0)) as connection:
            sent = json.dumps(body("Hello")).encode()
            head = f"POST {url.path}/chat/completions HTTP/1.1\r\nAuthorization: Bearer k\r\n"
            head += f"Host: x\r\nConnection: close\r\nContent-Length: {len(sent)}\r\n\r\n"
            connection.sendall(head.encode() + sent)
            with connection.makefile("rb") as file:
                assert b'"content":"Scripted."' in file.read()
        process.send_signal(number)
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--scenario", "missing.toml"], "No such file or directory: 'missing.toml'"),
        (["--scenario", "talk.yaml"], "A scenario is a .toml or a .json file, not 'talk.yaml'."),
        (["--port", "70000"], "70000 is no port; 0 takes a free one"),
        (["--tokens-per-s", "-1"], "tokens_per_s is -1.0; it should be 0 or more"),
    ],
)
def test_mistakes_on_the_command_line(
    arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    assert error in capsys.readouterr().err


def test_the_command_lists_the_faults(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--faults"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(known_faults())
    assert (
        "cut:k                       Break the connection after k events, in the middle of a chunked"
        " body."
    ) in lines
