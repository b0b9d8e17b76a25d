"""Every error that this package raises.

::

    GLMError
    ├── ConfigError            a setting, a key or an endpoint is missing or wrong
    │   └── RequestError       a request that the documents say cannot work, refused before it is sent
    ├── TransportError         the network, before or in the middle of an answer
    │   └── StreamCutError     the answer broke off before the model had ended
    ├── APIError               the endpoint refused, in any of its shapes
    │   ├── AuthenticationError
    │   ├── PermissionDeniedError
    │   ├── BillingError
    │   ├── RateLimitError
    │   ├── BadRequestError
    │   ├── ContentBlockedError
    │   ├── ModelNotFoundError
    │   ├── RequestTimeoutError
    │   └── ServerError
    ├── ProtocolError          what came is not this protocol
    ├── ToolError              a tool could not be registered or called
    │   ├── UnknownToolError   a model asked for a tool that there is not (in `tools`)
    │   └── ArgumentError      what a model gave does not fit a tool (in `tools`)
    └── TurnInterrupted        the kernel was interrupted while a turn ran

None of them ever holds a key or a whole body.
"""

from __future__ import annotations

from typing import Any


class GLMError(Exception):
    """What went wrong, in one sentence, and what to do about it, in another.

    Parameters
    ----------
    message : str
        What happened.
    remedy : str
        What the reader can do now; may be empty.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.turn: Any = None
        """The partial turn, where one had begun (a `glm_notebook.Turn`)."""

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class ConfigError(GLMError):
    """A setting, a key or an endpoint is missing or wrong."""


class RequestError(ConfigError):
    """A request that the documents say cannot work, refused before it is sent.

    Parameters
    ----------
    message, remedy : str
        As in `GLMError`.
    field : str
        What is wrong, by its name in `glm_notebook.messages.Request`.
    source : str
        Where the rule comes from, with its date.
    """

    def __init__(
        self, message: str, remedy: str = "", *, field: str = "", source: str = ""
    ) -> None:
        super().__init__(message, remedy)
        self.field = field
        self.source = source


class TransportError(GLMError):
    """The network failed before or in the middle of an answer."""


class StreamCutError(TransportError):
    """The answer broke off before the model had ended."""


class ProtocolError(GLMError):
    """What came is not what the protocol allows."""


class ToolError(GLMError):
    """A tool could not be registered or called."""


class TurnInterrupted(GLMError):
    """The kernel was interrupted while a turn ran. The partial turn is kept."""


class APIError(GLMError):
    """The endpoint refused, or broke off with an error of its own.

    Parameters
    ----------
    message, remedy : str
        As in `GLMError`.
    status : int or None
        HTTP status, or the logical one that was sent inside a stream.
    code : str
        The service's own name for the error, e.g. ``invalid_api_key``.
    request_id : str
        What the service's support asks for; empty when it sent none.
    retry_after_s : float or None
        How long the server asked to wait, in seconds.
    """

    def __init__(
        self,
        message: str,
        remedy: str = "",
        *,
        status: int | None = None,
        code: str = "",
        request_id: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, remedy)
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retry_after_s = retry_after_s


class AuthenticationError(APIError):
    """The key was refused."""


class PermissionDeniedError(APIError):
    """The key is good, but may not use this model or workspace."""


class BillingError(APIError):
    """The account cannot pay for the request; trying again does not help."""


class RateLimitError(APIError):
    """Too many requests or tokens for now; it passes by itself, usually within a minute."""


class BadRequestError(APIError):
    """The endpoint does not take this request."""


class ContentBlockedError(APIError):
    """The service's moderation stopped the prompt or the answer."""


class ModelNotFoundError(APIError):
    """The endpoint does not serve this model."""


class RequestTimeoutError(APIError):
    """The service gave up on the request by its own clock."""


class ServerError(APIError):
    """The service failed or is out of capacity."""


def describe(error: GLMError) -> dict[str, Any]:
    """Return an error as a snapshot holds it."""
    api = error if isinstance(error, APIError) else None
    return {
        "kind": type(error).__name__,
        "message": error.message.strip(),
        "remedy": error.remedy.strip(),
        "status": api.status if api else None,
        "code": (api.code or None) if api else None,
        "request_id": (api.request_id or None) if api else None,
    }
