"""Scenarios: what the simulator answers, as data.

A scenario is a list of rules. The first rule that matches a request says what is thought, answered,
called or broken. What no rule matches, the built-in scenario (``demo.toml``) answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, Literal

from glm_notebook import toml
from glm_notebook.simulator.faults import parse_faults
from glm_notebook.simulator.pacing import check_pace
from glm_notebook.simulator.reply import Usage
from glm_notebook.simulator.request import ChatRequest
from glm_notebook.simulator.tokens import repeat_to_tokens


@dataclass(frozen=True, slots=True)
class Match:
    """Which requests a rule is for; every condition that is given must hold."""

    contains: str | None = None
    """Text that the last user message contains, in any case."""
    pattern: str | None = None
    """Regular expression that is found in the last user message."""
    model: str | None = None
    """Id of the model."""
    request: int | None = None
    """Which chat request since the simulator started, refused ones included; the first is 1."""
    turn: int | None = None
    """How many messages the user has sent in the conversation."""
    round: int | None = None
    """Which request of the turn: 1 follows the user, 2 the results of the first tool calls."""
    after_tools: bool | None = None
    """Whether tools have returned something in this turn."""

    def __post_init__(self) -> None:
        """Refuse a pattern that is none."""
        try:
            re.compile(self.pattern or "")
        except re.error as error:
            raise ValueError(f"the pattern {self.pattern!r} is not valid: {error}") from None

    def accepts(self, request: ChatRequest, number: int) -> bool:
        """Tell whether a request, the `number`-th of all, is meant."""
        prompt = request.prompt
        return (
            (self.contains is None or self.contains.lower() in prompt.lower())
            and (self.pattern is None or re.search(self.pattern, prompt) is not None)
            and self.model in (None, request.model)
            and self.request in (None, number)
            and self.turn in (None, len(request.user_texts))
            and self.round in (None, request.round)
            and self.after_tools in (None, bool(request.tool_results))
        )


@dataclass(frozen=True, slots=True)
class Text:
    """A text that is long by repetition."""

    text: str
    repeat: int = 1
    """How often the text is repeated."""
    tokens: int | None = None
    """If given, the text is repeated, and cut, to this many tokens instead."""

    def __str__(self) -> str:
        if self.tokens is not None:
            return repeat_to_tokens(self.text, self.tokens)
        return self.text * self.repeat


@dataclass(frozen=True, slots=True)
class ScriptedCall:
    """A tool call of a rule."""

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)
    """An object, or a string that is sent as it is, valid JSON or not."""
    id: str | None = None
    """Made up if not given."""

    def arguments_text(self) -> str:
        """Return the arguments as the model writes them."""
        if isinstance(self.arguments, str):
            return self.arguments
        return json.dumps(self.arguments, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to the requests that match.

    ``{prompt}``, ``{quote}``, ``{previous}``, ``{tool_results}``, ``{model}``, ``{turn}``,
    ``{characters}`` and ``{tokens}`` are filled in wherever they stand in a text.
    """

    match: Match | str = Match()
    """A string is what the last user message contains."""
    thinking: str | Text = ""
    answer: str | Text = ""
    tool_calls: Sequence[ScriptedCall] | Literal["auto"] = ()
    """Calls of the first round (or of the matched one); "auto" makes them up from the tools."""
    before_tools: str = ""
    """Text of the answer that precedes the calls."""
    finish_reason: str | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    """Figures that replace the counted ones: prompt_tokens, completion_tokens, thinking_tokens,
    cached_tokens."""
    fault: str | Sequence[str] = ()
    tokens_per_s: float | None = None
    first_token_s: float | None = None

    def __post_init__(self) -> None:
        """Refuse what could only fail later, in the middle of a talk."""
        parse_faults(self.fault)
        check_pace(self.tokens_per_s, self.first_token_s)
        figures = [f.name for f in fields(Usage)]
        for name in self.usage:
            if name not in figures:
                raise ValueError(f"usage has no {name!r}, only {', '.join(figures)}")

    @property
    def thinking_text(self) -> str:
        """The thinking, written out."""
        return self.thinking.strip() if isinstance(self.thinking, str) else str(self.thinking)

    @property
    def answer_text(self) -> str:
        """The answer, written out; without the line breaks that surround a multi-line string."""
        return self.answer.strip("\n") if isinstance(self.answer, str) else str(self.answer)

    @property
    def matcher(self) -> Match:
        """The conditions of this rule."""
        return Match(contains=self.match) if isinstance(self.match, str) else self.match

    def accepts(self, request: ChatRequest, number: int) -> bool:
        """Tell whether this rule is for a request.

        A rule that only calls tools has nothing to say in the rounds that follow.
        """
        if not self.matcher.accepts(request, number):
            return False
        return self.calls_in(request.round) or not self.tool_calls or bool(self.answer)

    def calls_in(self, round: int) -> bool:
        """Tell whether the tool calls belong to this round."""
        return bool(self.tool_calls) and round == (self.matcher.round or 1)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Rules, and what holds for all of them."""

    rules: Sequence[Rule] = ()
    name: str = ""
    tokens_per_s: float | None = None
    """Pace of what is generated; 0 is flat out."""
    first_token_s: float | None = None
    """Time to the first token, in seconds."""
    refused_keys: Sequence[str] = ()
    """Keys that are answered with 401, beside ``bad``."""
    models: Sequence[str] = ()
    """Ids of models that exist beside the documented ones."""

    def __post_init__(self) -> None:
        """Refuse a pace that is none."""
        check_pace(self.tokens_per_s, self.first_token_s)

    def choose(self, request: ChatRequest, number: int) -> Rule:
        """Return the first rule that matches, the built-in ones after this scenario's own."""
        rules = (*self.rules, *demo().rules)
        return next((rule for rule in rules if rule.accepts(request, number)), Rule())

    @classmethod
    def load(cls, path: str | Path) -> Scenario:
        """Read a scenario from a TOML or JSON file.

        Parameters
        ----------
        path : str or Path
            A name that ends in ``.toml`` or ``.json``.

        Raises
        ------
        ValueError
            If the file has another ending, or holds no scenario; says what is wrong, and where.
        """
        path = Path(path)
        if path.suffix not in (".toml", ".json"):
            raise ValueError(f"A scenario is a .toml or a .json file, not {path.name!r}.")
        parse = toml.loads if path.suffix == ".toml" else json.loads
        try:
            data = parse(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from None
        return cls.from_dict(data, path.name)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], name: str = "scenario") -> Scenario:
        """Make a scenario from what a file holds.

        Parameters
        ----------
        data : dict
            Keys are the fields of `Scenario`; a rule has those of `Rule`, and so on.
        name : str
            What errors call it.

        Raises
        ------
        ValueError
            If it holds no scenario; says what is wrong, and where.
        """
        if not isinstance(data, Mapping):
            raise ValueError(f"{name}: {data!r} should be a table")
        return toml.read(cls, data, (name,))


@cache
def demo() -> Scenario:
    """Return the built-in scenario."""
    return Scenario.load(Path(__file__).with_name("demo.toml"))
