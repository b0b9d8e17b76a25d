"""The order of messages, and tool calls that go round in circles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from glm_notebook.messages import Message
from glm_notebook.preflight.subject import ERRORS, REFERENCE, Problem, Subject

REPEATED_ROUNDS = 3
"""Rounds in a row with the same calls that the service takes for a loop. Its message says "multiple"; that three
are meant is an inference (protocol notes, 10)."""


def check_presence(subject: Subject) -> Problem | None:
    """Find that nothing is said at all."""
    if subject.request.messages:
        return None
    return _problem("messages is empty; at least one is needed.", "Add what the user says")


def check_content(subject: Subject) -> Problem | None:
    """Find a user who says nothing. An assistant may have only thought, and a tool have found nothing."""
    for n, message in enumerate(subject.request.messages):
        if message.role == "user" and not message.content:
            return _problem(
                f"messages[{n}] is a user's and has no content, which is needed.",
                "Say something, or leave it out",
            )
    return None


def check_answers(subject: Subject) -> Problem | None:
    """Find a call that is not answered exactly once, right after it was made."""
    open_calls: list[str] = []
    for n, message in enumerate(subject.request.messages):
        if message.role == "tool":
            if message.tool_call_id not in open_calls:
                return _problem(
                    f"messages[{n}] answers the call {message.tool_call_id!r}, which is not open"
                    " there; each call has to be answered exactly once.",
                    "Leave it out, or put it after the message with that call",
                )
            open_calls.remove(message.tool_call_id)
        elif open_calls:
            break
        else:
            open_calls = [call.id for call in message.tool_calls]
    return _unanswered(open_calls) if open_calls else None


def _unanswered(calls: Sequence[str]) -> Problem:
    return _problem(
        f"messages has no answer to the call {calls[0]!r}; each call has to be answered exactly"
        " once, before anything else.",
        "Add a tool's message that answers it, or leave the call out",
    )


def check_last(subject: Subject) -> Problem | None:
    """Find that nobody waits for an answer."""
    role = subject.request.messages[-1].role
    if role in ("user", "tool"):
        return None
    return _problem(
        f"messages ends with one of the role {role!r}; the last has to be a user's or a tool's.",
        "Add what the user says next",
    )


def check_user(subject: Subject) -> Problem | None:
    """Find that no user is among those who speak."""
    if any(one.role == "user" for one in subject.request.messages):
        return None
    return _problem("messages has none of the role 'user'; one is needed.", "Add one", ERRORS)


def check_repetition(subject: Subject) -> Problem | None:
    """Find the same calls made round after round."""
    for calls, same in groupby(_rounds(subject.request.messages)):
        rounds = len(list(same))
        if calls and rounds >= REPEATED_ROUNDS:
            return _problem(
                f"messages repeats the call of {calls[0][0]} with the same arguments {rounds} rounds"
                f" in a row; {subject.service} refuses that from {REPEATED_ROUNDS} on.",
                "Leave the repetitions out, or tell the model what else to do",
                ERRORS,
            )
    return None


def _rounds(messages: Sequence[Message]) -> Iterator[tuple[tuple[str, str], ...]]:
    """Yield what each round called, and nothing where the user spoke in between."""
    for message in messages:
        if message.role == "user":
            yield ()
        elif message.tool_calls:
            yield tuple((call.name, call.arguments) for call in message.tool_calls)


def _problem(what: str, way_out: str, source: str = REFERENCE) -> Problem:
    return Problem("messages", what, way_out, source)
