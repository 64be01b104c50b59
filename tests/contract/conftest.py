"""What every adapter of the store must do; each adapter adds one opener to ``ADAPTERS``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.store import store_sample as sample

from firstlight.store.database import Store
from firstlight.store.verification import verify_store

ADAPTERS: dict[str, Callable[[Path], Store]] = {"sqlite": sample.new_store}


@pytest.fixture(params=sorted(ADAPTERS))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with ADAPTERS[request.param](tmp_path) as opened:
        yield opened
        assert verify_store(opened) == []
