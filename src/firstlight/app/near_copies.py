"""Finds near-copies among the pictures of the store: the pairs that stacks rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstlight.app.home import Home
from firstlight.app.matching import all_variants
from firstlight.match.hamming import pack_codes
from firstlight.match.scan import ScanIndex
from firstlight.model.fingerprint import DIHEDRAL_VARIANTS
from firstlight.model.hashlist import DEFAULT_RADIUS_BITS
from firstlight.store.fingerprint import PdqRow, pdq_rows
from firstlight.store.near_copy import only_new_near_copies, progress_of_near_copies

BLOCK_PICTURES = 1024

Pairs = dict[tuple[str, str], tuple[int, int]]


def update_near_copies(home: Home, on_step: Callable[[], None] = lambda: None) -> int:
    """Compare new pictures with all pictures; harmless when there is nothing new.

    Of a pair, the variants of the media with the smaller id are compared with the plain code of
    the other: so the pairs do not depend on which came first.

    Returns:
        Pairs added.

    Cost: 8 * new * all comparisons.
    """
    store = home.store
    done_pdq_id = progress_of_near_copies(store)
    rows = [row for row in pdq_rows(store) if row.time_s is None and row.frame_index == 0]
    rows.sort(key=lambda row: row.pdq_id)
    first_new = sum(row.pdq_id <= done_pdq_id for row in rows)
    if first_new == len(rows):
        return 0
    added = 0
    for pairs in _pairs(rows, first_new, on_step):
        added += _record(home, pairs)
    with (
        store.transaction() as transaction,
        transaction.event(home.actor, "found-near-copies", {}) as event,
    ):
        event.add("near_copy_progress", {"last_pdq_id": rows[-1].pdq_id})
    return added


def _pairs(rows: list[PdqRow], first_new: int, on_step: Callable[[], None]) -> Iterator[Pairs]:
    old, new = rows[:first_new], rows[first_new:]
    everything = ScanIndex(_plain(rows))
    for block in _blocks(new):
        yield _nearest(block, rows, everything)
        on_step()
    if old:
        latest = ScanIndex(_plain(new))
        for block in _blocks(old):
            yield _nearest(block, new, latest)
            on_step()


def _nearest(block: list[PdqRow], stored: list[PdqRow], index: ScanIndex) -> Pairs:
    pairs: Pairs = {}
    queries = all_variants([row.codes for row in block])
    found = index.search(queries, DEFAULT_RADIUS_BITS)
    for query, row, distance in zip(*(part.tolist() for part in found), strict=True):
        first, second = block[query // 8].media_id, stored[row].media_id
        if first >= second:
            continue
        best = (distance, query % 8)
        pairs[first, second] = min(pairs.get((first, second), best), best)
    return pairs


def _record(home: Home, pairs: Pairs) -> int:
    rows: list[dict[str, Any]] = [
        {
            "media_id_a": first,
            "media_id_b": second,
            "distance_bits": distance,
            "variant": DIHEDRAL_VARIANTS[variant],
            "frame_a": 0,
            "frame_b": 0,
        }
        for (first, second), (distance, variant) in pairs.items()
    ]
    rows = only_new_near_copies(home.store, rows)
    if rows:
        with (
            home.store.transaction() as transaction,
            transaction.event(home.actor, "found-near-copies", {}) as event,
        ):
            event.add_many("near_copy", rows)
    return len(rows)


def _plain(rows: list[PdqRow]) -> NDArray[np.uint64]:
    return pack_codes([row.codes[:32] for row in rows])


def _blocks(rows: list[PdqRow]) -> Iterator[list[PdqRow]]:
    for start in range(0, len(rows), BLOCK_PICTURES):
        yield rows[start : start + BLOCK_PICTURES]
