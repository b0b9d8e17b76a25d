"""The settled output of a turn: what stays in the notebook when the turn has ended, by any end.

A static bundle that reads well wherever a notebook is read, with the turn record beside it. It uses no style and no
script, because GitHub and others drop both. The model's text is made inert here and nowhere else. No I/O.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from glm_notebook.inert_markdown import inert
from glm_notebook.inert_text import NO_MATH, entities, plain_lines, plain_pre, visible
from glm_notebook.record import TURN_MIME, TurnRecord
from glm_notebook.strings import SEPARATOR, UNKNOWN, Words, count, duration, footer, words

Part = Mapping[str, Any]

PLAIN_MAX = 1000
"""Most characters of the answer in `text/plain`, which repeats what `text/markdown` holds."""
OUTPUT_MAX = 8000
"""Most characters that are shown of what a tool printed, or returned. A model is told no more than that either."""
CALL_MAX = 200
"""Most characters of a tool call's arguments on its line. The record has them all."""


def settle(
    snapshot: Mapping[str, Any], record: TurnRecord, *, language: str = "en"
) -> dict[str, Any]:
    """Return the static MIME bundle of an ended turn.

    Parameters
    ----------
    snapshot : mapping
        As in docs/channel.md, with an end as its status.
    record : TurnRecord
        Saved beside the text.
    language : str
        BCP 47 tag; decides the words around the model's text.

    Returns
    -------
    dict
        ``text/markdown``, ``text/plain`` and the turn record.
    """
    return {
        "text/markdown": _markdown(snapshot, language),
        "text/plain": _plain(snapshot, language),
        TURN_MIME: record.to_json(),
    }


def running(snapshot: Mapping[str, Any], *, language: str = "en") -> dict[str, str]:
    """Return what stands beside the live view: it is read if the notebook is saved while the turn runs."""
    say = words(language)
    shown = say.running_shown.replace("%glm show", "`%glm show`")
    return {
        "text/markdown": f"{say.running} {shown}",
        "text/plain": f"{say.running} {say.running_shown}",
    }


def progress(snapshot: Mapping[str, Any], *, language: str = "en") -> dict[str, str]:
    """Return a turn that still runs, for a view that is updated as a whole."""
    say = words(language)
    shown = [part for part in snapshot["parts"] if _shows(part)]
    blocks = [_PARTS[part["kind"]](part, language) for part in shown]
    if not any(part["kind"] == "text" for part in shown):
        blocks.append(f"<p><em>{_meanwhile(snapshot, language)}</em></p>")
    plain = "\n\n".join(visible(part["text"]) for part in shown if part["kind"] == "text")
    return {"text/markdown": "\n\n".join(blocks) + "\n", "text/plain": plain or say.waiting}


def retrying(retry: Mapping[str, Any], language: str) -> str:
    """Say in one line what failed, and when the request is sent again: ``retry`` of a snapshot (docs/channel.md)."""
    say = words(language)
    wait = say.retry_in.format(duration(retry["delay_s"], language))
    which = say.attempt.format(retry["attempt"], retry["attempts"])
    return f"{visible(retry['message'])} {wait}{SEPARATOR}{which}"


def _meanwhile(snapshot: Mapping[str, Any], language: str) -> str:
    """Return what stands where the answer will be."""
    say = words(language)
    if snapshot["retry"] is not None:
        return entities(retrying(snapshot["retry"], language))
    return f"{say.thinking_now if snapshot['parts'] else say.waiting} …"


def ending(
    snapshot: Mapping[str, Any], record: TurnRecord, *, language: str = "en"
) -> dict[str, Any]:
    """Return what follows a turn that was written out as it came: its end, the footer and the record."""
    lines = [_end_line(snapshot, words(language)), footer(snapshot, language)]
    return {
        "text/plain": visible("\n".join(line for line in lines if line)),
        TURN_MIME: record.to_json(),
    }


def _markdown(snapshot: Mapping[str, Any], language: str) -> str:
    blocks = [_PARTS[part["kind"]](part, language) for part in snapshot["parts"] if _shows(part)]
    return "\n\n".join(blocks + _closing(snapshot, language)) + "\n"


def _closing(snapshot: Mapping[str, Any], language: str) -> list[str]:
    """Return what follows the parts: how the turn ended, and the footer."""
    cause, remedy = map(entities, _end(snapshot, words(language)))
    ending = (
        [f"<p>{' '.join(filter(None, (f'<strong>{cause}</strong>', remedy)))}</p>"] if cause else []
    )
    return [*ending, f"<p><small>{entities(footer(snapshot, language))}</small></p>"]


def _shows(part: Part) -> bool:
    return part["kind"] == "tool_call" or bool(part["text"].strip())


