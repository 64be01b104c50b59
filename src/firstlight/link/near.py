"""Near-copies: pairs of media whose PDQ codes lie within a radius, in any of eight positions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from firstlight.errors import FingerprintShapeError
from firstlight.model.fingerprint import DIHEDRAL_VARIANTS
from firstlight.model.ports import HashIndex

VARIANT_COUNT = len(DIHEDRAL_VARIANTS)

# A quarter turn is undone by the opposite quarter turn; every other position undoes itself.
INVERSE_VARIANT = tuple(
    DIHEDRAL_VARIANTS.index({"rotated-90": "rotated-270", "rotated-270": "rotated-90"}.get(n, n))
    for n in DIHEDRAL_VARIANTS
)

_BATCH_CODES = 256
_COMPACT_AT = 4_000_000
_UNPACK_PAIRS = 100_000
# A pair is held as one number that sorts as wanted: rows (24 bits each), distance, variant.
_ROW_BITS, _DISTANCE_BITS, _VARIANT_BITS = 24, 9, 3
_ROW_LIMIT = 1 << _ROW_BITS


def near_copy_pairs(
    codes8: NDArray[np.uint64],
    media_rows: NDArray[np.int64],
    index: HashIndex,
    radius_bits: int,
    *,
    first_new: int = 0,
    new_index: HashIndex | None = None,
) -> Iterator[tuple[int, int, int, int]]:
    """Find the pairs of media of which any two codes lie within the radius.

    The eight variants of each code are searched among the codes as they stand. A variant's
    distance is not always the same in both directions (each variant has a median of its own),
    so both are searched and the smaller one counts: the result does not depend on the order.

    Args:
        codes8: The eight variants of each code, in the order of ``DIHEDRAL_VARIANTS``.
        media_rows: The media that each code belongs to (a video has several codes).
        index: Holds ``codes8[:, 0]``, in the same order.
        radius_bits: Inclusive radius.
        first_new: Pairs of which both codes stand before this row are known and left out.
        new_index: Holds ``codes8[first_new:, 0]``; needed with ``first_new``.
    Shapes: codes8 (n, 8, 4) uint64, media_rows (n,) int64; yields (row_a, row_b, distance in
        bits, variant): row_a < row_b, each pair once, ascending, its smallest distance, and the
        variant of row_a that looks like row_b as it stands.
    Raises:
        FingerprintShapeError: Shapes differ, or the index holds other codes.
    Cost: 8 n queries, those of earlier codes against the new ones alone; 8 bytes a pair.
    Evidence: A pair is a lead: two pictures look alike to a hash. People compare them.
    """
    _check(codes8, media_rows, index)
    packed: list[NDArray[np.uint64]] = []
    held = 0
    for start in range(0, len(codes8), _BATCH_CODES):
        parts = _parts(start, len(codes8), index, first_new, new_index)
        hits = np.concatenate(
            [
                _search_batch(
                    codes8[part],
                    media_rows[part],
                    media_rows[first_stored:],
                    stored,
                    radius_bits,
                )
                for part, stored, first_stored in parts
            ]
        )
        packed.append(hits)
        held += len(hits)
        if held > _COMPACT_AT:
            packed = [_smallest(np.concatenate(packed))]
            # What is left after compacting does not count towards the next round.
            held = 0
    if not packed:
        return
    pairs = _smallest(np.concatenate(packed))
    for start in range(0, len(pairs), _UNPACK_PAIRS):
        yield from _unpack(pairs[start : start + _UNPACK_PAIRS])


def _parts(
    start: int,
    count: int,
    index: HashIndex,
    first_new: int,
    new_index: HashIndex | None,
) -> list[tuple[slice, HashIndex, int]]:
    """Say which codes of a batch are searched in which index, and where its rows begin."""
    stop = min(start + _BATCH_CODES, count if start >= first_new else first_new)
    if start >= first_new:
        return [(slice(start, stop), index, 0)]
    if new_index is None or len(new_index) != count - first_new:
        raise FingerprintShapeError("the index of new codes does not hold them")
    rest = slice(stop, min(start + _BATCH_CODES, count))
    parts = [(slice(start, stop), new_index, first_new)]
    return [*parts, (rest, index, 0)] if rest.start < rest.stop else parts


def _check(codes8: NDArray[np.uint64], rows: NDArray[np.int64], index: HashIndex) -> None:
    if codes8.dtype != np.uint64 or codes8.ndim != 3 or codes8.shape[1:] != (VARIANT_COUNT, 4):
        raise FingerprintShapeError("codes must be (n, 8, 4) uint64")
    if rows.shape != (len(codes8),) or rows.dtype != np.int64:
        raise FingerprintShapeError("media rows must be (n,) int64")
    if len(index) != len(codes8):
        raise FingerprintShapeError("the index does not hold these codes")
    if len(rows) and (int(rows.min()) < 0 or int(rows.max()) >= _ROW_LIMIT):
        raise FingerprintShapeError("media rows must lie between 0 and 16,777,215")


def _search_batch(
    codes8: NDArray[np.uint64],
    query_media: NDArray[np.int64],
    stored_media: NDArray[np.int64],
    index: HashIndex,
    radius_bits: int,
) -> NDArray[np.uint64]:
    queries = np.ascontiguousarray(codes8.reshape(-1, 4))
    query_rows, stored_rows, distances = index.search(queries, radius_bits)
    variants = query_rows % VARIANT_COUNT
    left = query_media[query_rows // VARIANT_COUNT]
    right = stored_media[stored_rows]
    keep = left != right
    left, right, variants = left[keep], right[keep], variants[keep]
    is_swapped = left > right
    variants = np.where(is_swapped, np.array(INVERSE_VARIANT)[variants], variants)
    low, high = np.minimum(left, right), np.maximum(left, right)
    key = low.astype(np.uint64)
    for bits, part in (
        (_ROW_BITS, high),
        (_DISTANCE_BITS, distances[keep]),
        (_VARIANT_BITS, variants),
    ):
        key = (key << np.uint64(bits)) | part.astype(np.uint64)
    return _smallest(key)


def _smallest(packed: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Sort, and keep of each pair the smallest distance, then the first variant."""
    ordered = np.sort(packed)
    pair = ordered >> np.uint64(_DISTANCE_BITS + _VARIANT_BITS)
    is_first = np.ones(len(ordered), dtype=bool)
    is_first[1:] = pair[1:] != pair[:-1]
    return ordered[is_first]


def _unpack(block: NDArray[np.uint64]) -> Iterator[tuple[int, int, int, int]]:
    variants = (block & np.uint64((1 << _VARIANT_BITS) - 1)).tolist()
    rest = block >> np.uint64(_VARIANT_BITS)
    distances = (rest & np.uint64((1 << _DISTANCE_BITS) - 1)).tolist()
    rest = rest >> np.uint64(_DISTANCE_BITS)
    high = (rest & np.uint64(_ROW_LIMIT - 1)).tolist()
    low = (rest >> np.uint64(_ROW_BITS)).tolist()
    yield from zip(low, high, distances, variants, strict=True)
