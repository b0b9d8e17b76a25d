"""A real kernel, spoken to as a notebook page does."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from glm_notebook.record import TURN_MIME
from glm_notebook.simulator import Match, Rule, Scenario, ScriptedCall, Simulator

KEY = "sk-kernel-0123456789abcdef"
REPLY_S = 20.0


@dataclass
class Result:
    """What one cell did."""

    status: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)
    seconds_since_interrupt: float | None = None

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        return [one["content"] for one in self.messages if one["msg_type"] in kinds]

    @property
    def text(self) -> str:
        return "".join(one["text"] for one in self.of("stream"))

    @property
    def error(self) -> str:
        return "\n".join(line for one in self.of("error") for line in one["traceback"])

    @property
    def evalue(self) -> str:
        return "".join(one["evalue"] for one in self.of("error"))

    @property
    def bundles(self) -> list[dict[str, Any]]:
        return [one["data"] for one in self.of("display_data", "update_display_data")]

    @property
    def batches(self) -> list[list[dict[str, Any]]]:
        """The events that the page was sent."""
        contents = [one["data"].get("content", {}) for one in self.of("comm_msg")]
        return [one["events"] for one in contents if one.get("type") == "events"]

    @property
    def settled(self) -> dict[str, Any]:
        """The bundle that stays; pictures of tools may follow it."""
        return next((one for one in reversed(self.bundles) if TURN_MIME in one), self.bundles[-1])

    @property
    def record(self) -> dict[str, Any]:
        record: dict[str, Any] = self.settled[TURN_MIME]
        return record


class Kernel:
    """A kernel and one client of it."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self._manager = KernelManager()
        env = {
            "DASHSCOPE_API_KEY": KEY,
            "DASHSCOPE_COMPATIBLE_BASE_URL": simulator.base_url,
            "LANG": "en_US.UTF-8",
        }
        self._manager.start_kernel(env={**os.environ, **env})
        self.client: BlockingKernelClient = self._manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=REPLY_S)

    def run(
        self,
        code: str,
        *,
        as_page: bool = True,
        interrupt_when: Callable[[], object] | None = None,
        answer: str | None = None,
    ) -> Result:
        """Run a cell, as a page that names it, or as nbclient does; interrupt it once a call returns."""
        message = self.client.session.msg(
            "execute_request",
            {
                "code": code,
                "silent": False,
                "store_history": True,
                "user_expressions": {},
                "allow_stdin": answer is not None,
                "stop_on_error": True,
            },
            metadata={"cellId": "c1"} if as_page else {},
        )
        self.client.shell_channel.send(message)
        interrupted_at = None
        if interrupt_when is not None:
            interrupt_when()
            interrupted_at = time.monotonic()
            self._manager.interrupt_kernel()
        if answer is not None:
            self.client.get_stdin_msg(timeout=REPLY_S)
            self.client.input(answer)
        result = self._collect(message["header"]["msg_id"])
        if interrupted_at is not None:
            result.seconds_since_interrupt = time.monotonic() - interrupted_at
        return result

    def _collect(self, message_id: str) -> Result:
        result = Result()
        while True:
            message = self.client.get_iopub_msg(timeout=REPLY_S)
            if message["parent_header"].get("msg_id") != message_id:
                continue
            result.messages.append(message)
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
        while True:
            reply = self.client.get_shell_msg(timeout=REPLY_S)
            if reply["parent_header"].get("msg_id") == message_id:
                result.status = reply["content"]["status"]
                return result

    def complete(self, code: str) -> list[str]:
        reply = self.client.complete(code, len(code), reply=True, timeout=REPLY_S)
        matches: list[str] = reply["content"]["matches"]
        return matches

    def close(self) -> None:
        self.client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        with contextlib.suppress(Exception):
            self._manager.cleanup_resources()


SCENARIO = Scenario(
    rules=(
        Rule("hang before", fault="stall:0"),
        Rule("hang after", thinking="Let me see.", answer="The first words", fault="stall:5"),
        Rule(
            "two calls",
            thinking="I look.",
            tool_calls=(
                ScriptedCall("noisy", {"word": "eins"}),
                ScriptedCall("quiet", {"number": 7}),
            ),
        ),
        Rule(Match(contains="two calls", after_tools=True), answer="They gave: {tool_results}"),
        Rule("guarded call", tool_calls=(ScriptedCall("guarded", {"path": "x.csv"}),)),
        Rule(Match(contains="guarded call", after_tools=True), answer="It says: {tool_results}"),
        Rule("plot it", tool_calls=(ScriptedCall("plot", {}),)),
        Rule(Match(contains="plot it", after_tools=True), answer="Plotted: {tool_results}"),
        Rule("slow call", tool_calls=(ScriptedCall("slow", {}),)),
        Rule("busy once", answer="At last.", fault="fail-first:1:503"),
        Rule("busy for long", fault="status:429:limit_requests,retry-after:30"),
        Rule("broken off", thinking="Let me see.", answer="The first words", fault="cut:3"),
    )
)


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with Simulator(SCENARIO, tokens_per_s=0, first_token_s=0) as simulator:
        kernel = Kernel(simulator)
        try:
            assert kernel.run("%load_ext glm_notebook").status == "ok"
            assert kernel.run("%%glm\nHello").status == "ok"  # so that there is a turn
            yield kernel
        finally:
            kernel.close()