def _thinking(part: Part, language: str) -> str:
    """Fold what the model thought. It is shown as text: as Markdown it would take JupyterLab a second or more."""
    say = words(language)
    ended = part["ended_s"] is not None
    seconds = part["ended_s"] - part["started_s"] if ended else None
    title = say.thought_for.format(duration(seconds, language)) if ended else say.thought
    return (
        f"<details><summary>{title}</summary>\n"
        f'<blockquote class="{NO_MATH}">{plain_lines(part["text"])}</blockquote>\n</details>'
    )


def _text(part: Part, language: str) -> str:
    return inert(part["text"])


def _tool_call(part: Part, language: str) -> str:
    """Write a call on one line, with what came of it folded below."""
    say = words(language)
    line = SEPARATOR.join(
        filter(
            None,
            (
                f"<code>{entities(_call(part))}</code>",
                *_call_end(part, language),
                _picture(part, say),
            ),
        )
    )
    inside = "".join(_boxes(part, say))
    if not inside:
        return f"<p>{line}</p>"
    return f"<details><summary>{line}</summary>\n{inside}</details>"


def _call_end(part: Part, language: str) -> tuple[str, str]:
    """Return how a call ended, and how long it ran."""
    has_run = part["run_s"] is not None and part["ended_s"] is not None
    ran = duration(part["ended_s"] - part["run_s"], language) if has_run else ""
    return getattr(words(language), f"call_{part['state']}", ""), ran


def _picture(part: Part, say: Words) -> str:
    is_there = any(one["mime"].startswith("image/") for one in part["outputs"])
    return say.picture_below if is_there else ""


def _boxes(part: Part, say: Words) -> Iterator[str]:
    """Yield what a call printed, what the model was told, and the traceback, as text."""
    printed = "".join(one["data"] for one in part["outputs"] if one["mime"].startswith("text/"))
    result = part["result"] or {"text": "", "traceback": ""}
    shown = (
        (say.printed, printed),
        (say.result, result["text"]),
        (say.traceback, result["traceback"]),
    )
    for title, text in shown:
        if text.strip():
            yield f"<p><small>{title}</small></p>\n"
            yield f"{plain_pre(_cut(text, say))}\n"


def _cut(text: str, say: Words) -> str:
    if len(text) <= OUTPUT_MAX:
        return text
    return f"{text[:OUTPUT_MAX]}\n{say.more.format(count(len(text) - OUTPUT_MAX))}"


def pictures(snapshot: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the pictures that tools have made, as MIME bundles: every reader of notebooks shows them."""
    return [
        {one["mime"]: one["data"]}
        for part in snapshot["parts"]
        if part["kind"] == "tool_call"
        for one in part["outputs"]
        if one["mime"].startswith("image/")
    ]


_PARTS: Mapping[str, Callable[[Part, str], str]] = {
    "thinking": _thinking,
    "text": _text,
    "tool_call": _tool_call,
}


def _call(part: Part) -> str:
    """Write a call as Python would, or with the arguments as they came where they are no JSON object."""
    try:
        values = json.loads(part["text"] or "{}")
    except ValueError:
        values = None
    if isinstance(values, dict):
        written = ", ".join(
            f"{name}={json.dumps(one, ensure_ascii=False)}" for name, one in values.items()
        )
    else:
        written = part["text"]
    if len(written) > CALL_MAX:
        written = written[: CALL_MAX - 1] + "…"
    return f"{part['name'] or UNKNOWN}({written})"


def _end(snapshot: Mapping[str, Any], say: Words) -> tuple[str, str]:
    """Say how the turn ended, where it did not simply complete, and what can be done about it."""
    ends = {"stopped": say.stopped, "interrupted": say.interrupted, "failed": say.failed}
    status, error = snapshot["status"], snapshot["error"]
    if status == "cut_off":
        return say.cut_off, f"{SEPARATOR.strip()} {say.retry_hint}"
    if status != "failed" or error is None:
        return ends.get(status, ""), ""
    request = (
        say.aside.format(say.request.format(error["request_id"])) if error["request_id"] else ""
    )
    return f"{say.failed}: {error['message']}", (error["remedy"] + request).strip()


def _end_line(snapshot: Mapping[str, Any], say: Words) -> str:
    return " ".join(filter(None, _end(snapshot, say)))


def _plain(snapshot: Mapping[str, Any], language: str) -> str:
    say = words(language)
    answer = "\n\n".join(
        part["text"].strip() for part in snapshot["parts"] if part["kind"] == "text"
    )
    answer = visible(answer).strip()
    if len(answer) > PLAIN_MAX:
        answer = f"{answer[:PLAIN_MAX].rstrip()}\n{say.more.format(count(len(answer) - PLAIN_MAX))}"
    lines = [answer, visible(_end_line(snapshot, say)), visible(footer(snapshot, language))]
    return "\n\n".join(line for line in lines if line)
