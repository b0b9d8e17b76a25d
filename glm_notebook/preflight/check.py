"""All checks in the order in which they are made, and the error that the first problem becomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from glm_notebook.catalogue import Model
from glm_notebook.dialects import Dialect
from glm_notebook.errors import RequestError
from glm_notebook.messages import Request
from glm_notebook.preflight import carriage, conflicts, history, ranges, size
from glm_notebook.preflight.subject import Check, Subject, subject

_OF_MESSAGES: Sequence[Check] = (
    history.check_presence,
    history.check_content,
    history.check_answers,
    history.check_last,
)
_EVERYWHERE: Sequence[Check] = (
    carriage.check_fields,
    carriage.check_switch,
    carriage.check_history,
    conflicts.check_choice_known,
    conflicts.check_tool_stream,
)
_ON_MODEL_STUDIO: Sequence[Check] = (
    conflicts.check_budget,
    ranges.check_ranges,
    conflicts.check_thinking_off,
    conflicts.check_json_mode,
    conflicts.check_json_word,
    conflicts.check_tool_names,
    conflicts.check_choice_thinking,
    conflicts.check_choice_required,
    carriage.check_web_search,
    carriage.check_partial_mode,
    carriage.check_n,
    carriage.check_asynchronous,
)
_OF_MESSAGES_ON_MODEL_STUDIO: Sequence[Check] = (
    history.check_user,
    size.check_size,
    history.check_repetition,
)


def check(request: Request, dialect: Dialect, model: Model | None) -> None:
    """Refuse a request that the documents say cannot work.

    Parameters
    ----------
    request : Request
        With `strict` off, nothing is refused.
    dialect : Dialect
        Of the place that it goes to. Ranges, and the limits of the catalogue, are Model Studio's and hold only there.
    model : Model or None
        What is known of the model that is asked (`glm_notebook.catalogue.model`); None if nothing is.

    Raises
    ------
    RequestError
        It cannot work: names the field, the limit and what was given, and says the way out.
    """
    if not request.strict:
        return
    checked = subject(request, dialect, model)
    for one in _checks(checked):
        if (problem := one(checked)) is not None:
            remedy = f"{problem.way_out}; strict=False sends it anyway (--no-strict in a cell)."
            raise RequestError(problem.what, remedy, field=problem.field, source=problem.source)


def _checks(subject: Subject) -> Iterator[Check]:
    """Yield what is to be looked at: not the messages where `extra` has others in their place."""
    own_messages = "messages" not in subject.request.extra
    if own_messages:
        yield from _OF_MESSAGES
    yield from _EVERYWHERE
    if subject.is_modelstudio:
        yield from _ON_MODEL_STUDIO
        if own_messages:
            yield from _OF_MESSAGES_ON_MODEL_STUDIO
