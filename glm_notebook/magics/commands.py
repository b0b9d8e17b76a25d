"""What ``%glm`` does: shows the state, and sets the defaults of ``%%glm``."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from IPython.core.error import UsageError
from IPython.display import display
from traitlets import TraitError

from glm_notebook import credentials, endpoints
from glm_notebook.calling import MODES
from glm_notebook.endpoints import Endpoint
from glm_notebook.magics import models, tools
from glm_notebook.magics.endpoint import choose
from glm_notebook.magics.options import VIEWS, nearest, tokens
from glm_notebook.messages import EFFORTS
from glm_notebook.settle import progress
from glm_notebook.sinks.settled import show_settled
from glm_notebook.strings import count

if TYPE_CHECKING:
    from glm_notebook.conversation import Conversation
    from glm_notebook.magics.magics import GLMMagics
    from glm_notebook.turn import Turn


class Command(NamedTuple):
    """One word after ``%glm``."""

    usage: str
    help: str
    run: Callable[[GLMMagics, list[str]], None]


def run_command(magics: GLMMagics, line: str) -> None:
    """Run one line of ``%glm``.

    Raises
    ------
    UsageError
        In one line: what is wrong, and what is right.
    """
    words = line.split()
    name = words[0] if words else "status"
    if name not in COMMANDS:
        raise UsageError(f"There is no %glm {name}.{nearest(name, COMMANDS)}")
    COMMANDS[name].run(magics, words[1:])


def _status(magics: GLMMagics, words: list[str]) -> None:
    endpoint = magics.resolved()
    rows = {
        "endpoint": f"{endpoint.host}{' (simulator: no model is asked)' if endpoint.simulated else ''}",
        "protocol": f"{endpoint.protocol}, {endpoint.dialect.title}",
        "key": _key(endpoint),
        "model": magics.model,
        "thinking": _thinking(magics),
        "system": _short(magics.system) if magics.system else "none",
        "tools": ", ".join(magics.tools()) or "none",
        "chat": _chats(magics),
        "view": magics.view,
    }
    print("\n".join(f"{name:<9} {value}" for name, value in rows.items()))


def _key(endpoint: Endpoint) -> str:
    if endpoint.simulated:
        return "not needed"
    found = credentials.source(endpoint.host, endpoint.key_variables)
    if found != "none":
        return found
    set_ = f"set {endpoint.key_variables[0]} or " if endpoint.key_variables else ""
    return f"none: {set_}run %glm login" if endpoint.needs_key else "none, and none needed"


def _thinking(magics: GLMMagics) -> str:
    switch = {None: "as the service decides", True: "on", False: "off"}[magics.thinking]
    budget, effort = magics.thinking_budget, magics.effort
    limits = [f"at most {count(budget)} tokens"] * (budget is not None)
    return ", ".join([switch, *limits, *[f"effort {effort}"] * (effort is not None)])


def _chats(magics: GLMMagics) -> str:
    current = magics.conversation()
    others = [one for name, one in magics.conversations.items() if name != current.name]
    shown = [f"{one.name} ({len(one.turns)} turns)" for one in (current, *others)]
    return ", ".join(shown)


def _short(text: str, width: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1] + "…"


def _set(name: str, parse: Callable[[str], Any]) -> Callable[[GLMMagics, list[str]], None]:
    """Make a command that shows a default without a word, and sets it with one."""

    def run(magics: GLMMagics, words: list[str]) -> None:
        if len(words) > 1:
            raise UsageError(f"One word is wanted, not {len(words)}: {' '.join(words)!r}.")
        if words:
            _assign(magics, name, words[0], parse)
        print(f"{name}: {getattr(magics, name)!r}")

    return run


def _assign(magics: GLMMagics, name: str, word: str, parse: Callable[[str], Any]) -> None:
    try:
        setattr(magics, name, parse(word))
    except (TraitError, ValueError) as error:
        raise UsageError(f"{word!r} does not fit {name}: {error}") from None


def _one_of(values: Mapping[str, Any]) -> Callable[[str], Any]:
    def parse(word: str) -> Any:
        if word not in values:
            raise UsageError(f"{word!r} is not one of {', '.join(values)}.")
        return values[word]

    return parse


def _number(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Take ``auto`` for no limit of ours."""
    return lambda word: None if word == "auto" else parse(word)


