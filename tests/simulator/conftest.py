from __future__ import annotations

import pytest

from glm_notebook.simulator.service import Service

from .wire import make_service


@pytest.fixture
def service() -> Service:
    return make_service()
