"""Work with Zhipu's GLM models inside a Jupyter notebook.

``%load_ext glm_notebook`` registers ``%%glm`` and ``%glm``; in Python, start with `Conversation`.
Names are imported when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from glm_notebook._version import __version__

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from glm_notebook.client import AsyncClient, Timeouts
    from glm_notebook.conversation import Conversation
    from glm_notebook.errors import (
        APIError,
        AuthenticationError,
        BadRequestError,
        BillingError,
        ConfigError,
        ContentBlockedError,
        GLMError,
        ModelNotFoundError,
        PermissionDeniedError,
        ProtocolError,
        RateLimitError,
        RequestError,
        RequestTimeoutError,
        ServerError,
        StreamCutError,
        ToolError,
        TransportError,
        TurnInterrupted,
    )
    from glm_notebook.messages import Message, ToolCall, Usage
    from glm_notebook.retry import RetryPolicy
    from glm_notebook.tools import Tool, tool
    from glm_notebook.tools.results import Picture, Rendered, register_renderer
    from glm_notebook.turn import Turn
    from glm_notebook.widgets.chat import ChatWidget

_MODULES = {
    "client": ("AsyncClient", "Timeouts"),
    "conversation": ("Conversation",),
    "errors": (
        "APIError",
        "AuthenticationError",
        "BadRequestError",
        "BillingError",
        "ConfigError",
        "ContentBlockedError",
        "GLMError",
        "ModelNotFoundError",
        "PermissionDeniedError",
        "ProtocolError",
        "RateLimitError",
        "RequestError",
        "RequestTimeoutError",
        "ServerError",
        "StreamCutError",
        "ToolError",
        "TransportError",
        "TurnInterrupted",
    ),
    "messages": ("Message", "ToolCall", "Usage"),
    "retry": ("RetryPolicy",),
    "tools": ("Tool", "tool"),
    "tools.results": ("Picture", "Rendered", "register_renderer"),
    "turn": ("Turn",),
    "widgets.chat": ("ChatWidget",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "APIError",
    "AsyncClient",
    "AuthenticationError",
    "BadRequestError",
    "BillingError",
    "ChatWidget",
    "ConfigError",
    "ContentBlockedError",
    "Conversation",
    "GLMError",
    "Message",
    "ModelNotFoundError",
    "PermissionDeniedError",
    "Picture",
    "ProtocolError",
    "RateLimitError",
    "Rendered",
    "RequestError",
    "RequestTimeoutError",
    "RetryPolicy",
    "ServerError",
    "StreamCutError",
    "Timeouts",
    "Tool",
    "ToolCall",
    "ToolError",
    "TransportError",
    "Turn",
    "TurnInterrupted",
    "Usage",
    "__version__",
    "load_ipython_extension",
    "register_renderer",
    "tool",
    "unload_ipython_extension",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(f"glm_notebook.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register ``%%glm`` and ``%glm``: what ``%load_ext glm_notebook`` calls."""
    from glm_notebook import magics

    magics.load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take both away again: what ``%unload_ext glm_notebook`` calls."""
    from glm_notebook import magics

    magics.unload(shell)
