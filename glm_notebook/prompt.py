"""A prompt of a chat, from when it is written to the turn that it becomes."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, TypeAlias

from glm_notebook.attachment import Attachment
from glm_notebook.runner import Future, wait_awaiting, wait_blocking
from glm_notebook.turn import Turn

Prepare: TypeAlias = Callable[[Mapping[str, Any]], Turn]
"""Makes a turn with these settings, without starting it."""


class Prompt:
    """A prompt of a chat: it waits in the queue, then it is a turn, or is refused.

    Awaiting it waits for the end of the turn and gives the turn, or raises what ended it.
    """

    def __init__(
        self,
        text: str,
        prepare: Prepare,
        page_id: str | None = None,
        attachments: Sequence[Attachment] = (),
        *,
        can_wait: bool = False,
    ) -> None:
        self.id = page_id or f"q-{uuid.uuid4().hex[:12]}"
        self.text = text
        self.attachments = tuple(attachments)
        self.prepare = prepare
        self.can_wait = can_wait
        """Whether it may be asked after turns that were not there when it was written."""
        self.page_id = page_id
        """What a page calls it; empty if the page asks for it again, None if no page has sent it."""
        self.begun: Future[Turn] = Future()
        """The turn, once it has begun."""

    def __repr__(self) -> str:
        turn = self.turn
        return (
            f"<Prompt {self.id} {'waiting' if turn is None else turn.status}: {self.text[:60]!r}>"
        )

    @property
    def turn(self) -> Turn | None:
        """The turn; None while the prompt waits, and if it was refused."""
        is_begun = self.begun.done() and self.begun.exception() is None
        return self.begun.result() if is_begun else None

    def wait(self) -> Turn:
        """Block until the turn has ended.

        Raises
        ------
        GLMError
            What ended the turn; `ConfigError` if the prompt never became one.
        """
        return wait_blocking(self.begun).wait()

    async def wait_async(self) -> Turn:
        """Do as `wait`, in a loop."""
        turn: Turn = await wait_awaiting(self.begun)
        return await turn

    def __await__(self) -> Generator[Any, None, Turn]:
        return self.wait_async().__await__()
