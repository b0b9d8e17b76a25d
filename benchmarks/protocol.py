"""What the way from bytes to events costs: against the least there is, against other clients, in number and in size.

All figures but one are ratios of processor times, each the median of rounds that take turns. The streams are those of
`benchmarks.streams`.
"""

from __future__ import annotations

import asyncio

from benchmarks import concurrency, decoding, linear, sdk


async def _rows() -> list[str]:
    return [row for part in (decoding, sdk, concurrency, linear) for row in await part.rows()]


def main() -> list[str]:
    """Measure, and return the rows of a Markdown table."""
    return asyncio.run(_rows())


if __name__ == "__main__":
    print("\n".join(main()))
