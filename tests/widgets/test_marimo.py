"""What marimo does to a chat, without marimo: comms of its own, and a loop and a thread for each notebook."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from glm_notebook.conversation import Conversation
from glm_notebook.protocol.deltas import Delta, FinishDelta, ToolCallDelta
from glm_notebook.runner import MainWork, runner, wait_blocking
from glm_notebook.widgets.chat import ChatWidget
from tests.test_conversation import ANSWER, conversation
from tests.widgets.test_chat import until


@contextmanager
def notebook() -> Iterator[asyncio.AbstractEventLoop]:
    """Run a loop on a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def thread_of(loop: asyncio.AbstractEventLoop) -> int:
    return asyncio.run_coroutine_threadsafe(_ident(), loop).result(5)


async def _ident() -> int:
    return threading.get_ident()


def made_in(loop: asyncio.AbstractEventLoop, talk: Conversation, **more: Any) -> ChatWidget:
    """Make a chat as a cell does."""

    async def make() -> ChatWidget:
        return ChatWidget(talk, **more)

    return asyncio.run_coroutine_threadsafe(make(), loop).result(5)


def test_work_of_a_loop_is_done_on_its_thread_and_by_no_other_waiter() -> None:
    work = MainWork()
    with notebook() as loop:
        future = work.submit(threading.get_ident, loop)
        work.serve()
        assert future.result(5) == thread_of(loop)


def test_a_cell_that_waits_does_the_work_of_its_own_loop() -> None:
    work = MainWork()

    async def cell() -> int:
        future = work.submit(threading.get_ident, asyncio.get_running_loop())
        work.serve()
        return future.result(0)

    with notebook() as loop:
        assert asyncio.run_coroutine_threadsafe(cell(), loop).result(5) == thread_of(loop)


def test_work_of_a_loop_that_is_closed_is_done_by_who_waits() -> None:
    work = MainWork()
    loop = asyncio.new_event_loop()
    loop.close()
    future = work.submit(threading.get_ident, loop)
    work.serve()
    assert future.result(0) == threading.get_ident()


def test_other_work_is_not_held_up_by_that_of_a_busy_loop() -> None:
    work = MainWork()
    free = threading.Event()
    with notebook() as loop:
        loop.call_soon_threadsafe(free.wait, 10)
        waiting = work.submit(lambda: "its own", loop)
        other = work.submit(lambda: "other")
        work.serve()
        assert other.result(0) == "other"
        assert not waiting.done()
        free.set()
        assert waiting.result(5) == "its own"


def test_tools_and_observers_are_called_on_the_thread_of_the_notebook() -> None:
    threads: dict[str, int] = {}

    def look() -> str:
        """Look."""
        threads["tool"] = threading.get_ident()
        return "seen"

    call: list[Delta] = [
        ToolCallDelta(index=0, id="c1", name="look", arguments="{}"),
        FinishDelta("tool_calls"),
    ]
    talk, _ = conversation(call, ANSWER)
    with notebook() as loop:
        chat = made_in(loop, talk, tools=[look])
        chat.observe(lambda _: threads.update(observer=threading.get_ident()), "messages")
        assert wait_blocking(runner().submit(_answered(chat))) == "complete"
        until(lambda: "observer" in threads)
        assert threads == dict.fromkeys(("tool", "observer"), thread_of(loop))
        chat.close()


async def _answered(chat: ChatWidget) -> str:
    return (await chat._chat.send("look")).status


def test_a_page_is_heard_over_comms_whose_kernel_is_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    talk, _ = conversation(ANSWER)
    chat = ChatWidget(talk)
    monkeypatch.setattr(
        ChatWidget, "comm", SimpleNamespace(kernel="marimo", send=lambda *_, **__: None)
    )
    chat._take(None, {"type": "ready", "page": "p1", "language": "zh-CN"}, [])
    until(lambda: "p1" in chat._channel.turns.pages)
    assert chat.language_of_page == "zh-CN"