def _system(magics: GLMMagics, words: list[str]) -> None:
    if words[:1] == ["none"]:
        magics.system = ""
    elif words:
        magics.system = magics.text_variable(words[0])
    print(magics.system or "There is no system prompt; %glm system VAR takes one from a variable.")


def _protocol(magics: GLMMagics, words: list[str]) -> None:
    _set("protocol", _one_of({name: name for name in endpoints.PROTOCOLS}))(magics, words)
    magics.resolved()  # says so where the endpoint does not speak it


def _retry(magics: GLMMagics, words: list[str]) -> None:
    if words:
        raise UsageError("%glm retry takes no words: it asks the last prompt of the chat again.")
    magics.retry()


def _continue(magics: GLMMagics, words: list[str]) -> None:
    if words:
        raise UsageError("%glm continue takes no words: it goes on with the last answer.")
    magics.continue_()


def _cost(magics: GLMMagics, words: list[str]) -> None:
    """Say what each conversation has cost, by list prices."""
    for conversation in magics.conversations.values():
        spent = conversation.spending.amounts.items()
        shown = ", ".join(f"{amount:.4f} {currency}" for currency, amount in spent)
        print(f"{conversation.name:<9} {f'{shown} est.' if shown else 'unknown'}")
    if not magics.conversations:
        print("Nothing has been asked yet.")


def _login_endpoint(magics: GLMMagics) -> Endpoint:
    """Return what a key is for: the simulator, which ``auto`` may mean, needs none."""
    name = magics.endpoint if magics.endpoint != endpoints.AUTO else ""
    return endpoints.resolve(name, magics.protocol, magics.dialect)


def _login(magics: GLMMagics, words: list[str]) -> None:
    wrong = [word for word in words if word != "--keyring"]
    if wrong:
        raise UsageError(
            "%glm login takes no key: what stands in a cell is saved. Run it alone, and type the key at its prompt."
        )
    host = _login_endpoint(magics).host
    key = getpass.getpass(f"API key for {host}: ")
    credentials.login(host, key, keep="--keyring" in words)
    kept = "in the system keyring" if "--keyring" in words else "in this kernel's memory only"
    print(f"The key for {host} is kept {kept}.")


def _logout(magics: GLMMagics, words: list[str]) -> None:
    endpoint = _login_endpoint(magics)
    host = endpoint.host
    credentials.logout(host)
    left = credentials.source(host, endpoint.key_variables)
    print(f"Forgotten for {host}." + (f" {left} still holds one." if left != "none" else ""))


def _history(magics: GLMMagics, words: list[str]) -> None:
    conversation = _existing(magics, words)
    if not conversation.turns:
        print(f"{conversation.name}: no turns yet.")
        return
    width = len(str(len(conversation.turns)))
    print(f"{conversation.name}: {len(conversation.turns)} turns")
    for number, turn in enumerate(conversation.turns, 1):
        print(
            f"{number:>{width}}  {turn.status:<11} {turn.settings.model:<9} {_short(turn.prompt)}"
        )


def _existing(magics: GLMMagics, words: list[str]) -> Conversation:
    name = words[0] if words else magics.chat
    if words and name not in magics.conversations:
        raise UsageError(f"There is no chat {name!r}.{nearest(name, magics.conversations)}")
    return magics.conversation(name)


def _reset(magics: GLMMagics, words: list[str]) -> None:
    conversation = _existing(magics, words)
    forgotten = len(conversation.turns)
    conversation.reset()
    print(f"{conversation.name}: {forgotten} turns forgotten.")


def _show(magics: GLMMagics, words: list[str]) -> None:
    turn = _turn(magics, words)
    language = magics.language or "en"
    if turn.done:
        show_settled(turn, None, language)
    else:
        display(progress(turn.snapshot(), language=language), raw=True)


