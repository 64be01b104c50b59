"""An interruption waits for the end of a protected part, and not longer."""

from __future__ import annotations

import os
import signal

import pytest

from firstlight.app.interrupt import Interruptible


def ask() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_outside_protected_parts_it_takes_effect_at_once():
    reached = False
    with pytest.raises(KeyboardInterrupt), Interruptible():  # noqa: PT012
        ask()
        reached = True
    assert not reached


def test_a_protected_part_ends_first():
    steps = []
    with pytest.raises(KeyboardInterrupt), Interruptible() as interruptible:  # noqa: PT012
        with interruptible.protected():
            ask()
            steps.append("written")
        steps.append("never reached")
    assert steps == ["written"]


def test_the_handlers_before_come_back():
    before = signal.getsignal(signal.SIGTERM)
    with Interruptible():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
