"""What stands for the keys of a store that was opened without them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firstlight.errors import FirstlightError, KeyMissingError
from firstlight.model.ports import Sealer
from firstlight.store.sealing import Locked


def test_a_locked_home_refuses_everything() -> None:
    locked: Sealer = Locked()
    calls: list[Callable[[], object]] = [
        lambda: locked.seal(None, b"", b""),
        lambda: locked.open(1, b"", b""),
        lambda: locked.mac(None, "", b""),
        lambda: locked.add_case(1),
        lambda: locked.has_case(1),
        lambda: locked.erase_case(1),
    ]
    for call in calls:
        with pytest.raises(KeyMissingError, match="locked"):
            call()
    assert issubclass(KeyMissingError, FirstlightError)
