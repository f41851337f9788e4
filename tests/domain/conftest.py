"""A shop's stand on each database."""

from __future__ import annotations

import pytest
from tests.domain.stand import Stand

from orderbell.store.database import Store


@pytest.fixture
async def stand(store: Store) -> Stand:
    """A shop with one product and no card yet."""
    return await Stand.open(store)
