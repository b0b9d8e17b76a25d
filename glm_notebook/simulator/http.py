"""A request as it came over HTTP, and a response as it is to be played."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from glm_notebook.simulator.pacing import Pace
from glm_notebook.simulator.sse import Item, Raw, Wire

EVENT_STREAM = "text/event-stream;charset=UTF-8"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Incoming:
    """An HTTP request."""

    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    query: Mapping[str, str] = field(default_factory=dict)
    """What follows the question mark, the last of each name."""

    def header(self, name: str) -> str:
        """Return a header in whatever case it came, or an empty string."""
        return next((v for k, v in self.headers.items() if k.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response as it is to be played."""

    status: int
    headers: Mapping[str, str]
    items: Iterable[Item]
    length: int | None = None
    """Bytes of the body, if it is sent with a length."""
    pace: Pace = field(default_factory=Pace)
    wire: Wire = field(default_factory=Wire)


def finished(status: int, headers: Mapping[str, str], body: bytes, at_token: int = 0) -> Response:
    """Return a response whose body is known: it is sent in one piece, with its length."""
    return Response(status, headers, [Raw(body, at_token)], length=len(body))


def gateway_headers(
    request_id: str, content_type: str, now_s: float, *, is_finished: bool
) -> dict[str, str]:
    """Return the headers that Model Studio's gateway adds to every response.

    Source: recorded responses (2026). None of them says anything of rate limits.
    """
    now_ms = int(now_s * 1000)
    return {
        "vary": "Origin,Access-Control-Request-Method,Access-Control-Request-Headers,"
        "Accept-Encoding",
        "x-request-id": request_id,
        "x-dashscope-call-gateway": "true",
        "x-dashscope-finished": str(is_finished).lower(),
        "x-dashscope-timeout": "180",
        "content-type": content_type,
        "req-cost-time": "1",
        "req-arrive-time": str(now_ms),
        "resp-start-time": str(now_ms + 1),
        "x-envoy-upstream-service-time": "1",
        "server": "istio-envoy",
    }
