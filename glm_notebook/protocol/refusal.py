"""What an endpoint says when it refuses, in any of its shapes, as one exception with a remedy. No I/O.

Source: error-code pages of Model Studio and of bigmodel.cn (read 2026-11) and recorded bodies (protocol notes 5.1,
5.2 and 6): JSON with or without an ``error`` object, the same as a server-sent event, sometimes under another content
type, or a proxy's page. Neither status nor content type is to be trusted, and ``PascalCase`` and ``snake_case`` codes
are the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from glm_notebook.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    BillingError,
    ContentBlockedError,
    ModelNotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
)
from glm_notebook.protocol.channels import mended
from glm_notebook.protocol.deltas import ErrorInfo
from glm_notebook.protocol.jsontext import parse
from glm_notebook.protocol.sse import SSEParser

MESSAGE_MAX = 500
"""Most characters of the server's own words: never a whole body."""

_MESSAGE_KEYS = ("message", "msg", "detail", "error_msg", "error_description")

_PREFIX = re.compile(r"^\s*<(\d{3})>\s*[\w.]+:\s*")
_KEY_LIKE = re.compile(
    r"(?i)\bbearer\s+\S+|\bsk-[\w.*-]{3,}[\w*]|\b[0-9a-f]{32}\.\w{8,}"  # the last: Z.ai's
)
# Both in linear time whatever the body: an unclosed tag ends at the next one, an unclosed script with the body.
_SCRIPT = re.compile(r"(?is)<(script|style)\b.*?(?:</\1[^<>]*>?|\Z)")
_TAG = re.compile(r"<[^<>]*>")


def parse_error(body: bytes, status: int | None, request_id: str = "") -> ErrorInfo:
    """Read an error's body, whatever it is.

    Parameters
    ----------
    body : bytes
        May be cut.
    status : int or None
        The HTTP status.
    request_id : str
        Of the header, for bodies that hold none.
    """
    value, logical = _value(body)
    info = error_of(value, body.decode("utf-8", "replace"))
    return replace(
        info, status=logical or info.status or status, request_id=info.request_id or request_id
    )


def error_in(value: object) -> ErrorInfo | None:
    """Read an error out of a JSON value; None if it does not look like one."""
    value = _only(value)
    if not isinstance(value, dict):
        return None
    looks_like_one = value.get("error") or (
        "message" in value and (value.get("code") or value.get("type") == "error")
    )
    return _read(value) if looks_like_one else None


def error_of(value: object, text: str) -> ErrorInfo:
    """Read an error out of a JSON value that is known to be one, or out of its text where it is in no shape."""
    value = _only(value)
    info = _read(value) if isinstance(value, dict) else ErrorInfo(None, "", "", "")
    if info.message or info.code:
        return info
    text = _TAG.sub(" ", _SCRIPT.sub(" ", value if isinstance(value, str) else text))
    return replace(info, message=shown(" ".join(text.split())))


def _read(value: Mapping[str, Any]) -> ErrorInfo:
    error = value.get("error")
    if isinstance(error, str):
        error = {**value, "message": value.get("message") or error}
    elif not isinstance(error, dict):
        error = value
    said = _said(error)
    prefix = _PREFIX.match(said)
    return ErrorInfo(
        status=_status(
            error.get("status"),
            value.get("status_code"),
            error.get("code"),
            int(prefix[1]) if prefix else None,
        ),
        code=_code(error),
        message=shown(said),
        request_id=_text(value.get("request_id"))
        or _text(error.get("request_id"))
        or _text(value.get("id")),
    )


def _only(value: object) -> object:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _said(error: Mapping[str, Any]) -> str:
    """Return the message, under the name that gateways give it."""
    return next((said for name in _MESSAGE_KEYS if (said := _text(error.get(name)))), "")


def _code(error: Mapping[str, Any]) -> str:
    """Return the code; where that repeats the status, the type says more."""
    code = _text(error.get("code"))
    type_ = _text(error.get("type"))
    return (type_ or code) if _status(error.get("code")) else (code or type_)


def _value(body: bytes) -> tuple[object, int | None]:
    """Parse a body as JSON, or as server-sent events whose first data is JSON."""
    try:
        return parse(body.decode("utf-8-sig", "replace")), None
    except ValueError:
        parser = SSEParser(max_event_bytes=len(body))
        events = parser.feed(body) + parser.close()
    for event in events:
        try:
            return parse(event.data), event.error_status
        except ValueError:
            continue
    return None, None


def _status(*values: object) -> int | None:
    numbers = (value for value in values if isinstance(value, int))
    return next((number for number in numbers if 400 <= number < 600), None)


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return mended(str(value))


def shown(message: str, most: int = MESSAGE_MAX) -> str:
    """Return the server's words without its prefix, without anything like a key, and not at any length."""
    message = mended(_KEY_LIKE.sub("***", _PREFIX.sub("", message)).strip())
    return message if len(message) <= most else message[: most - 1] + "…"


@dataclass(frozen=True, slots=True)
class _Class:
    """One class of refusals: what marks it, and what to tell the reader."""

    error: type[APIError]
    what: str
    remedy: str
    codes: Sequence[str] = ()
    """In lower case and without underscores, see `_normal`."""
    statuses: Sequence[int] = ()
    words: Sequence[str] = ()
    """Of the message, in lower case."""

    def matches(self, info: ErrorInfo) -> bool:
        message = info.message.lower()
        return _normal(info.code) in self.codes or any(word in message for word in self.words)


