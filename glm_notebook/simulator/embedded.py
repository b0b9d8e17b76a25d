"""The one simulator that a process keeps for itself, where an endpoint is called ``simulator``."""

from __future__ import annotations

import os
import threading

from glm_notebook.simulator.server import Simulator

_KEPT_REQUESTS = 100
"""A kernel may run for weeks, and every request repeats the whole conversation."""

_lock = threading.Lock()
_simulator: Simulator | None = None


def embedded() -> Simulator:
    """Return the process' simulator, started at the first call, with the built-in scenario at its own pace."""
    global _simulator
    with _lock:
        if _simulator is None:
            _simulator = Simulator(keep=_KEPT_REQUESTS).start()
        return _simulator


def _forget_after_fork() -> None:
    """Threads do not survive a fork: a child that asks for the simulator gets one of its own."""
    global _simulator, _lock
    _simulator, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
