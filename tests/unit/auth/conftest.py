"""Time, for what lasts a minute or a day."""

from __future__ import annotations

import pytest

from tests.unit.auth.clocks import Hands


@pytest.fixture
def hands() -> Hands:
    return Hands()
