"""Run every benchmark, and write RESULTS.md."""

from __future__ import annotations

import os
import platform
from datetime import date
from pathlib import Path

from benchmarks import chat, interrupt, lab, protocol, startup, tools

RESULTS = Path(__file__).with_name("RESULTS.md")


def machine() -> str:
    """Describe where this runs: a figure without that says nothing."""
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"


def main() -> None:
    """Write all figures, with what they were asked to be where something was asked."""
    sections = [
        "# What it costs",
        f"Written by `make bench` on {date.today()}: {machine()}. Browser, kernel and server share the machine.",
        "## Start and stop",
        "\n".join(
            ["| what | asked | measured |", "|---|---|---|", *startup.main(), *interrupt.main()]
        ),
        "## A streaming cell in JupyterLab",
        "Asked of ours: the end within 0.5 s (1 s for the largest turn) of the ideal, no task over 100 ms while it "
        "streams, at most 2 MB to the page, none over 300 ms when the largest turn settles.",
        "\n".join(lab.main()),
        "## The chat in JupyterLab",
        "\n".join(chat.main()),
        "## Tools",
        "\n".join(["| what | asked | measured |", "|---|---|---|", *tools.main()]),
        "## Bytes to events",
        "\n".join(["| what | asked | measured |", "|---|---|---|", *protocol.main()]),
    ]
    RESULTS.write_text("\n\n".join(sections) + "\n", "utf-8")
    print(RESULTS.read_text("utf-8"))


if __name__ == "__main__":
    main()
