"""What an archive may cost, with all that is nested in it: against bombs."""

from __future__ import annotations

from typing import Final

from firstlight.errors import LimitError
from firstlight.model.bounds import Bounds

RATIO_FLOOR_BYTES: Final = 10_000_000
"""Output below which no ratio counts: small and very regular contents are common."""


class ArchiveBudget:
    """One outermost archive's budget, shared by everything nested in it.

    Output is counted where it arises (decompression, holes of sparse files), while it is
    read, so a bomb stops early. Once exceeded, the whole nest is over.

    Args:
        input_bytes: Size of the outermost archive.
    """

    def __init__(self, bounds: Bounds, input_bytes: int) -> None:
        self.bounds = bounds
        self.exceeded: LimitError | None = None
        self._input_bytes = input_bytes
        self._output_bytes = 0
        self._members = 0
        self._held_bytes = 0
        self._tries = 0

    def gauge(self, input_bytes: int) -> ArchiveGauge:
        """Open the account of one archive of the nest."""
        return ArchiveGauge(self, input_bytes)

    def count_member(self) -> None:
        """Count one entry: member, folder, link or extended header.

        Raises:
            LimitError: There are too many.
        """
        self._members += 1
        if self._members > self.bounds.archive_members_max:
            self._exceed("the archive holds more members than allowed")

    def spend(self, output_bytes: int) -> None:
        """Count output.

        Raises:
            LimitError: The whole nest gives out too much, absolutely or for its size.
        """
        self._output_bytes += output_bytes
        if self._output_bytes > self.bounds.archive_total_max_bytes:
            self._exceed("the archive unpacks to more bytes than allowed")
        if is_over_ratio(self._output_bytes, self._input_bytes, self.bounds):
            self._exceed("the archive unpacks to too many times its size")

    def count_try(self, tries_max: int) -> bool:
        """Count one try of a password; False when the nest had as many already."""
        self._tries += 1
        return self._tries <= tries_max

    def hold(self, size_bytes: int) -> bool:
        """Ask to keep so many more bytes of nested archives in memory."""
        if self._held_bytes + size_bytes > 2 * self.bounds.nested_archive_max_bytes:
            return False
        self._held_bytes += size_bytes
        return True

    def release(self, size_bytes: int) -> None:
        """Say that so many bytes are kept no longer."""
        self._held_bytes -= size_bytes

    def _exceed(self, reason: str) -> None:
        self.exceeded = self.exceeded or LimitError(reason)
        raise self.exceeded


class ArchiveGauge:
    """The account of one archive: its own ratio, and its share of the budget of the nest."""

    def __init__(self, budget: ArchiveBudget, input_bytes: int) -> None:
        self.budget = budget
        self._input_bytes = input_bytes
        self._output_bytes = 0
        self._own: LimitError | None = None

    @property
    def exceeded(self) -> LimitError | None:
        """What ended this archive, if a bound did."""
        return self._own or self.budget.exceeded

    def spend(self, output_bytes: int) -> None:
        """Count output of this archive.

        Raises:
            LimitError: This archive, or the whole nest, gives out too much.
        """
        self._output_bytes += output_bytes
        if is_over_ratio(self._output_bytes, self._input_bytes, self.budget.bounds):
            self._own = LimitError("the archive unpacks to too many times its size")
            raise self._own
        self.budget.spend(output_bytes)


def is_over_ratio(output_bytes: int, input_bytes: int, bounds: Bounds) -> bool:
    """Whether so much output from so little input is a bomb's."""
    return (
        output_bytes > RATIO_FLOOR_BYTES
        and output_bytes > max(input_bytes, 1) * bounds.archive_ratio_max
    )
