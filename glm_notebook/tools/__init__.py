"""Python callables that a model may ask for: registering, describing, checking a call's arguments, running it.

Knows values and errors only: no network, no notebook. Importing it costs next to nothing; pydantic and the reader of
docstrings are loaded with the first schema.
"""

from __future__ import annotations

from glm_notebook.tools.arguments import ArgumentError, Call
from glm_notebook.tools.registry import Tools, UnknownToolError, marked
from glm_notebook.tools.running import Outcome, run, run_all
from glm_notebook.tools.tool import Tool, tool

__all__ = [
    "ArgumentError",
    "Call",
    "Outcome",
    "Tool",
    "Tools",
    "UnknownToolError",
    "marked",
    "run",
    "run_all",
    "tool",
]
