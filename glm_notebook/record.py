"""The turn record: what one turn was, as JSON in the notebook's own file.

From records alone a conversation can be rebuilt, shown again, exported or replayed. No I/O, and never a key: a record
holds the endpoint's host, not its URL, and no header.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

from glm_notebook.errors import ConfigError
from glm_notebook.messages import Message, ToolCall, Usage

TURN_MIME = "application/vnd.glm-notebook.turn.v1+json"
VERSION = 1

END_STATUSES = ("complete", "stopped", "interrupted", "cut_off", "failed")
ROLES = ("system", "user", "assistant", "tool")

_SECRET_NAME = re.compile(r"(?i)api[-_]?key|authorization|secret|password|token$")
_HOST = re.compile(r"[\w.\-\[\]:]*")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timing:
    """When a turn ran and how long its phases took."""

    started_at: str
    """ISO 8601, UTC."""
    first_token_s: float | None = None
    elapsed_s: float | None = None
    thinking_s: float | None = None
    """Time in which the model was thinking, all segments together; None if it did not think."""


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One turn, complete enough to go on from it.

    Raises
    ------
    ConfigError
        A field would hold what must not be saved: a URL instead of a host, or a parameter named like a secret.
    """

    id: str
    conversation: str
    endpoint: str
    """Host, with a port if it has one; nothing else of the URL."""
    protocol: str
    model: str
    status: str
    """One of `END_STATUSES`."""
    timing: Timing
    parent_id: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What was set for the request, by the names of `glm_notebook.messages.Request`."""
    messages: tuple[Message, ...] = ()
    """What the turn added: the prompt, the answers, tool results."""
    usage: Usage | None = None
    finish_reason: str | None = None
    error: Mapping[str, Any] | None = None
    """As ``error`` of a snapshot (docs/channel.md)."""
    simulated: bool = False
    version: int = VERSION

    def __post_init__(self) -> None:
        if not _HOST.fullmatch(self.endpoint):
            raise ConfigError("A turn record names its endpoint by host, not by URL.")
        for name in self.parameters:
            if _SECRET_NAME.search(name):
                raise ConfigError(
                    f"The parameter {name!r} looks like a secret, so it is not saved."
                )

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON values. What is unknown or empty is left out, to keep notebooks small."""
        values = asdict(self) | {"messages": [_lean(asdict(one)) for one in self.messages]}
        if self.usage is not None:
            values["usage"] = _lean(asdict(self.usage))
        values["timing"] = {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in _lean(asdict(self.timing)).items()
        }
        kept = {name: values[name] for name in _ORDER if values[name] not in (None, False, {}, [])}
        return {name: _json_value(value) for name, value in kept.items()}

    @classmethod
    def from_json(cls, value: object) -> TurnRecord:
        """Read a record back.

        Raises
        ------
        ConfigError
            It is not a turn record, or one of a later version; the message names the field.
        """
        data = _expect(value, dict, "The whole")
        version = _get(data, "version", int)
        if version != VERSION:
            raise ConfigError(
                f"This turn record has version {version}; this glm_notebook reads version {VERSION}.",
                "Update glm_notebook." if version > VERSION else "",
            )
        usage = _get(data, "usage", dict, None)
        return cls(
            id=_get(data, "id", str),
            conversation=_get(data, "conversation", str),
            endpoint=_get(data, "endpoint", str),
            protocol=_get(data, "protocol", str),
            model=_get(data, "model", str),
            status=_one_of(_get(data, "status", str), END_STATUSES, "status"),
            timing=_timing(_get(data, "timing", dict)),
            parent_id=_get(data, "parent_id", str, None),
            parameters=dict(_get(data, "parameters", dict, {})),
            messages=tuple(_message(one) for one in _get(data, "messages", list, [])),
            usage=None if usage is None else _usage(usage),
            finish_reason=_get(data, "finish_reason", str, None),
            error=_get(data, "error", dict, None),
            simulated=_get(data, "simulated", bool, False),
        )


_ORDER = ("version", *(one.name for one in fields(TurnRecord) if one.name != "version"))

_REQUIRED: Any = object()


def _lean(values: Mapping[str, Any]) -> dict[str, Any]:
    """Drop what says nothing. `content` stays: an empty answer is an answer."""
    return {
        name: value
        for name, value in values.items()
        if name == "content" or value not in (None, "", (), [])
    }


def _json_value(value: Any) -> Any:
    """Turn any value into one that a notebook can hold: a record must never keep a turn from being saved."""
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {_json_value(str(name)): _json_value(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [_json_value(one) for one in value]
    if isinstance(value, bool) or value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return _json_value(str(value))


_REMEDY = "The notebook's output was edited or is damaged; run the cell again."


def _expect(value: object, kind: type[T], name: str) -> T:
    if isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool):
        return value
    shown = _KINDS.get(kind, kind.__name__)
    raise ConfigError(f"{name} of a turn record is not {shown}.", _REMEDY)


_KINDS: Mapping[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


def _get(data: Mapping[str, Any], name: str, kind: type[T], default: Any = _REQUIRED) -> T:
    value = data.get(name)
    if value is None:
        if default is _REQUIRED:
            raise ConfigError(f"A turn record without {name!r} cannot be read.", _REMEDY)
        return default  # type: ignore[no-any-return] # the caller's own
    return _expect(value, kind, f"{name!r}")


def _one_of(value: str, allowed: Sequence[str], name: str) -> Any:
    if value not in allowed:
        raise ConfigError(f"{name!r} of a turn record cannot be {value!r}.", _REMEDY)
    return value


def _number(data: Mapping[str, Any], name: str) -> float | None:
    value = data.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)  # JSON writes 2.0 as it likes
    return None if value is None else _expect(value, float, f"{name!r}")


def _timing(data: Mapping[str, Any]) -> Timing:
    seconds = {name: _number(data, name) for name in ("first_token_s", "elapsed_s", "thinking_s")}
    return Timing(_get(data, "started_at", str), **seconds)


def _usage(data: Mapping[str, Any]) -> Usage:
    return Usage(**{one.name: _get(data, one.name, int, None) for one in fields(Usage)})


def _message(value: object) -> Message:
    data = _expect(value, dict, "A message")
    return Message(
        role=_one_of(_get(data, "role", str), ROLES, "role"),
        content=_get(data, "content", str),
        thinking=_get(data, "thinking", str, ""),
        tool_calls=tuple(_tool_call(one) for one in _get(data, "tool_calls", list, [])),
        tool_call_id=_get(data, "tool_call_id", str, ""),
    )


def _tool_call(value: object) -> ToolCall:
    data = _expect(value, dict, "A tool call")
    return ToolCall(**{name: _get(data, name, str, "") for name in ("id", "name", "arguments")})