# The first that matches by code or words, then the first by status. `error_from` fills the texts.
_CLASSES: Sequence[_Class] = (
    _Class(
        BillingError,
        "The account cannot pay for this request{status}.",
        "Check the balance and the plan in the console of {host}; trying again does not help.",
        codes=(
            "arrearage",
            "commoditynotpurchased",
            "prepaidbilloverdue",
            "postpaidbilloverdue",
            "allocationquota.freetieronly",
            "1113",
            "1308",
            "1309",
            "1304",
            "1310",
        ),
        statuses=(402,),
        words=(
            "free allocated quota exceeded",
            "account is in good standing",
            "free tier of the model",
        ),
    ),
    _Class(
        ContentBlockedError,
        "The service's moderation stopped this{status}.",
        "Put it in other words; trying the same again does not help.",
        codes=("datainspectionfailed", "contentfilter", "1300", "1301"),
        words=("may contain inappropriate content",),
    ),
    _Class(
        BadRequestError,
        "The conversation is too long for {model!r}{status}.",
        "Start a new one with --new, or send a shorter prompt.",
        codes=("contextlengthexceeded", "exceedcontextsizeerror", "1261"),
        words=(
            "range of input length should be",
            "maximum context length",
            "exceeds the available context size",
            "prompt is too long",
        ),
    ),
    _Class(
        ModelNotFoundError,
        "{host} does not serve the model {model!r}{status}.",
        "It may be misspelt, withdrawn, or of another region: choose another with %glm model or -m.",
        codes=("modelnotfound", "modelnotsupported", "1211"),
    ),
    _Class(
        AuthenticationError,
        "The key was refused{status}.",
        "It may belong to another region or plan than {host}: set %glm endpoint, or %glm login with another key.",
        codes=("invalidapikey", "notauthorized", "1000", "1001", "1002", "1003", "1004"),
        statuses=(401,),
        words=("invalid access token",),
    ),
    _Class(
        PermissionDeniedError,
        "{host} has closed this account, or not opened it yet{status}.",
        "Look at the account in its console; trying again does not help.",
        codes=("1110", "1111", "1112", "1121"),
    ),
    _Class(
        RateLimitError,
        "Too many requests or tokens for now{status}.",
        "The limit passes by itself, usually within a minute; then run the cell again.",
        codes=(
            "limitrequests",
            "limitburstrate",
            "insufficientquota",
            "throttling",
            "1302",
            "1303",
            "1305",
            "1312",
            "1313",
        ),
        statuses=(429,),
    ),
    _Class(
        RequestTimeoutError,
        "The service gave up on the request after its own time limit{status}.",
        "Ask for less, or set a thinking budget (--budget).",
        codes=("requesttimeout", "responsetimeout"),
        statuses=(408,),
    ),
    _Class(
        PermissionDeniedError,
        "This key may not use {model!r}{status}.",
        "It may have to be activated in the console of {host}, be withdrawn, or not be allowed in the workspace: "
        "choose another with %glm model or -m.",
        codes=(
            "accessdenied",
            "model.accessdenied",
            "workspace.accessdenied",
            "endpoint.accessdenied",
            "1220",
            "1221",
            "1222",
            "1311",
        ),
        statuses=(403, 434),
    ),
    _Class(
        ModelNotFoundError,
        "{host} does not know that address or the model {model!r}{status}.",
        "Check the model (%glm model) and the base URL (%glm endpoint).",
        codes=("notfound", "workspacenotfound"),
        statuses=(404,),
    ),
    _Class(
        ServerError,
        "{host} failed or is out of capacity{status}.",
        "Run the cell again in a moment.",
        codes=(
            "internalerror",
            "systemerror",
            "modelservicefailed",
            "modelservingerror",
            "serviceunavailable",
            "modelunavailable",
            "networkerror",
            "upstreamerror",
            "1120",
            "1234",
        ),
        statuses=tuple(range(500, 600)),
    ),
)
_OTHER = _Class(
    BadRequestError,
    "{host} does not take this request{status}.",
    "Change what it names, or start a new conversation with --new if the history is too long.",
)


def error_from(info: ErrorInfo, *, model: str, endpoint_host: str) -> APIError:
    """Make the exception for what an endpoint said.

    Parameters
    ----------
    info : ErrorInfo
        As `parse_error` or a codec read it.
    model, endpoint_host : str
        What was asked, and where: named in the message.
    """
    kind = _classify(info)
    said = f" It says: {_sentence(info.message)}" if info.message else ""
    names: Mapping[str, Any] = {
        "host": endpoint_host,
        "model": model,
        "status": f" ({info.status})" if info.status else "",
    }
    return kind.error(
        kind.what.format(**names) + said,
        kind.remedy.format(**names),
        status=info.status,
        code=info.code,
        request_id=info.request_id,
    )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…", "。", "！", "？")) else f"{text}."


def _classify(info: ErrorInfo) -> _Class:
    for kind in _CLASSES:
        if kind.matches(info):
            return kind
    family = _family(info.code)
    for kind in _CLASSES:
        if family in kind.codes:
            return kind
    return next((kind for kind in _CLASSES if info.status in kind.statuses), _OTHER)


def _normal(code: str) -> str:
    return code.lower().replace("_", "").replace(" ", "")


def _family(code: str) -> str:
    """Return the part of a code before its first dot: ``Throttling.RateQuota`` is a throttling."""
    normal = _normal(code)
    # InternalError.Algo.InvalidParameter is the caller's error, for all its name.
    return "" if "invalidparameter" in normal else normal.partition(".")[0]
