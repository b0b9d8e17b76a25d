"""The magics themselves: parse, start a turn, wait for it in one of two ways, leave what stays."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from traitlets import Bool, Enum, Float, Int, Unicode, validate

from glm_notebook import dialects, endpoints
from glm_notebook.calling import MODES
from glm_notebook.client import AsyncClient
from glm_notebook.conversation import Conversation
from glm_notebook.endpoints import Endpoint
from glm_notebook.errors import GLMError, TurnInterrupted
from glm_notebook.frontend import language_of, view_of
from glm_notebook.magics.commands import run_command
from glm_notebook.magics.options import VIEWS, parse, with_options
from glm_notebook.messages import EFFORTS
from glm_notebook.retry import RetryPolicy
from glm_notebook.sinks import Sink
from glm_notebook.tools import marked

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from glm_notebook.attachment import Attachment
    from glm_notebook.magics.awaiting import Awaiting
    from glm_notebook.turn import Turn


class _Asked(NamedTuple):
    """A turn that is made and not begun, and how it is to be shown."""

    conversation: Conversation
    turn: Turn
    view: str
    output: str | None = None
    """A variable for the turn."""


@magics_class
class GLMMagics(Magics):
    """Defaults of ``%%glm``. ``%glm``, ``%config GLMMagics`` and ``ipython_config.py`` set the same ones."""

    model = Unicode("glm-5", help="Model of new turns.").tag(config=True)
    thinking = Bool(
        None, allow_none=True, help="Whether the model thinks first; None: the service decides."
    ).tag(config=True)
    thinking_budget = Int(
        None, allow_none=True, min=1, help="Most tokens of thinking; None: the model's own limit."
    ).tag(config=True)
    effort = Enum(
        (None, *EFFORTS), None, allow_none=True, help="How hard it thinks; None: as the model does."
    ).tag(config=True)
    max_tokens = Int(None, allow_none=True, min=1, help="Most tokens of the answer.").tag(
        config=True
    )
    temperature = Float(None, allow_none=True, min=0.0, max=2.0, help="Sampling temperature.").tag(
        config=True
    )
    system = Unicode("", help="System prompt of all turns.").tag(config=True)
    chat = Unicode("default", help="Conversation of cells without --chat.").tag(config=True)
    endpoint = Unicode(
        "", help="A name that %glm endpoint lists, or a base URL; empty: Model Studio."
    ).tag(config=True)
    protocol = Enum(endpoints.PROTOCOLS, "openai", help="The wire protocol.").tag(config=True)
    dialect = Unicode(
        "", help="What kind of server is behind a URL; empty: as its address tells."
    ).tag(config=True)
    attempts = Int(3, min=1, help="Most requests for one answer.").tag(config=True)
    strict = Bool(
        True, help="Whether a request that the documents say cannot work is refused unsent."
    ).tag(config=True)
    approve = Enum(
        MODES,
        "auto",
        help="What is asked for before it runs: tools that say so (auto), all (ask), or none (never).",
    ).tag(config=True)
    view = Enum(VIEWS, "auto", help="How answers are shown while they come.").tag(config=True)
    language = Unicode(
        "", help="Language of the words around answers (en, zh); empty: the page's own."
    ).tag(config=True)

    shell: InteractiveShell

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.conversations: dict[str, Conversation] = {}
        self.awaiting: Awaiting | None = None
        self.added_tools: list[str] = []
        """Names of variables that ``%glm tools add`` was given."""
        self.removed_tools: dict[str, object] = {}
        """Functions that are marked by `glm_notebook.tool` and not to be offered, until they are defined anew."""
        self.model_before_local: str | None = None
        """What `model` was when a model of this machine took its place."""
        self._clients: dict[tuple[str, str, int], AsyncClient] = {}

    @validate("endpoint")
    def _endpoint_is_known(self, proposal: dict[str, Any]) -> str:
        """Refuse an endpoint that is none when it is set, not when it is used."""
        name = str(proposal["value"]).strip()
        if name.partition("/")[0] not in (*endpoints.names(), ""):
            endpoints.resolve(name)
        return name

    @validate("dialect")
    def _dialect_is_known(self, proposal: dict[str, Any]) -> str:
        name = str(proposal["value"]).strip()
        if name:
            dialects.dialect(name)
        return name

    @line_magic("glm")  # type: ignore[arg-type]
    def command(self, line: str) -> None:
        """Show the state and set defaults: ``%glm help`` lists what there is."""
        with _short_errors():
            run_command(self, line)

    @with_options
    @cell_magic("glm")  # type: ignore[arg-type]
    def glm(self, line: str, cell: str) -> None:
        """Ask a GLM model what the cell says; the next such cell goes on with the conversation."""
        with _short_errors():
            self._block(self._asked(line, cell))

    async def glm_async(self, line: str, cell: str) -> None:
        """Do what ``%%glm`` does, awaiting: what `Awaiting` turns a cell into."""
        with _short_errors():
            await self._await(self._asked(line, cell))

    def retry(self) -> None:
        """Ask the last prompt of the conversation again: ``%glm retry``."""
        self._block(self._asked_again())

    async def retry_async(self) -> None:
        """Do what ``%glm retry`` does, awaiting: what `Awaiting` turns a cell into."""
        with _short_errors():
            await self._await(self._asked_again())

    def continue_(self) -> None:
        """Have the model go on with the last answer: ``%glm continue``."""
        self._block(self._asked_on())

    async def continue_async(self) -> None:
        """Do what ``%glm continue`` does, awaiting: what `Awaiting` turns a cell into."""
        with _short_errors():
            await self._await(self._asked_on())

    def client(self) -> AsyncClient:
        """Return the client for the endpoint that is set. One is kept for each, with its connections."""
        endpoint = self.resolved()
        key = (endpoint.base_url, endpoint.dialect.name, self.attempts)
        if key not in self._clients:
            retry = RetryPolicy(attempts=self.attempts)
            self._clients[key] = AsyncClient(base_url=endpoint, retry=retry)
        return self._clients[key]

    def resolved(self) -> Endpoint:
        """Return the endpoint that is set."""
        return endpoints.resolve(self.endpoint, self.protocol, self.dialect)

    def conversation(self, name: str = "", *, new: bool = False) -> Conversation:
        """Return a conversation by its name, making it if there is none."""
        name = name or self.chat
        if new and name in self.conversations:
            self.conversations[name].reset()
        if new or name not in self.conversations:
            self.conversations[name] = Conversation(name=name)
        return self.conversations[name]

    def settings(self) -> dict[str, Any]:
        """Return the defaults as settings of a turn."""
        return {
            "model": self.model,
            "system": self.system or None,
            "thinking": self.thinking,
            "thinking_budget": self.thinking_budget,
            "effort": self.effort,
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "strict": self.strict,
        }

    def tools(self) -> list[str]:
        """Return the variables of the user whose functions a model may call: those added, and those marked."""
        namespace, removed = self.shell.user_ns, self.removed_tools
        offered = [
            one
            for one in marked(namespace)
            if one not in removed or namespace[one] is not removed[one]
        ]
        return list(dict.fromkeys([*self.added_tools, *offered]))

    def text_variable(self, name: str) -> str:
        """Return the text that a variable of the user holds."""
        if name not in self.shell.user_ns:
            raise UsageError(
                f"There is no variable {name!r}: assign the system prompt to it first."
            )
        value = self.shell.user_ns[name]
        if not isinstance(value, str):
            raise UsageError(f"{name!r} holds a {type(value).__name__}, not a text.")
        return value

    def _asked(self, line: str, cell: str) -> _Asked:
        """Parse, and make the turn; nothing is shown or changed before all of it is known to be right."""
        options = parse(self.glm, line)
        if not cell.strip():
            raise UsageError("The prompt is empty: write it on the lines below %%glm.")
        settings = self.settings()
        for name in ("model", "thinking", "effort", "max_tokens", "temperature", "strict"):
            if (value := getattr(options, name)) is not None:
                settings[name] = value
        if options.budget is not None:
            settings["thinking_budget"] = options.budget
        if options.system is not None:
            settings["system"] = self.text_variable(options.system)
        client = self.client()
        client.require_key()
        conversation = self.conversation(options.chat or "", new=options.new)
        conversation.client = client
        conversation.approvals.mode = self.approve
        tools = self.tools() if options.tools is None else options.tools
        prompt = cell.strip("\n")
        given = _named_in(prompt, self.shell.user_ns)
        turn = conversation.prepare(prompt, tools=tools, attachments=given, **settings)
        return _Asked(conversation, turn, options.view or self.view, options.output)

    def _asked_again(self) -> _Asked:
        conversation = self.conversation()
        conversation.client = self.client()
        return _Asked(conversation, conversation.prepare_again(), self.view)

    def _asked_on(self) -> _Asked:
        conversation = self.conversation()
        conversation.client = self.client()
        return _Asked(conversation, conversation.prepare_rest(), self.view)

    def _block(self, asked: _Asked) -> None:
        with self._shown(asked) as sink:
            asked.turn.wait(sink.tick)

    async def _await(self, asked: _Asked) -> None:
        with self._shown(asked) as sink:
            await asked.turn.wait_async(sink.tick)

    def _sink(self, turn: Turn, view: str) -> Sink:
        if view == "auto":
            view = view_of(self.shell)
        language = self.language
        if view == "widget":
            from glm_notebook.sinks.live import LiveSink

            return LiveSink(turn, language)
        language = language or language_of()
        if view == "markdown":
            from glm_notebook.sinks.display import MarkdownSink

            return MarkdownSink(turn, language)
        from glm_notebook.sinks.terminal import TextSink

        return TextSink(turn, language)

    @contextmanager
    def _shown(self, asked: _Asked) -> Iterator[Sink]:
        """Begin the turn, and settle its output when the wait is over, whatever ended it and however soon."""
        turn = asked.turn
        sink = self._sink(turn, asked.view)
        try:
            turn.listen(sink.emit)
            asked.conversation.begin(turn)
            yield sink
        except (KeyboardInterrupt, asyncio.CancelledError):
            turn.interrupt()
            raise TurnInterrupted("The kernel was interrupted.", "What came is kept.") from None
        finally:
            if asked.output:
                self.shell.user_ns[asked.output] = turn
            sink.end()


def _named_in(prompt: str, namespace: Mapping[str, Any]) -> Sequence[Attachment]:
    """Return the objects of the user that a prompt names."""
    if "{{" not in prompt:
        return ()
    from glm_notebook.context import attach  # with what can show any object to a model

    return attach(prompt, namespace)


@contextmanager
def _short_errors() -> Iterator[None]:
    """Have IPython show an error of ours in its own words: a traceback through the magic helps nobody."""
    try:
        yield
    except GLMError as error:
        lines = _lines(error)
        error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]
        raise


def _lines(error: GLMError) -> list[str]:
    name = f"\x1b[31m{type(error).__name__}\x1b[0m"
    lines = [f"{name}: {error.message.strip()}", error.remedy.strip()]
    if error.turn is not None:
        return lines[:1]  # the output above has the rest; this line is for logs of unattended runs
    return [line for line in lines if line]
