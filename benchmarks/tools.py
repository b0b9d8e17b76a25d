"""What a tool call costs beside the tool: from its arguments to the function, and from there to the next request.

A client that answers at once stands for the network, so that only our own time is measured.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any

from glm_notebook import AsyncClient, Conversation
from glm_notebook.messages import Request
from glm_notebook.protocol.deltas import Delta, FinishDelta, TextDelta, ToolCallDelta
from glm_notebook.tools import Tool

ROUNDS = 40
ASYNC_TOOLS = 50
ASYNC_S = 0.1
FUNCTIONS = 100


class Prompt(AsyncClient):
    """Asks for a tool a number of times, at once, and notes when."""

    def __init__(self, calls: list[tuple[str, str]], rounds: int) -> None:
        super().__init__("none", base_url="http://127.0.0.1:9/v1", dialect="modelstudio")
        self.calls = calls
        self.left = rounds
        self.asked_s: list[float] = []
        self.requested_s: list[float] = []

    async def deltas(self, request: Request) -> AsyncGenerator[list[Delta], None]:
        """Answer."""
        self.requested_s.append(time.perf_counter())
        if not self.left:
            yield [TextDelta("done"), FinishDelta("stop")]
            return
        self.left -= 1
        deltas: list[Delta] = [
            ToolCallDelta(n, f"c{self.left}-{n}", name, arguments.replace("?", str(self.left)))
            for n, (name, arguments) in enumerate(self.calls)
        ]
        self.asked_s.append(time.perf_counter())
        yield [*deltas, FinishDelta("tool_calls")]


def overhead_ms(wait: Callable[[Conversation], Any]) -> tuple[float, float]:
    """Return the medians, in ms: arguments complete to function entered, function returned to next request."""
    entered: list[float] = []
    left: list[float] = []

    def tool(number: int) -> int:
        """Note when."""
        entered.append(time.perf_counter())
        left.append(time.perf_counter())
        return number

    client = Prompt([("tool", '{"number": ?}')], ROUNDS)
    wait(Conversation(client, tools=[tool], max_rounds=ROUNDS + 1))
    before = [b - a for a, b in zip(client.asked_s, entered, strict=True)]
    after = [b - a for a, b in zip(left, client.requested_s[1:], strict=True)]
    return statistics.median(before) * 1000, statistics.median(after) * 1000


def async_s() -> float:
    """Return how long one round of many async tools takes."""

    async def nap(number: int) -> int:
        """Sleep."""
        await asyncio.sleep(ASYNC_S)
        return number

    client = Prompt([("nap", f'{{"number": {n}}}') for n in range(ASYNC_TOOLS)], 1)
    conversation = Conversation(client, tools=[nap])
    conversation.ask_sync("warm up: the schema, and what it imports")
    client.left = 1
    began_s = time.perf_counter()
    conversation.ask_sync("?")
    return time.perf_counter() - began_s


def schema_ms() -> float:
    """Return how long the schemas of many functions take, pydantic once loaded."""

    def make(number: int) -> Tool:
        def function(
            a: int, b: str = "x", c: list[float] | None = None, d: dict[str, int] | None = None
        ) -> str:
            """Do something.

            Parameters
            ----------
            a : int
                A number.
            b : str
                A word.
            """
            return b

        return Tool(function, name=f"f{number}")

    make(0).spec()
    tools = [make(number) for number in range(FUNCTIONS)]
    began_s = time.perf_counter()
    for tool in tools:
        tool.spec()
    return (time.perf_counter() - began_s) * 1000


async def _awaited(conversation: Conversation) -> None:
    await conversation.ask("?")


def main() -> list[str]:
    """Measure, and return the rows of a Markdown table."""
    blocking = overhead_ms(lambda conversation: conversation.ask_sync("?"))
    awaited = overhead_ms(lambda conversation: asyncio.run(_awaited(conversation)))
    rows = [
        f"| a tool call, {how}: arguments complete to function entered, returned to next request | ≤ 5 ms each "
        f"| {before:.1f} ms, {after:.1f} ms |"
        for how, (before, after) in (("blocking", blocking), ("awaited", awaited))
    ]
    rows.append(
        f"| {ASYNC_TOOLS} async tools of {ASYNC_S * 1000:.0f} ms in one round | ≤ 300 ms | {async_s() * 1000:.0f} ms |"
    )
    rows.append(f"| schema of {FUNCTIONS} functions | ≤ 100 ms | {schema_ms():.0f} ms |")
    return rows


if __name__ == "__main__":
    print("\n".join(main()))
