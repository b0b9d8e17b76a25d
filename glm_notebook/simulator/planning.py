"""Planning a reply: a rule applied to a request, under the limits that the request sets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from glm_notebook.simulator.calls import invent_calls
from glm_notebook.simulator.models import ModelFacts
from glm_notebook.simulator.pieces import seeded
from glm_notebook.simulator.reply import Call, Reply, Usage
from glm_notebook.simulator.request import ChatRequest
from glm_notebook.simulator.scenario import Rule, ScriptedCall
from glm_notebook.simulator.tokens import count_tokens, cut_to_tokens

_PLACEHOLDER = re.compile(r"\{(prompt|quote|previous|tool_results|model|turn|characters|tokens)\}")
_QUOTE_LENGTH = 160


def plan_reply(
    request: ChatRequest, rule: Rule, facts: ModelFacts, prompt_tokens: int, cached_tokens: int
) -> Reply:
    """Apply a rule to a request.

    Parameters
    ----------
    request : ChatRequest
        A request that has been found valid.
    rule : Rule
        What to say.
    facts : ModelFacts
        Limits of the model.
    prompt_tokens, cached_tokens : int
        What the request costs as input.
    """
    fill = _filler(request)
    thinking = fill(rule.thinking_text) if request.thinking else None
    calls = _calls(request, rule)
    answer = fill(rule.before_tools if calls else rule.answer_text)
    answer = _stop(answer, request.parameters.get("stop"))
    thinking, answer, is_cut = _cut(thinking, answer, _limits(request, facts))
    finish = "tool_calls" if calls else "length" if is_cut else "stop"
    usage = _usage(thinking, answer, calls, prompt_tokens, cached_tokens if facts.caches else None)
    return Reply(
        thinking, answer, calls, rule.finish_reason or finish, _override(usage, rule.usage)
    )


def _calls(request: ChatRequest, rule: Rule) -> Sequence[Call]:
    if not rule.calls_in(request.round):
        return ()
    scripted = invent_calls(request) if rule.tool_calls == "auto" else rule.tool_calls
    random = seeded(len(request.user_texts), request.round, request.prompt)
    return [_call(call, random) for call in scripted]


def _call(call: ScriptedCall, random: Random) -> Call:
    return Call(call.id or f"call_{random.getrandbits(96):024x}", call.name, call.arguments_text())


def _filler(request: ChatRequest) -> Callable[[str], str]:
    """Return the function that fills the placeholders of a text."""
    users = request.user_texts
    values: Mapping[str, str] = {
        "prompt": request.prompt,
        "quote": _quote(request.prompt),
        "previous": _quote(users[-2]) if len(users) > 1 else "",
        "tool_results": "\n\n".join(f"> {_quote(text)}" for text in request.tool_results),
        "model": request.model,
        "turn": str(len(users)),
        "characters": str(len(request.prompt)),
        "tokens": str(count_tokens(request.prompt)),
    }
    return lambda text: _PLACEHOLDER.sub(lambda found: values[found[1]], text)


def _quote(text: str) -> str:
    """Return a text on one line, shortened."""
    line = " ".join(text.split())
    return line if len(line) <= _QUOTE_LENGTH else line[:_QUOTE_LENGTH] + "…"


def _stop(answer: str, stop: object) -> str:
    """Return the answer up to the first stop sequence."""
    words = [stop] if isinstance(stop, str) else stop if isinstance(stop, list) else []
    found = [answer.find(word) for word in words if isinstance(word, str) and word in answer]
    return answer[: min(found, default=len(answer))]


@dataclass(frozen=True, slots=True)
class _Limits:
    """Limits of one request, in tokens."""

    thinking: int
    answer: int
    together: int | None = None


def _limits(request: ChatRequest, facts: ModelFacts) -> _Limits:
    """Read the limits of a request.

    ``max_tokens`` limits the answer, and on newer models thinking and answer together unless the
    thinking has a budget of its own; ``max_completion_tokens`` always limits both together.
    """
    parameters = request.parameters
    budget = None if facts.thinking_only else parameters.get("thinking_budget")
    together = parameters.get("max_completion_tokens")
    answer = parameters.get("max_tokens")
    if answer is not None and facts.limit_counts_thinking and budget is None:
        together, answer = min(answer, together or answer), None
    return _Limits(budget or facts.max_thinking, answer or facts.max_answer, together)


def _cut(thinking: str | None, answer: str, limits: _Limits) -> tuple[str | None, str, bool]:
    """Return thinking and answer within their limits, and whether the reply was cut short.

    A spent thinking budget does not end a reply: the model goes on to its answer.
    """
    planned = cut_to_tokens(thinking or "", limits.thinking)
    kept, left = planned, limits.answer
    if limits.together is not None:
        kept = cut_to_tokens(planned, limits.together)
        left = min(left, limits.together - count_tokens(kept))
    said = cut_to_tokens(answer, left)
    is_cut = kept != planned or said != answer
    return (None if thinking is None else kept), said, is_cut


def _usage(
    thinking: str | None, answer: str, calls: Sequence[Call], prompt: int, cached: int | None
) -> Usage:
    thinking_tokens = None if thinking is None else count_tokens(thinking)
    completion = (thinking_tokens or 0) + count_tokens(answer) + sum(map(call_tokens, calls))
    return Usage(prompt, completion, thinking_tokens, cached)


def call_tokens(call: Call) -> int:
    """Return the tokens of a call: its name and its arguments."""
    return count_tokens(call.name) + count_tokens(call.arguments)


def _override(usage: Usage, figures: Mapping[str, int]) -> Usage:
    return Usage(
        figures.get("prompt_tokens", usage.prompt_tokens),
        figures.get("completion_tokens", usage.completion_tokens),
        figures.get("thinking_tokens", usage.thinking_tokens),
        figures.get("cached_tokens", usage.cached_tokens),
    )
