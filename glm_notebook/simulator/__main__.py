"""Serve a scenario from the command line: ``python -m glm_notebook.simulator``."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from glm_notebook._version import __version__
from glm_notebook.simulator import Scenario, Simulator

_WAKE_S = 0.5


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM, the base URL on the first line of standard output."""
    options = _parser().parse_args(arguments)
    scenario = None if options.scenario is None else Scenario.load(options.scenario)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Simulator(
        scenario,
        port=options.port,
        tokens_per_s=options.tokens_per_s,
        first_token_s=options.first_token_s,
    ) as simulator:
        print(simulator.base_url, flush=True)
        while not stop.wait(_WAKE_S):  # a wait without an end could not be interrupted on Windows
            pass


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m glm_notebook.simulator", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port (default)")
    parser.add_argument("--scenario", type=Path, metavar="FILE", help="a .toml or .json file")
    parser.add_argument("--tokens-per-s", type=float, metavar="N", help="0 is flat out")
    parser.add_argument("--first-token-s", type=float, metavar="SECONDS")
    return parser


if __name__ == "__main__":
    main()
