"""What the package costs before it does anything: its import, and ``%load_ext`` in a fresh kernel."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from jupyter_client.manager import start_new_kernel

RUNS = 15
KERNELS = 5
TIMED = """
import time
start = time.perf_counter()
get_ipython().run_line_magic("load_ext", "glm_notebook")
print(time.perf_counter() - start)
"""


def _seconds(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def import_ms() -> float:
    """Return the median of what ``import glm_notebook`` adds to a bare Python, run by run, in ms."""
    pairs = [(_seconds("import glm_notebook"), _seconds("pass")) for _ in range(RUNS)]
    return statistics.median(with_it - bare for with_it, bare in pairs) * 1000


def load_ms() -> float:
    """Return the median time of ``%load_ext glm_notebook`` in fresh kernels, in ms."""
    return statistics.median(_load_s() for _ in range(KERNELS)) * 1000


def _load_s() -> float:
    manager, client = start_new_kernel()
    printed: list[str] = []
    try:
        client.execute_interactive(
            TIMED, output_hook=lambda one: printed.append(one["content"].get("text", ""))
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return float("".join(printed))


def main() -> list[str]:
    """Measure, and return the rows of a Markdown table."""
    return [
        f"| `import glm_notebook`, over bare Python | ≤ 30 ms | {import_ms():.0f} ms |",
        f"| `%load_ext glm_notebook` in a fresh kernel | ≤ 250 ms | {load_ms():.0f} ms |",
    ]


if __name__ == "__main__":
    print("\n".join(main()))