def _turn(magics: GLMMagics, words: list[str]) -> Turn:
    """Find a turn: the last, or by its number in ``%glm history``, counted from the end if negative."""
    turns = magics.conversation().turns
    if not turns:
        raise UsageError(f"The chat {magics.chat!r} has no turns yet.")
    if not words:
        return turns[-1]
    try:
        number = int(words[0])
        return turns[number - 1 if number > 0 else number]
    except (ValueError, IndexError):
        raise UsageError(
            f"There is no turn {words[0]}: %glm history numbers them, 1 to {len(turns)}."
        ) from None


def _help(magics: GLMMagics, words: list[str]) -> None:
    width = max(len(command.usage) for command in COMMANDS.values())
    for command in COMMANDS.values():
        print(f"%glm {command.usage:<{width}}  {command.help}")
    print(f"\n{'%%glm?':<{width + 5}}  Options of a cell.")


_SWITCH = {"on": True, "off": False, "auto": None}

COMMANDS: Mapping[str, Command] = {
    "status": Command("", "Show the state.", _status),
    "model": Command("model [ID]", "Model of new turns.", _set("model", str)),
    "models": Command(
        "models [listed]",
        "Models that the documents describe, or that the endpoint lists.",
        models.show,
    ),
    "think": Command(
        "think [on|off|auto]", "Whether the model thinks first.", _set("thinking", _one_of(_SWITCH))
    ),
    "budget": Command(
        "budget [TOKENS|auto]", "Most tokens of thinking.", _set("thinking_budget", _number(tokens))
    ),
    "effort": Command(
        f"effort [{'|'.join(EFFORTS)}|auto]",
        "How hard the model thinks.",
        _set("effort", _one_of({**{name: name for name in EFFORTS}, "auto": None})),
    ),
    "max-tokens": Command(
        "max-tokens [TOKENS|auto]",
        "Most tokens of the answer.",
        _set("max_tokens", _number(tokens)),
    ),
    "temperature": Command(
        "temperature [T|auto]", "Sampling temperature.", _set("temperature", _number(float))
    ),
    "system": Command("system [VAR|none]", "System prompt, from a variable.", _system),
    "endpoint": Command(
        "endpoint [NAME|URL|test|local [FILE]]",
        "List where requests can go, choose, or try it with one small request.",
        choose,
    ),
    "protocol": Command("protocol [openai|dashscope]", "Which wire protocol is spoken.", _protocol),
    "retry": Command("retry", "Ask the last prompt again, in its place.", _retry),
    "continue": Command("continue", "Go on with an answer that was stopped or cut off.", _continue),
    "cost": Command("cost", "What the chats have cost, estimated by list prices.", _cost),
    "tools": Command(
        "tools [add|remove NAME … | clear]",
        "Functions that the model may call.",
        tools.show_or_change,
    ),
    "approve": Command(
        f"approve [{'|'.join(MODES)}]",
        "What is asked for before it runs: tools that say so, all, or none.",
        _set("approve", _one_of({mode: mode for mode in MODES})),
    ),
    "attempts": Command("attempts [N]", "Most requests for one answer.", _set("attempts", int)),
    "strict": Command(
        "strict [on|off]",
        "Refuse unsent what cannot work.",
        _set("strict", _one_of({"on": True, "off": False})),
    ),
    "login": Command("login [--keyring]", "Ask for a key; keep it in memory.", _login),
    "logout": Command("logout", "Forget that key.", _logout),
    "chat": Command("chat [NAME]", "Conversation of cells without --chat.", _set("chat", str)),
    "history": Command("history [CHAT]", "List the turns of a conversation.", _history),
    "show": Command("show [NUMBER]", "Show a turn again, the last by default.", _show),
    "reset": Command("reset [CHAT]", "Forget the turns of a conversation.", _reset),
    "view": Command(
        f"view [{'|'.join(VIEWS)}]",
        "How answers are shown while they come.",
        _set("view", _one_of(dict(zip(VIEWS, VIEWS, strict=True)))),
    ),
    "language": Command(
        "language [en|zh|auto]",
        "Language of the words around answers.",
        _set("language", _one_of({"en": "en", "zh": "zh", "auto": ""})),
    ),
    "help": Command("help", "Show this list.", _help),
}
