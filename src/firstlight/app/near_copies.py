"""Finds near-copies among the pictures of the store: the pairs that stacks rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from firstlight.app.home import Home
from firstlight.app.matching import all_variants
from firstlight.link.near import near_copy_pairs
from firstlight.match.scan import ScanIndex
from firstlight.model.fingerprint import DIHEDRAL_VARIANTS
from firstlight.model.hashlist import DEFAULT_RADIUS_BITS
from firstlight.store.current import blocks
from firstlight.store.fingerprint import PdqRow, last_pdq_id, pdq_rows
from firstlight.store.near_copy import only_new_near_copies, progress_of_near_copies

BLOCK_PAIRS = 20_000


def update_near_copies(home: Home, on_step: Callable[[], None] = lambda: None) -> int:
    """Compare new pictures with all pictures; harmless when there is nothing new.

    Of a pair both directions are compared and the smaller distance counts, so the pairs do not
    depend on which came first.

    Returns:
        Pairs added.

    Cost: 16 * new * all comparisons.
    """
    store = home.store
    done_pdq_id, newest_pdq_id = progress_of_near_copies(store), last_pdq_id(store)
    if newest_pdq_id <= done_pdq_id:
        return 0
    rows = [row for row in pdq_rows(store) if row.time_s is None and row.frame_index == 0]
    first_new = sum(row.pdq_id <= done_pdq_id for row in rows)
    added = 0
    for block in blocks(_pairs(rows, first_new), BLOCK_PAIRS):
        added += _record(home, block)
        on_step()
    with (
        store.transaction() as transaction,
        transaction.event(home.actor, "found-near-copies", {}) as event,
    ):
        event.add("near_copy_progress", {"last_pdq_id": newest_pdq_id})
    return added


def _pairs(rows: list[PdqRow], first_new: int) -> Iterator[dict[str, Any]]:
    codes8 = all_variants([row.codes for row in rows]).reshape(-1, 8, 4)
    names = sorted({row.media_id for row in rows})
    number = {media_id: place for place, media_id in enumerate(names)}
    media_rows = np.array([number[row.media_id] for row in rows], dtype=np.int64)
    found = near_copy_pairs(
        codes8,
        media_rows,
        ScanIndex(np.ascontiguousarray(codes8[:, 0])),
        DEFAULT_RADIUS_BITS,
        first_new=first_new,
        new_index=ScanIndex(np.ascontiguousarray(codes8[first_new:, 0])),
    )
    for first, second, distance_bits, variant in found:
        yield {
            "media_id_a": names[first],
            "media_id_b": names[second],
            "distance_bits": distance_bits,
            "variant": DIHEDRAL_VARIANTS[variant],
            "frame_a": 0,
            "frame_b": 0,
        }


def _record(home: Home, pairs: list[dict[str, Any]]) -> int:
    rows = only_new_near_copies(home.store, pairs)
    if rows:
        with (
            home.store.transaction() as transaction,
            transaction.event(home.actor, "found-near-copies", {}) as event,
        ):
            event.add_many("near_copy", rows)
    return len(rows)
