"""DashScope, Model Studio's own protocol. No I/O.

Source: the vendor's page on its protocol (digest of 2026-08-22), its Python SDK 2.0.2 and recorded streams (protocol
notes 4); numbers in comments are cases of section 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glm_notebook.dialects import dialect
from glm_notebook.messages import Request
from glm_notebook.protocol import encoding
from glm_notebook.protocol.base import EncodedRequest
from glm_notebook.protocol.cumulative import Slicer
from glm_notebook.protocol.reading import UsageNames, read_message
from glm_notebook.protocol.sse import MAX_EVENT_BYTES
from glm_notebook.protocol.stream import StreamDecoder

PATH = "/services/aigc/text-generation/generation"
_STREAM = ("x-dashscope-sse", "enable")


class DashScope:
    """``POST .../text-generation/generation``. Parameters have the names that they have in `OpenAICompatible`."""

    name = "dashscope"

    def __init__(self) -> None:
        self._dialect = dialect("modelstudio")

    def encode(self, request: Request) -> EncodedRequest:
        """Write a request as JSON. What is `None` is left out, so that the service decides."""
        parameters: dict[str, Any] = {
            # Both are wrong by default: thinking and tools are refused without them.
            "result_format": "message",
            "incremental_output": True,
        }
        encoding.merge(parameters, encoding.settings(request, self._dialect))
        body = {
            "model": request.model,
            "input": {"messages": encoding.messages(request, self._dialect)},
            "parameters": parameters,
        }
        accept = (encoding.EVENTS, _STREAM) if request.stream else (encoding.PLAIN,)
        headers = (encoding.JSON_TYPE, *accept, encoding.UNCOMPRESSED)
        return EncodedRequest(PATH, headers, encoding.to_json(body))

    def decoder(self, max_event_bytes: int = MAX_EVENT_BYTES) -> FrameDecoder:
        """Make a decoder for one response."""
        return FrameDecoder(max_event_bytes)


class FrameDecoder(StreamDecoder):
    """Turns the bytes of one response into deltas.

    Parameters
    ----------
    max_event_bytes : int
        As in `StreamDecoder`.
    cumulative : bool
        Whether each frame repeats all that came before it, as without ``incremental_output``. Never asked for by
        `DashScope`; for a proxy that changes the request.
    """

    CONTENT_KEY = "output"
    ID_KEY = "request_id"
    USAGE = UsageNames("input_tokens", "output_tokens", "output_tokens_details")

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES, *, cumulative: bool = False) -> None:
        super().__init__(max_event_bytes)
        self._slicer = Slicer() if cumulative else None

    def _chunk(self, chunk: Mapping[str, Any]) -> None:
        if usage := chunk.get("usage"):
            self._count(usage)
        output = chunk.get("output")
        if isinstance(output, dict):
            choices = output.get("choices")
            if choices and isinstance(choices, list) and isinstance(choices[0], dict):  # 16, 17
                self._choice(choices[0])
            else:
                self._choice({"message": {"content": output.get("text")}, **output})

    def _choice(self, choice: Mapping[str, Any]) -> None:
        message = choice.get("message") or choice.get("delta")  # 17
        if isinstance(message, dict):
            if self._slicer:
                message = self._slicer.sliced(message)
            read_message(message, self._out, whole=self._plain is not None)
        reason = choice.get("finish_reason")
        if reason and reason != "null" and isinstance(reason, str):  # 18
            self._finish(reason)

    def _restart(self) -> None:
        super()._restart()
        if self._slicer:
            self._slicer = Slicer()
