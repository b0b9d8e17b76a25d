"""Faults that come instead of a reply, and what a refusal wears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from glm_notebook.simulator.faults.registry import Dress, Page, fault
from glm_notebook.simulator.refusals import Refusal, documented


@fault("status", "answer")
def _status(attempt: int, status: int, code: str = "") -> Refusal:
    """Refuse with this HTTP status, and the documented error of this code."""
    return documented(status, code)


@fault("fail-first", "answer")
def _fail_first(attempt: int, n: int, status: int, code: str = "") -> Refusal | None:
    """Refuse each prompt the first n times that it is sent, like `status`."""
    return documented(status, code) if attempt <= n else None


@fault("html-502", "answer")
def _html_502(attempt: int) -> Page:
    """Answer like a proxy: status 502 and a page of HTML."""
    body = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    body += b"<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
    return Page(502, "text/html", body)


@fault("text-503", "answer")
def _text_503(attempt: int) -> Page:
    """Answer like a proxy: status 503 and a line of text."""
    return Page(503, "text/plain", b"upstream connect error or disconnect/reset before headers")


@fault("empty-504", "answer")
def _empty_504(attempt: int) -> Page:
    """Answer like a proxy: status 504 and no body."""
    return Page(504, "text/plain", b"")


@fault("framed", "dress")
def _framed(dress: Dress) -> Dress:
    """Send the refusal that another fault asks for as an event of a stream."""
    return replace(dress, framed=True)


@fault("plain", "dress")
def _plain(dress: Dress) -> Dress:
    """Send the refusal that another fault asks for as JSON, even to a stream."""
    return replace(dress, framed=False)


@fault("error-id", "dress")
def _error_id(dress: Dress) -> Dress:
    """Call the id of the request `id` in the refusal that another fault asks for."""
    return replace(dress, id_key="id")


@fault("other-shape", "dress")
def _other_shape(dress: Dress) -> Dress:
    """Send the refusal that another fault asks for in the shape of Model Studio's other protocol."""
    return replace(dress, swapped=True)


@fault("retry-after", "headers")
def _retry_after(headers: Mapping[str, str], seconds: float) -> Mapping[str, str]:
    """Add the header Retry-After, which the service itself never sends."""
    return {**headers, "retry-after": f"{seconds:g}"}


@fault("content-type", "headers")
def _content_type(headers: Mapping[str, str], value: str) -> Mapping[str, str]:
    """Claim this content type, e.g. `text/event-stream;charset=ISO-8859-1`."""
    return {**headers, "content-type": value}
