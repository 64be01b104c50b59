"""The plain exact index: every query against every stored code, by the fast kernel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from firstlight.match.hamming import check_radius, check_words
from firstlight.native.hamming import Hits, scan_pages
from firstlight.native.library import BEST_ROUTE

PAGE_HITS = 1 << 18


class ScanIndex:
    """Exact Hamming search by scanning all codes; implements ``model.ports.HashIndex``.

    Args:
        codes: Codes to search; copied, word by word.
        page_hits: Most pairs that are found before they are handed on.
        route_max: Highest way through the processor that may be taken.
    Shapes: codes (n, 4) uint64, big-endian words.
    Raises:
        FingerprintShapeError: A shape or dtype differs.
    Cost: 32 bytes a code.
    """

    def __init__(
        self,
        codes: NDArray[np.uint64],
        *,
        page_hits: int = PAGE_HITS,
        route_max: int = BEST_ROUTE,
    ) -> None:
        check_words(codes)
        self._columns = np.array(codes.T, dtype=np.uint64, order="C")
        self._columns.flags.writeable = False
        self._page_hits = page_hits
        self._route_max = route_max

    def __len__(self) -> int:
        """Number of codes."""
        return int(self._columns.shape[1])

    def search(self, queries: NDArray[np.uint64], radius_bits: int) -> Hits:
        """Find every stored code within a radius of every query.

        Args:
            queries: Codes to look for; read only.
            radius_bits: Inclusive radius, 0 to 256 bits.
        Shapes: queries (q, 4) uint64 big-endian words; result query rows, stored rows (k,)
            int64 sorted by (query, row), distances (k,) uint16 in bits.
        Raises:
            FingerprintShapeError: A shape or dtype differs.
        Cost: O(q n) time, 18 bytes a pair found; ``pages`` holds no more than one page.
        Evidence: A hit is a lead. By itself it grades nothing.
        """
        pages = list(self.pages(queries, radius_bits))
        if not pages:
            none = np.empty(0, dtype=np.int64)
            return none, none.copy(), np.empty(0, dtype=np.uint16)
        query_rows = np.concatenate([page[0] for page in pages])
        stored_rows = np.concatenate([page[1] for page in pages])
        distances = np.concatenate([page[2] for page in pages])
        order = np.lexsort((stored_rows, query_rows))
        return query_rows[order], stored_rows[order], distances[order]

    def pages(self, queries: NDArray[np.uint64], radius_bits: int) -> Iterator[Hits]:
        """Yield the same pairs a page at a time, in the order of the scan (not sorted).

        Args, Shapes, Raises: As for ``search``.
        """
        check_words(queries)
        check_radius(radius_bits)
        return scan_pages(
            self._columns,
            np.ascontiguousarray(queries),
            radius_bits,
            page_hits=self._page_hits,
            route_max=self._route_max,
        )
