"""How far a run has come."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Progress:
    """Counts of a run in hand; one object, updated in place.

    Args:
        stage: ``counting``, ``reading``, ``matching``.
        files_total, bytes_total: Of the files on disk, as counted before reading.
    """

    stage: str = "counting"
    files_total: int = 0
    bytes_total: int = 0
    files_done: int = 0
    bytes_done: int = 0
    known: int = 0
    new: int = 0
    failed: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.started

    @property
    def left_s(self) -> float | None:
        """Seconds left, by bytes and files alike; None while nothing can be said."""
        shares = [
            done / total
            for done, total in (
                (self.files_done, self.files_total),
                (self.bytes_done, self.bytes_total),
            )
            if total
        ]
        share = sum(shares) / len(shares) if shares else 0.0
        if share <= 0.001:
            return None
        return max(0.0, self.elapsed_s * (1 - share) / share)


ProgressSink = Callable[[Progress], None]
