"""Ctrl-C and termination: at once between records, and never inside one."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any


class Interruptible:
    """While it is entered, SIGINT and SIGTERM raise KeyboardInterrupt outside protected parts."""

    def __init__(self) -> None:
        self._depth = 0
        self._is_asked = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Interruptible:
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                self._previous[number] = signal.signal(number, self._on_signal)
            except ValueError:
                # Not the main thread: a library user's own handling stands.
                break
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._depth:
            self._is_asked = True
        else:
            raise KeyboardInterrupt

    @contextmanager
    def protected(self) -> Iterator[None]:
        """Let a transaction end before an interruption takes effect."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._is_asked and not self._depth:
                self._is_asked = False
                raise KeyboardInterrupt
