"""What every widget of ours has: its script, the state that a page begins with, and an ear that no busy cell stops."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import anywidget
import traitlets

from glm_notebook.frontend import is_voila, view_of
from glm_notebook.runner import runner, shell_of_the_user
from glm_notebook.widgets.answers import Answer, asset, module, reply

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"

_answering: contextvars.ContextVar[bool] = contextvars.ContextVar("glm_answering", default=False)
"""Whether a page has asked for the state."""

Receive: TypeAlias = Callable[[Mapping[str, Any]], None]


def later(seconds: float, function: Callable[[], None]) -> None:
    """Call a function after some seconds, on the runner's thread: for what is on it already."""
    runner().loop.call_later(seconds, function)


def _is_unattended() -> bool:
    """Tell whether no page will show a widget: who runs a notebook so would save a dead one, script and all."""
    shell = shell_of_the_user()
    return shell is not None and view_of(shell) == "markdown" and not is_voila()


def _route(comm: Any, data: object, chosen: str | None) -> str | None:
    """Route a message of a page: stands for a method of ipykernel's comms, but for what that does with an `id`.

    The subshell that was last sent from goes first: a page that was just loaded again has none of its own yet, and
    would wait for the cell. Where that is the main shell, or is gone, the page's own choice holds.
    """
    last = getattr(comm, "_reply_subshell_id", None)
    manager = getattr(getattr(comm.kernel, "shell_channel_thread", None), "manager", None)
    return last if last is not None and manager and last in manager.list_subshell() else chosen


class PageWidget(anywidget.AnyWidget):
    """A widget whose pages are heard while a cell computes.

    Parameters
    ----------
    script : str
        Name of the script and the style sheet in `static/`, without what follows the dot.
    read_state : callable
        Returns the value of the trait `state`. It is asked for whenever a page wants the whole widget (at the start,
        in a second view, after a reload), and its answer is never sent as a change of the trait.
    receive : callable
        Takes a message of a page, on the runner's thread. Questions do not come to it: see `answers`.
    **traits
        Further values of traits.

    Attributes
    ----------
    answers : dict
        Functions that answer the questions of a page, by what they answer. Each is called on a thread of its own, as it
        may take long, or run code of the user.

    Notes
    -----
    ipykernel 7.4 routes what a page sends to the shell from which the kernel last sent on that comm, or sent with the
    same `id`. From a cell that is the main shell, which a blocking cell keeps busy. Here the page's own choice holds
    then: a subshell, from its second message on. Once a message has come through a subshell, every send is made in the
    context of that message, and the next one comes that way whichever page sends it.
    """

    # Traits of ours, because anywidget makes none of what is not known when the class is.
    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    language = traitlets.Unicode().tag(sync=True)

    _shell_of_page: contextvars.Context | None = None
    _waits_to_open = False

    def __init__(
        self,
        script: str,
        read_state: Callable[[], dict[str, Any]],
        receive: Receive,
        **traits: Any,
    ) -> None:
        self._read_state = read_state
        self._receive = receive
        self.answers: dict[str, Answer] = {"module": module}
        super().__init__(_esm=asset(f"{script}.js"), _css=asset(f"{script}.css"), **traits)
        self.on_msg(self._take)

    @property
    def view(self) -> dict[str, Any]:
        """The widget as a MIME bundle."""
        return {WIDGET_MIME: {"version_major": 2, "version_minor": 0, "model_id": self.model_id}}

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return the synced traits, with `state` as it is now."""
        values: dict[str, Any] = super().get_state(key, drop_defaults)
        if "state" in values:
            values["state"] = self._read_state()
        return values

    def open(self) -> None:
        """Open the comm. What comes on it is taken without IPython's events around it.

        They are for code that draws: on a subshell they would show, and close, the half-made figure of a cell. In an
        unattended run it is opened only if somebody asks for `model_id`, such as a layout that the widget is put into.
        """
        if _is_unattended() and not self._waits_to_open:
            self._waits_to_open = True
            return
        self._waits_to_open = False
        super().open()
        self.comm.handle_msg = self._handle_msg
        self.comm._reply_subshell_for = partial(_route, self.comm)

    @property
    def model_id(self) -> str:
        """What pages know the widget by."""
        if self._waits_to_open:
            self.open()
        return str(super().model_id)

    def close(self) -> None:
        """Take the widget, and the layout that came with it, off every page."""
        layout = None if self._waits_to_open else self.layout  # which would be made now
        self._waits_to_open = False
        super().close()
        if layout is not None:
            layout.close()

    def _handle_msg(self, msg: Any) -> None:
        token = _answering.set(msg["content"]["data"].get("method") == "request_state")
        try:
            super()._handle_msg(msg)
        finally:
            _answering.reset(token)

    def _send(self, msg: Any, buffers: Any = None) -> None:
        """Send on the shell of the page. A context can be entered once only, so a copy is.

        But not an answer with the widget's state: a page that is loaded again knows it by its parent header, which the
        context would replace.
        """
        if self.comm is None:
            return
        send = super()._send
        if self._shell_of_page is None or _answering.get():
            send(msg, buffers)
        else:
            self._shell_of_page.copy().run(send, msg, buffers)

    def _take(self, _: object, message: object, buffers: object) -> None:
        """Take a message of a page, on whichever thread its shell has, and hand it over."""
        if not isinstance(message, Mapping):
            return
        pin = message.get("type") == "ready" and self._came_by_subshell()
        if pin:
            self._shell_of_page = contextvars.copy_context()
        runner().call(self._hand_over, dict(message), pin)

    def _hand_over(self, message: Mapping[str, Any], pin: bool) -> None:
        if message.get("type") == "ask":
            runner().submit(self._answer(message))
        else:
            self._receive(message)
        if pin:
            self.send({"type": "pinned"})

    async def _answer(self, question: Mapping[str, Any]) -> None:
        self.send(await asyncio.to_thread(reply, question, self.answers))

    def _came_by_subshell(self) -> bool:
        """Tell whether the message that is being handled came through a subshell (ipykernel >= 7)."""
        kernel = getattr(self.comm, "kernel", None)
        get_parent = getattr(kernel, "get_parent", None)  # marimo's comms have a text for a kernel
        parent = get_parent("shell") if get_parent is not None else None
        header = parent.get("header") if isinstance(parent, Mapping) else None
        return bool(isinstance(header, Mapping) and header.get("subshell_id"))
