"""A server in a process of its own that sends prepared streams, so that only the client's work is counted.

The first parts of a path say how many words the stream has and how its body is framed, the rest which protocol it is
in: a base URL is ``http://127.0.0.1:PORT/2000/events/v1``. The body is chunked as the service's is, with an ``events``
chunk for each event or in ``packed`` chunks of 16 KiB, and goes out as fast as the client takes it. Each response ends
its connection.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from benchmarks.streams import STREAMS, in_pieces

BASE_PATHS = {"openai": "v1", "dashscope": "api/v1"}
"""By the name of the protocol."""
FRAMINGS = {"events": "an event in each HTTP chunk", "packed": "16 KiB in each HTTP chunk"}
HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream;charset=UTF-8\r\n"
    b"transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
)
WRITE_BYTES = 64 * 1024


@cache
def response(path: str) -> bytes:
    """Return the bytes of the response to a path."""
    _, words, framing, rest = path.split("/", 3)
    protocol = next(name for name, base in BASE_PATHS.items() if rest.startswith(f"{base}/"))
    events = STREAMS[protocol](int(words))
    pieces = events if framing == "events" else in_pieces(b"".join(events))
    return HEAD + b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in pieces) + b"0\r\n\r\n"


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = next(line for line in head.split("\r\n") if line.startswith("content-length:"))
    await reader.readexactly(int(length.partition(":")[2]))
    for piece in in_pieces(response(head.split()[1]), WRITE_BYTES):
        writer.write(piece)
        await writer.drain()
    writer.close()


async def _serve() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def serving() -> Iterator[str]:
    """Run the server, and give its URL."""
    command = [sys.executable, "-m", "benchmarks.loopback"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(_serve())
