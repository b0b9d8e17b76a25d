from __future__ import annotations

from typing import cast

import pytest

from glm_notebook.simulator.service import Service

from .faulty import COMPAT, NATIVE, Protocol
from .wire import make_service


@pytest.fixture
def service() -> Service:
    return make_service()


@pytest.fixture(params=[COMPAT, NATIVE], ids=lambda protocol: cast(Protocol, protocol).name)
def protocol(request: pytest.FixtureRequest) -> Protocol:
    return cast(Protocol, request.param)
