"""Pages of an exact Hamming scan: the C kernel, or its numpy twin where there is none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import FingerprintShapeError
from firstlight.native.library import BEST_ROUTE, kernel

Hits = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint16]]
"""Query rows, stored rows, distances in bits: three arrays of one length."""

_TWIN_BLOCK_ROWS = 1 << 16


def scan_pages(
    columns: NDArray[np.uint64],
    queries: NDArray[np.uint64],
    radius_bits: int,
    *,
    page_hits: int,
    route_max: int = BEST_ROUTE,
) -> Iterator[Hits]:
    """Yield every pair within the radius, a page at a time, in the order of the scan.

    Args:
        columns: Stored codes, word by word; read only.
        queries: Codes to look for; read only.
        radius_bits: Inclusive radius, 0 to 256 bits.
        page_hits: Most pairs of one page, at least 1.
        route_max: Highest way through the processor that may be taken.
    Shapes: columns (4, n), queries (q, 4), both uint64 in C order; a page's arrays (k,) with
        1 <= k <= page_hits.
    Raises:
        FingerprintShapeError: A shape, dtype or memory order differs, or a bound is not met.
    Cost: O(q n), half of each code read; the lock of the interpreter is released meanwhile.
    """
    _check(columns, (4, columns.shape[-1] if columns.ndim else 0))
    _check(queries, (len(queries) if queries.ndim else 0, 4))
    if not 0 <= radius_bits <= 256 or page_hits < 1:
        raise FingerprintShapeError("the radius is 0 to 256 bits, a page at least one pair")
    if kernel().library is None:
        return pages_by_numpy(columns, queries, radius_bits, page_hits)
    return _pages_by_kernel(columns, queries, radius_bits, page_hits, int(route_max))


def _check(words: NDArray[np.uint64], shape: tuple[int, int]) -> None:
    if words.shape != shape or words.dtype != np.uint64 or not words.flags.c_contiguous:
        raise FingerprintShapeError("codes are uint64 words, four a code, in C order")


def _pages_by_kernel(
    columns: NDArray[np.uint64],
    queries: NDArray[np.uint64],
    radius_bits: int,
    page_hits: int,
    route_max: int,
) -> Iterator[Hits]:
    library = kernel().library
    if library is None:
        return
    cursor = np.zeros(4, dtype=np.int64)
    while cursor[0] < len(queries):
        query_rows = np.empty(page_hits, dtype=np.int64)
        stored_rows = np.empty(page_hits, dtype=np.int64)
        distances = np.empty(page_hits, dtype=np.uint16)
        found = library.fl_hamming_page(
            columns.ctypes.data,
            columns.shape[1],
            queries.ctypes.data,
            len(queries),
            radius_bits,
            route_max,
            cursor.ctypes.data,
            query_rows.ctypes.data,
            stored_rows.ctypes.data,
            distances.ctypes.data,
            page_hits,
        )
        if found:
            yield query_rows[:found].copy(), stored_rows[:found].copy(), distances[:found].copy()


def pages_by_numpy(
    columns: NDArray[np.uint64], queries: NDArray[np.uint64], radius_bits: int, page_hits: int
) -> Iterator[Hits]:
    """Scan with numpy alone, as ``scan_pages`` does without the library."""
    for query_row, query in enumerate(queries):
        for start in range(0, columns.shape[1], _TWIN_BLOCK_ROWS):
            block = columns[:, start : start + _TWIN_BLOCK_ROWS]
            near = np.bitwise_count(block[0] ^ query[0]).astype(np.uint16)
            near += np.bitwise_count(block[1] ^ query[1])
            rows = np.flatnonzero(near <= radius_bits)
            distances = near[rows]
            for word in (2, 3):
                distances += np.bitwise_count(block[word, rows] ^ query[word])
            is_hit = distances <= radius_bits
            rows, distances = rows[is_hit] + start, distances[is_hit]
            for at in range(0, len(rows), page_hits):
                page = rows[at : at + page_hits].astype(np.int64)
                query_rows = np.full(len(page), query_row, dtype=np.int64)
                yield query_rows, page, distances[at : at + page_hits]
