"""Drives a turn: asks, runs what tools the model calls, and asks again with what they answered."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from glm_notebook.messages import Request, ToolCall
from glm_notebook.protocol.deltas import NoteDelta
from glm_notebook.snapshot import CallState, Output

if TYPE_CHECKING:
    from glm_notebook.turn import Turn

MAX_ROUNDS = 25
"""How often a turn's tools are called, by default, before the model has to answer without them."""
MAX_REPEATS = 3
"""How many rounds in a row the service takes with the same calls, and one more: it refuses the third."""
CUT = "Not run: the answer reached its limit of tokens, so the arguments may be incomplete."
REPEATED = "Not run: the same call has been made twice before."
REPEATED_NOTE = "the model repeated a tool call, and was asked to answer without"
ROUNDS_NOTE = "the model called tools too often, and was asked to answer without"


class Driver:
    """The requests of one turn.

    Parameters
    ----------
    turn : Turn
        Begun, and not ended.
    max_rounds : int
        How often tools are called before the model has to answer without them.
    """

    def __init__(self, turn: Turn, max_rounds: int) -> None:
        self._turn = turn
        self._max_rounds = max_rounds

    async def run(self) -> None:
        """Go on until the model has answered.

        Raises
        ------
        GLMError
            A request failed.
        KeyboardInterrupt
            A tool was interrupted.
        """
        turn = self._turn
        before: list[tuple[str, str]] = []
        repeats = 0
        for _ in range(self._max_rounds):
            await self._stream(turn.request())
            asked = turn.state.asked_calls
            if not asked or not len(turn.tools):
                return
            calls = [(call.name, call.arguments) for _, call in asked]
            repeats = repeats + 1 if calls == before else 1
            before = calls
            if repeats == MAX_REPEATS:
                await self._refuse(asked)
                return
            if turn.state.finish_reason == "length":
                self._fail(asked, CUT)
            else:
                await turn.calls.run(asked)
            self._begin_round()
        await self._answer_without(ROUNDS_NOTE)

    async def _refuse(self, asked: Sequence[tuple[int, ToolCall]]) -> None:
        """Show calls that the model repeats, but do not send them: the service would refuse the history."""
        self._fail(asked, REPEATED)
        with self._turn.held() as state:
            state.forget_round()
        self._begin_round()
        await self._answer_without(REPEATED_NOTE)

    def _fail(self, asked: Sequence[tuple[int, ToolCall]], why: str) -> None:
        report = Report(self._turn)
        for index, _ in asked:
            report.set_result(index, why)
            report.change_call(index, "failed")

    def _begin_round(self) -> None:
        self._turn.change(lambda state: state.begin_round(self._turn.age_s))

    async def _answer_without(self, note: str) -> None:
        """Have the model answer with what it has."""
        turn = self._turn
        turn.change(lambda state: state.apply(NoteDelta(note), turn.age_s))
        await self._stream(replace(turn.request(), tool_choice="none"))

    async def _stream(self, request: Request) -> None:
        turn = self._turn
        async with aclosing(turn.client.deltas(request)) as batches:
            async for batch in batches:
                at_s = turn.age_s
                turn.change(
                    lambda state, batch=batch, at_s=at_s: [  # type: ignore[misc]
                        event for delta in batch for event in state.apply(delta, at_s)
                    ]
                )


class Report:
    """Tells a turn, and who listens to it, what becomes of its calls."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn

    def change_call(self, index: int, state: CallState) -> None:
        """Say what becomes of a call."""
        self._turn.change(lambda turn: turn.change_call(index, state, self._turn.age_s))

    def add_output(self, index: int, output: Output) -> None:
        """Say what it has printed or displayed."""
        self._turn.change(lambda turn: turn.add_output(index, output))

    def set_result(self, index: int, text: str, traceback: str = "") -> None:
        """Say what the model is told."""
        self._turn.change(lambda turn: turn.set_result(index, text, traceback))
