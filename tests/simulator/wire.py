"""What a test sends to the simulator, and what it reads back, with nothing but the standard library."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from glm_notebook.simulator import Scenario, Simulator
from glm_notebook.simulator.http import Incoming, Response
from glm_notebook.simulator.service import Service
from glm_notebook.simulator.sse import Event, Raw

KEY = "sk-simulated-0123456789"
CHAT = "/compatible-mode/v1/chat/completions"
NATIVE = "/api/v1/services/aigc/text-generation/generation"
ZAI = "/api/paas/v4/chat/completions"
SSE = {"X-DashScope-SSE": "enable"}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather by city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


def make_service(scenario: Scenario | None = None) -> Service:
    """Return a service whose clock stands still and whose ids are counted."""
    numbers = count(1)
    return Service(
        scenario,
        tokens_per_s=0,
        first_token_s=0,
        clock=lambda: 1770000000.0,
        new_id=lambda: f"id-{next(numbers)}",
    )


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def round_of(
    arguments: str, result: str, name: str = "get_weather", id: str = "call_1"
) -> list[dict[str, Any]]:
    """Return the two messages of a round of tools."""
    function = {"name": name, "arguments": arguments}
    call = {"id": id, "type": "function", "function": function}
    return [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": id, "content": result},
    ]


def body(*messages: dict[str, Any] | str, **fields: Any) -> dict[str, Any]:
    """Return a request: a string is what the user says."""
    said = [user(one) if isinstance(one, str) else one for one in messages]
    return {"model": "glm-5", "messages": said or [user("Hello")], **fields}


def native_body(*messages: dict[str, Any] | str, **parameters: Any) -> dict[str, Any]:
    """Return a request of the DashScope protocol, with the parameters that thinking needs."""
    said = body(*messages)
    parameters = {"result_format": "message", "incremental_output": True, **parameters}
    return {"model": "glm-5", "input": {"messages": said["messages"]}, "parameters": parameters}


def parse_events(text: bytes) -> list[tuple[list[str], str]]:
    """Return the events of a stream, as the standard reads them: lines before the data, and data."""
    lines = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").decode().split("\n")
    events: list[tuple[list[str], str]] = []
    head: list[str] = []
    data: list[str] = []
    for line in lines:
        if line.startswith("data:"):
            data.append(line.removeprefix("data:").removeprefix(" "))
        elif line:
            head.append(line)
        elif data:
            events.append((head, "\n".join(data)))
            head, data = [], []
    assert not data, f"the stream ends within an event: {data}"
    return events


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def chunks(self) -> list[dict[str, Any]]:
        """The events that hold JSON."""
        events = self.body.decode().split("\n\n")
        return [json.loads(e.removeprefix("data: ")) for e in events if e.startswith("data: {")]

    @property
    def events(self) -> list[tuple[list[str], str]]:
        """The events, each with the lines before its data."""
        return parse_events(self.body)

    @property
    def frames(self) -> list[dict[str, Any]]:
        """What the events hold that hold JSON."""
        return [json.loads(data) for _, data in self.events if data.startswith("{")]

    @property
    def error(self) -> dict[str, Any]:
        """The error object, in either of its two dresses."""
        data = self.body.removeprefix(b"data: ") if self.body.startswith(b"data: ") else self.body
        error: dict[str, Any] = json.loads(data)["error"]
        return error


def service_answer(service: Service, data: bytes | dict[str, Any], **headers: str) -> Answer:
    """Ask a service without sockets; only whole replies, without silence or cuts."""
    return _read(service.chat_compat(_incoming(data, headers)))


def native_answer(service: Service, data: bytes | dict[str, Any], **headers: str) -> Answer:
    """Ask a service in the DashScope protocol, likewise."""
    return _read(service.chat_native(_incoming(data, headers)))


def zai_answer(service: Service, data: bytes | dict[str, Any], **headers: str) -> Answer:
    """Ask a service in the dialect of Z.ai, likewise."""
    return _read(service.chat_zai(_incoming(data, headers)))


def _incoming(data: bytes | dict[str, Any], headers: dict[str, str]) -> Incoming:
    sent = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Incoming({"Authorization": f"Bearer {KEY}", **headers}, sent)


def _read(response: Response) -> Answer:
    items = list(response.items)
    assert all(isinstance(item, Event | Raw) for item in items)
    text = b"".join(item.encode() for item in items if isinstance(item, Event | Raw))
    return Answer(response.status, dict(response.headers), text)


def connect(simulator: Simulator, timeout_s: float = 20) -> HTTPConnection:
    url = urlsplit(simulator.base_url)
    assert url.hostname is not None
    return HTTPConnection(url.hostname, url.port, timeout=timeout_s)


def ask(
    simulator: Simulator,
    data: bytes | dict[str, Any] | None = None,
    method: str = "POST",
    path: str = CHAT,
    **headers: str,
) -> Answer:
    """Ask over HTTP; underscores in the names of headers stand for hyphens."""
    sent = data if isinstance(data, bytes | None) else json.dumps(data).encode()
    connection = connect(simulator)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, sent, {"Authorization": f"Bearer {KEY}", **named})
        response = connection.getresponse()
        got = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, got, response.read())
    finally:
        connection.close()


def open_socket(
    simulator: Simulator, data: dict[str, Any], fault: str = "", path: str = CHAT
) -> socket.socket:
    """Send a request over a plain socket and leave the reading to the test."""
    url = urlsplit(simulator.base_url)
    sent = json.dumps(data).encode()
    head = [
        f"POST {path} HTTP/1.1",
        "X-DashScope-SSE: enable",
        f"Host: {url.netloc}",
        f"Authorization: Bearer {KEY}",
        f"X-Sim-Fault: {fault}",
        f"Content-Length: {len(sent)}",
    ]
    connection = socket.create_connection((url.hostname or "", url.port or 0), timeout=20)
    connection.sendall("\r\n".join([*head, "", ""]).encode() + sent)
    return connection


def read_until(connection: socket.socket, end: bytes) -> bytes:
    """Read until a mark has come."""
    got = bytearray()
    while end not in got:
        data = connection.recv(65536)
        assert data, f"the connection ended after {bytes(got)!r}"
        got += data
    return bytes(got)


def read_to_end(connection: socket.socket) -> bytes:
    """Read until the other side closes."""
    got = bytearray()
    while data := connection.recv(65536):
        got += data
    return bytes(got)


def split_chunks(wire: bytes) -> tuple[bytes, list[bytes], bool]:
    """Return head, the chunks of the body, and whether the body was ended."""
    head, _, rest = wire.partition(b"\r\n\r\n")
    chunks: list[bytes] = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return head, chunks, True
        chunks.append(rest[:length])
        rest = rest[length + 2 :]
    return head, chunks, False
