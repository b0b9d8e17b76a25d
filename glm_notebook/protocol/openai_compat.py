"""The OpenAI-compatible protocol, as Model Studio and its relatives speak it. No I/O.

Source: the service's page on GLM ("OpenAI compatible", read 2026-03-15) and recorded streams (protocol notes 3 and
8); numbers in comments are cases of section 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glm_notebook import dialects
from glm_notebook.dialects import Dialect
from glm_notebook.messages import Request
from glm_notebook.protocol import encoding
from glm_notebook.protocol.base import EncodedRequest
from glm_notebook.protocol.deltas import ErrorInfo
from glm_notebook.protocol.reading import UsageNames, read_message
from glm_notebook.protocol.sse import MAX_EVENT_BYTES
from glm_notebook.protocol.stream import StreamDecoder


class OpenAICompatible:
    """``POST /chat/completions``.

    Parameters
    ----------
    dialect : Dialect, optional
        What the server takes and gives; by default, what Model Studio does.
    """

    name = "openai"

    def __init__(self, dialect: Dialect | None = None) -> None:
        self.dialect = dialect or dialects.dialect("modelstudio")

    def encode(self, request: Request) -> EncodedRequest:
        """Write a request as JSON. What is `None` is left out, so that the server decides."""
        body: dict[str, Any] = {
            "model": request.model,
            "messages": encoding.messages(request, self.dialect),
        }
        if request.stream:
            body["stream"] = True
            if self.dialect.stream_options:
                body["stream_options"] = {"include_usage": True}
        encoding.merge(body, encoding.settings(request, self.dialect))
        accept = encoding.EVENTS if request.stream else encoding.PLAIN
        headers = (encoding.JSON_TYPE, accept, encoding.UNCOMPRESSED)
        return EncodedRequest("/chat/completions", headers, encoding.to_json(body))

    def decoder(self, max_event_bytes: int = MAX_EVENT_BYTES) -> ChunkDecoder:
        """Make a decoder for one response."""
        return ChunkDecoder(max_event_bytes, endings=self.dialect.endings)


class ChunkDecoder(StreamDecoder):
    """Turns the bytes of one response into deltas.

    Parameters
    ----------
    max_event_bytes : int
        As in `StreamDecoder`.
    endings : mapping, optional
        Finish reasons that are failures, with the codes of the errors that they stand for.
    """

    CONTENT_KEY = "choices"
    ID_KEY = "id"
    USAGE = UsageNames("prompt_tokens", "completion_tokens", "completion_tokens_details")

    def __init__(
        self, max_event_bytes: int = MAX_EVENT_BYTES, *, endings: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(max_event_bytes)
        self._endings = endings or {}

    def _chunk(self, chunk: Mapping[str, Any]) -> None:
        if usage := chunk.get("usage"):
            self._count(usage)
        choices = chunk.get("choices")
        if choices and isinstance(choices, list) and isinstance(choices[0], dict):  # 16, 17
            self._choice(choices[0])

    def _choice(self, choice: Mapping[str, Any]) -> None:
        delta = choice.get("delta")
        if delta and isinstance(delta, dict):
            read_message(delta, self._out)
        elif isinstance(message := choice.get("message"), dict):  # 14, 17
            read_message(message, self._out, whole=True)
        if reason := choice.get("finish_reason"):  # 18
            self._end_with(reason)

    def _end_with(self, reason: object) -> None:
        """Take a finish reason; some servers have no other way to say that they failed."""
        if not isinstance(reason, str) or self._finished:
            return
        if code := self._endings.get(reason):
            self._error(ErrorInfo(None, code, reason, self._id))
        elif reason != "null":
            self._finish(reason)
