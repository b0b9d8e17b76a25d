"""Counting tokens by a rule that is cheap, stated, and good enough for a fake.

One token is four bytes of UTF-8, rounded up: about one per English word, three per four Chinese
characters. The service's own tokenizer gives other figures.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from random import Random

BYTES_PER_TOKEN = 4
MESSAGE_OVERHEAD = 4
"""Tokens that a message costs on top of its text (role and separators)."""

_CACHE_BLOCK = 64
_CACHE_MINIMUM = 256
_CACHE_ENTRIES = 64


def count_tokens(text: str) -> int:
    """Return the number of tokens of a text."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)


def cut_to_tokens(text: str, limit: int) -> str:
    """Return the longest beginning of a text that has at most `limit` tokens."""
    data = text.encode("utf-8", "surrogatepass")
    if len(data) <= limit * BYTES_PER_TOKEN:
        return text
    return data[: limit * BYTES_PER_TOKEN].decode("utf-8", "ignore")


def repeat_to_tokens(text: str, tokens: int) -> str:
    """Return a text of `tokens` tokens, made by repeating `text`."""
    size = max(1, len(text.encode("utf-8", "surrogatepass")))
    return cut_to_tokens(text * (tokens * BYTES_PER_TOKEN // size + 1), tokens)


def split_text(text: str, random: Random, longest: int = 20) -> Iterator[tuple[str, int]]:
    """Cut a text into deltas of 2 to `longest` characters, the last of them perhaps one longer.

    Yields
    ------
    tuple of (str, int)
        A delta and its tokens. The tokens add up to ``count_tokens(text)``.
    """
    start = n_bytes = n_tokens = 0
    while start < len(text):
        end = start + random.randint(2, longest)
        if end == len(text) - 1:  # no last delta of a single character
            end += 1
        delta = text[start:end]
        n_bytes += len(delta.encode("utf-8", "surrogatepass"))
        tokens = -(-n_bytes // BYTES_PER_TOKEN) - n_tokens
        yield delta, tokens
        n_tokens += tokens
        start = end


class PromptCache:
    """Earlier prompts of each model, to say how much of a new one is cached.

    A prompt above 256 tokens is cached as far as it shares its beginning with an earlier prompt of
    the same model, in whole blocks of 64 tokens. Both figures are invented; that a shared beginning
    is what counts is documented.
    """

    def __init__(self) -> None:
        self._prompts: dict[str, deque[bytes]] = {}

    def look_up(self, model: str, prompt: str) -> int:
        """Remember a prompt and return how many of its tokens are cached."""
        data = prompt.encode("utf-8", "surrogatepass")
        earlier = self._prompts.setdefault(model, deque(maxlen=_CACHE_ENTRIES))
        shared = max((_shared_prefix(data, other) for other in earlier), default=0)
        earlier.append(data)
        if len(data) <= _CACHE_MINIMUM * BYTES_PER_TOKEN:
            return 0
        return shared // BYTES_PER_TOKEN // _CACHE_BLOCK * _CACHE_BLOCK


def _shared_prefix(one: bytes, other: bytes) -> int:
    """Return the length of the common beginning, by bisection: slices compare at memory speed."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
