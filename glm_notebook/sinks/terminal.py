"""Plain text, as it comes: for IPython in a terminal and other consoles."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Sequence
from typing import TextIO

from IPython.display import display

from glm_notebook.events import (
    CallOutput,
    CallStateChanged,
    Event,
    PartDelta,
    PartStarted,
    Restarted,
    Retrying,
)
from glm_notebook.inert_text import visible
from glm_notebook.settle import ending, retrying
from glm_notebook.sinks.capture import captured
from glm_notebook.snapshot import CALL_ENDS
from glm_notebook.strings import words
from glm_notebook.turn import Turn

DIM, NORMAL = "\x1b[2m", "\x1b[0m"


class TextSink:
    """Writes a turn to a stream; thinking is dimmed.

    Parameters
    ----------
    turn : Turn
        Not started yet.
    language : str
        BCP 47 tag.
    out : text stream
        By default the standard output.
    """

    def __init__(self, turn: Turn, language: str = "", *, out: TextIO | None = None) -> None:
        self._turn = turn
        self._language = language or "en"
        self._out = sys.stdout if out is None else out
        self._waiting: deque[Event] = deque()
        self._kind = ""
        self._begun = False
        turn.calls.capture = captured

    def emit(self, events: Sequence[Event]) -> None:
        """Keep events for the thread that may write."""
        self._waiting.extend(events)

    def tick(self) -> None:
        """Write what has come."""
        text = ""
        while self._waiting:
            text += self._text(self._waiting.popleft())
        if text:
            self._out.write(text)
            self._out.flush()

    def end(self) -> None:
        """Write the rest, and the footer with the turn record beside it."""
        self.tick()
        self._out.write(
            (NORMAL if self._kind == "thinking" else "") + ("\n" if self._begun else "")
        )
        self._out.flush()
        display(
            ending(self._turn.snapshot(), self._turn.record(), language=self._language), raw=True
        )

    def _text(self, event: Event) -> str:
        match event:
            case PartStarted():
                return self._start(event)
            case PartDelta():
                return visible(event.text)
            case CallOutput():
                return self._output(event)
            case CallStateChanged() if event.state in CALL_ENDS:
                return f"\n[{getattr(words(self._language), f'call_{event.state}')}]"
            case Retrying():
                line = retrying(event.to_wire(), self._language)
                return f"[{line}]\n"
            case Restarted():
                self._begun = False
                return f"{NORMAL}\n\n[{words(self._language).restarted}]\n\n"
        return ""

    @staticmethod
    def _output(event: CallOutput) -> str:
        """Write what a tool prints; a picture is named only."""
        mime, data = event.output["mime"], event.output["data"]
        return f"\n{visible(data).rstrip()}" if mime.startswith("text/") else f"\n[{mime}]"

    def _start(self, event: PartStarted) -> str:
        before = ("\n\n" if self._begun else "") if self._kind != "thinking" else f"{NORMAL}\n\n"
        self._begun, self._kind = True, event.kind
        if event.kind == "thinking":
            return before + DIM
        return before + (f"{visible(event.name)} " if event.kind == "tool_call" else "")
