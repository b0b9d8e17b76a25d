"""Model Studio on loopback, from the documentation alone.

It shares no code with the client: what both of them get wrong in the same way would not show.
"""

from glm_notebook.simulator.embedded import embedded
from glm_notebook.simulator.handler import ReceivedRequest
from glm_notebook.simulator.scenario import Match, Rule, Scenario, ScriptedCall, Text
from glm_notebook.simulator.server import Simulator

__all__ = [
    "Match",
    "ReceivedRequest",
    "Rule",
    "Scenario",
    "ScriptedCall",
    "Simulator",
    "Text",
    "embedded",
]
