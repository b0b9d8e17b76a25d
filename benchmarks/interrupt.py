"""How long after a kernel interrupt a `%%glm` cell has ended, while the server says nothing at all."""

from __future__ import annotations

import statistics

from glm_notebook.simulator import Simulator
from tests.kernel.conftest import SCENARIO, Kernel

RUNS = 10
PREFIXES = {"awaited": "", "blocking, inside `%%time`": "%%time\n"}


def _seconds(kernel: Kernel, prefix: str) -> float:
    asked = len(kernel.simulator.requests)
    result = kernel.run(
        f"{prefix}%%glm --new\nhang before",
        interrupt_when=lambda: kernel.simulator.wait_until(lambda got: len(got) > asked),
    )
    assert result.seconds_since_interrupt is not None
    return result.seconds_since_interrupt


def main() -> list[str]:
    """Measure, and return the rows of a Markdown table."""
    rows = []
    with Simulator(SCENARIO, tokens_per_s=0, first_token_s=0) as simulator:
        kernel = Kernel(simulator)
        kernel.run("%load_ext glm_notebook")
        for name, prefix in PREFIXES.items():
            times = [_seconds(kernel, prefix) for _ in range(RUNS)]
            worst, median = max(times) * 1000, statistics.median(times) * 1000
            rows.append(
                f"| interrupt to the cell's end, {name} | ≤ 300 ms | {median:.0f} ms, at most {worst:.0f} ms |"
            )
        kernel.close()
    return rows


if __name__ == "__main__":
    print("\n".join(main()))
