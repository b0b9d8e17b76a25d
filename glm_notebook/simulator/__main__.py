"""Serve a scenario on this machine, as Model Studio would."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from glm_notebook._version import __version__
from glm_notebook.simulator import Scenario, Simulator
from glm_notebook.simulator.faults import known_faults

_WAKE_S = 0.5


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM, the base URL on the first line of standard output."""
    command = parser()
    options = command.parse_args(arguments)
    if options.faults:
        for fault in known_faults():
            print(f"{fault.usage:28}{fault.summary}")
        return
    try:
        simulator = _simulator(options).start()
    except (OSError, ValueError) as error:
        command.error(str(error))
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    print(simulator.base_url, flush=True)
    while not stop.wait(_WAKE_S):  # a wait without an end could not be interrupted on Windows
        pass
    simulator.stop()


def _simulator(options: argparse.Namespace) -> Simulator:
    return Simulator(
        None if options.scenario is None else Scenario.load(options.scenario),
        port=options.port,
        tokens_per_s=options.tokens_per_s,
        first_token_s=options.first_token_s,
    )


def parser() -> argparse.ArgumentParser:
    """Return the options of the command."""
    command = argparse.ArgumentParser("python -m glm_notebook.simulator", description=__doc__)
    command.add_argument("--version", action="version", version=__version__)
    command.add_argument("--port", type=int, default=0, help="0 takes a free port (default)")
    command.add_argument("--scenario", type=Path, metavar="FILE", help="a .toml or .json file")
    command.add_argument("--tokens-per-s", type=float, metavar="N", help="0 is flat out")
    command.add_argument("--first-token-s", type=float, metavar="SECONDS")
    command.add_argument("--faults", action="store_true", help="list the faults and end")
    return command


if __name__ == "__main__":
    main()
