"""What ``%glm endpoint`` does: lists the places that serve GLM, chooses one, and tries it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from IPython.core.error import UsageError

from glm_notebook import credentials, dialects, endpoints
from glm_notebook.endpoints import Endpoint
from glm_notebook.errors import ConfigError
from glm_notebook.magics.options import nearest
from glm_notebook.runner import runner, wait_blocking
from glm_notebook.strings import count

if TYPE_CHECKING:
    from glm_notebook.client import AsyncClient
    from glm_notebook.magics.magics import GLMMagics
    from glm_notebook.probe import Probe

_FEATURES = {
    "thinking switch": "think",
    "thinking budget": "thinking_budget",
    "effort": "effort",
    "earlier thinking": "keep",
    "tools": "tools",
    "tool stream": "tool_stream",
    "forced tool": "tool_choice",
    "JSON mode": "json_mode",
    "top_k": "top_k",
    "seed": "seed",
}
"""What a reader may want to know of a dialect, by the name that it has there."""
_LISTED = 6
"""Most models that are named."""


def choose(magics: GLMMagics, words: Sequence[str]) -> None:
    """Run ``%glm endpoint``: list without a word, else ``test``, ``local [FILE]``, or a name or URL to use."""
    match list(words):
        case []:
            _list(magics)
        case ["test", *models]:
            _test(magics, models[0] if models else magics.model)
        case ["local", *path]:
            _use_local(magics, " ".join(path))
        case [name]:
            _use(magics, name, "")
        case [name, "--dialect", dialect]:
            _use(magics, name, dialect)
        case _:
            raise UsageError(
                "%glm endpoint [NAME|URL [--dialect NAME]], test [MODEL], or local [FILE.gguf]"
            )


def _list(magics: GLMMagics) -> None:
    current = magics.resolved()
    rows = [(one.name, one.title, one.openai or one.workspace_host) for one in _all()]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for name, title, where in rows:
        mark = "*" if name == current.name.partition("/")[0] else " "
        print(f"{mark} {name:<{widths[0]}}  {title:<{widths[1]}}  {where}".rstrip())
    print(f"\n{_going(current)}")
    print("Model Studio's workspaces: NAME/WORKSPACE. Any base URL is taken too.")


def _all() -> Iterator[endpoints.Place]:
    yield from endpoints.places().values()
    yield endpoints.Place(endpoints.LOCAL, "A GGUF file, served by llama.cpp here", "llamacpp", "")
    yield endpoints.Place(
        endpoints.SIMULATOR, "No model: scripted answers on this machine", "modelstudio", ""
    )
    yield endpoints.Place(
        endpoints.AUTO, "Model Studio with a key, else the simulator", "modelstudio", ""
    )


def _going(endpoint: Endpoint) -> str:
    simulated = " That is the simulator: no model is asked." if endpoint.simulated else ""
    return f"Requests go to {endpoint.base_url}, by the protocol {endpoint.protocol}.{simulated}"


def _use(magics: GLMMagics, name: str, dialect: str) -> None:
    if dialect and dialect not in dialects.names():
        raise UsageError(f"There is no dialect {dialect!r}.{nearest(dialect, dialects.names())}")
    try:
        endpoint = endpoints.resolve(name, magics.protocol, dialect)
    except ConfigError as error:
        raise UsageError(f"{error.message.strip()} {error.remedy.strip()}") from None
    magics.endpoint, magics.dialect = name, dialect
    _leave_local(magics)
    print(_going(endpoint))
    if endpoint.dialect.name == endpoints.OTHER:
        print(
            "What kind of server that is cannot be told: thinking is not switched. "
            f"Name it with --dialect ({', '.join(dialects.names())}), or ask: %glm endpoint test."
        )


def _use_local(magics: GLMMagics, path: str) -> None:
    from glm_notebook import local

    name = f"{endpoints.LOCAL}/{path}" if path else endpoints.LOCAL
    endpoint = endpoints.resolve(name, magics.protocol)
    magics.endpoint, magics.dialect = name, ""
    if magics.model_before_local is None:
        magics.model_before_local = magics.model
    magics.model = local.serve(endpoints.local_path(path)).model
    print(_going(endpoint))
    print(f"model: {magics.model!r}")


def _leave_local(magics: GLMMagics) -> None:
    """Give the model back that was set before a local one was: no other endpoint serves that."""
    if magics.model_before_local is not None:
        magics.model, magics.model_before_local = magics.model_before_local, None
        print(f"model: {magics.model!r}")


def _test(magics: GLMMagics, model: str) -> None:
    from glm_notebook.probe import probe

    client = magics.client()
    found = wait_blocking(runner().submit(probe(client, model)))
    width = 10
    for name, value in _report(client, found):
        print(f"{name:<{width}}  {value}".rstrip())


def _report(client: AsyncClient, found: Probe) -> Iterator[tuple[str, str]]:
    endpoint = client.endpoint
    dialect = endpoint.dialect
    key = credentials.source(endpoint.host, endpoint.key_variables)
    behind = "simulator: no model is asked" if endpoint.simulated else dialect.title
    yield "endpoint", f"{endpoint.host} ({behind}), protocol {endpoint.protocol}"
    yield "key", key if key != "none" else "none" if endpoint.needs_key else "none needed"
    yield "models", _models(found)
    if found.error is not None:
        yield "failed", str(found.error)
    else:
        yield "answer", _answer(found)
        yield (
            "thinking",
            f"{len(found.thinking)} characters came" if found.thinking else "none came",
        )
        yield "usage", _usage(found)
    for note in found.notes:
        yield "note", note
    for verb, is_taken in (("takes", True), ("not", False)):
        names = [name for name, field in _FEATURES.items() if _takes(dialect, field) is is_taken]
        if names:
            yield verb, ", ".join(names)
    yield "source", dialect.source
    if found.dialect and found.dialect != dialect.name:
        yield "hint", f"It looks like {found.dialect}: %glm endpoint URL --dialect {found.dialect}"


def _models(found: Probe) -> str:
    if not found.models:
        return "not listed"
    ids = [one.id for one in found.models]
    ids.sort(key=lambda id: "glm" not in id.lower())
    more = f", and {len(ids) - _LISTED} more" if len(ids) > _LISTED else ""
    here = "" if found.model in ids else f"; {found.model} is not among them"
    return f"{', '.join(ids[:_LISTED])}{more}{here}"


def _answer(found: Probe) -> str:
    text = " ".join(found.text.split()) or "no text"
    first = "–" if found.first_token_s is None else f"{found.first_token_s:.1f} s"
    shown = text if len(text) <= 40 else f"{text[:39]}…"
    ended = f", ended by {found.finish_reason}" if found.finish_reason else ""
    return f"{found.model}: {shown!r}, first token {first}, whole {found.elapsed_s:.1f} s{ended}"


def _usage(found: Probe) -> str:
    if found.usage is None:
        return "not told"
    used = found.usage
    return (
        f"in {count(used.input_tokens)} ({count(used.cached_tokens)} cached), "
        f"out {count(used.output_tokens)} ({count(used.thinking_tokens)} thinking)"
    )


def _takes(dialect: dialects.Dialect, field: str) -> bool:
    if field in ("think", "keep"):
        return bool(getattr(dialect, field).off)
    return dialect.takes(field)
