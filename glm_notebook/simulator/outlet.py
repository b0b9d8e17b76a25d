"""Writing a response to a connection: in chunks, with a length, or up to the connection's end."""

from __future__ import annotations

from http.client import responses
from typing import cast

from tornado.http1connection import HTTP1Connection
from tornado.web import RequestHandler

from glm_notebook.simulator.http import Response

MARK = ("x-glm-simulator", "1")
"""The header of every response, by which a client knows that no model was asked."""


class ChunkedOutlet:
    """A body in chunks, or with a length: tornado frames it."""

    def __init__(self, handler: RequestHandler, response: Response) -> None:
        self._handler = handler
        self._response = response
        self._stream = cast(HTTP1Connection, handler.request.connection).stream
        self._is_open = False
        self._stream.set_nodelay(True)

    async def open(self) -> None:
        """Send status and headers, if they have not been sent."""
        if not self._is_open:
            self._is_open = True
            await self._send_head()

    async def send(self, data: bytes) -> None:
        """Send a part of the body."""
        await self.open()
        if not self._response.wire.one_byte:
            await self._write(data)
            return
        for byte in data:
            await self._write(bytes([byte]))

    async def cut(self) -> None:
        """Break the connection."""
        if not self._response.wire.speechless:
            await self.open()
        self._stream.close()

    async def close(self) -> None:
        """End the body; that of chunks ends when the handler returns."""
        await self.open()

    async def _send_head(self) -> None:
        self._handler.clear()  # to the default headers, of which the mark is one
        self._handler.set_status(self._response.status)
        for name, value in self._response.headers.items():
            self._handler.set_header(name, value)
        if self._response.length is not None:
            self._handler.set_header("Content-Length", str(self._response.length))
        await self._handler.flush()

    async def _write(self, data: bytes) -> None:
        self._handler.write(data)
        await self._handler.flush()


class RawOutlet(ChunkedOutlet):
    """A body that ends with its connection."""

    async def close(self) -> None:
        """End the body."""
        await self.cut()

    async def _send_head(self) -> None:
        status = self._response.status
        lines = [f"HTTP/1.1 {status} {responses.get(status, 'Unknown')}"]
        headers = [MARK, *self._response.headers.items(), ("connection", "close")]
        lines += [f"{name}: {value}" for name, value in headers]
        await self._stream.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def _write(self, data: bytes) -> None:
        await self._stream.write(data)


def outlet_for(handler: RequestHandler, response: Response) -> ChunkedOutlet:
    """Return the outlet that a response asks for."""
    kind = RawOutlet if response.wire.close_delimited else ChunkedOutlet
    return kind(handler, response)
