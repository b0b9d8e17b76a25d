"""What can go wrong on the way: every fault, by name."""

import glm_notebook.simulator.faults.answers
import glm_notebook.simulator.faults.events
import glm_notebook.simulator.faults.pieces
import glm_notebook.simulator.faults.replies
import glm_notebook.simulator.faults.stream
import glm_notebook.simulator.faults.wire  # noqa: F401 - each of them registers its faults
from glm_notebook.simulator.faults.registry import (
    Context,
    Dress,
    Fault,
    Page,
    Stage,
    known_faults,
    parse_faults,
)

__all__ = ["Context", "Dress", "Fault", "Page", "Stage", "known_faults", "parse_faults"]
