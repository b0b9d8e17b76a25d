"""The check of a request before it is sent: what cannot work by the documents is refused, with the way out. No I/O.

It never refuses what the service might take: a limit that is unknown, or given differently by two documents, is
checked by its more generous reading or not at all.
"""

from __future__ import annotations

from glm_notebook.preflight.check import check
from glm_notebook.preflight.explanation import explain

__all__ = ["check", "explain"]
