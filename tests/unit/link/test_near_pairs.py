"""Near-copy pairs: exact against the obvious comparison, symmetric, each once."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.link.made_case import SlowIndex

from firstlight.errors import FingerprintShapeError
from firstlight.link import near
from firstlight.link.near import INVERSE_VARIANT, near_copy_pairs
from firstlight.model.fingerprint import DIHEDRAL_VARIANTS


def made_codes(count, seed=3):
    """Codes of which many lie close to an earlier one, in some variant."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 2**64, (count, 8, 4), dtype=np.uint64)
    for row in range(1, count, 2):
        codes[row, 0] = codes[rng.integers(0, row), rng.integers(0, 8)]
        for bit in rng.integers(0, 256, rng.integers(0, 40)):
            codes[row, 0, bit // 64] ^= np.uint64(1) << np.uint64(bit % 64)
    return codes


def obvious_pairs(codes, rows, radius):
    best = {}
    for a in range(len(codes)):
        for b in range(len(codes)):
            if rows[a] == rows[b]:
                continue
            for variant in range(8):
                distance = sum(int(x).bit_count() for x in codes[a, variant] ^ codes[b, 0])
                if distance <= radius:
                    left, right, turned = int(rows[a]), int(rows[b]), variant
                    if left > right:
                        left, right, turned = right, left, INVERSE_VARIANT[variant]
                    found = (distance, turned)
                    best[left, right] = min(best.get((left, right), found), found)
    return [(a, b, *best[a, b]) for a, b in sorted(best)]


@pytest.mark.parametrize("radius", [0, 16, 31])
def test_pairs_equal_the_obvious_comparison(radius, monkeypatch):
    monkeypatch.setattr(near, "_BATCH_CODES", 7)
    monkeypatch.setattr(near, "_COMPACT_AT", 5)
    monkeypatch.setattr(near, "_UNPACK_PAIRS", 3)
    codes = made_codes(48)
    rows = np.arange(48, dtype=np.int64) // 2
    index = SlowIndex(np.ascontiguousarray(codes[:, 0]))
    found = list(near_copy_pairs(codes, rows, index, radius))
    assert found == obvious_pairs(codes, rows, radius)
    assert radius == 0 or len(found) > 3


@pytest.mark.parametrize("first_new", [1, 20, 40, 47, 48])
def test_new_codes_alone_give_the_pairs_that_were_missing(first_new, monkeypatch):
    monkeypatch.setattr(near, "_BATCH_CODES", 7)
    codes = made_codes(48)
    rows = np.arange(48, dtype=np.int64)
    index, latest = SlowIndex(codes[:, 0]), SlowIndex(codes[first_new:, 0])
    known = {(a, b) for a, b, *_ in obvious_pairs(codes[:first_new], rows[:first_new], 31)}
    missing = [pair for pair in obvious_pairs(codes, rows, 31) if pair[:2] not in known]
    found = near_copy_pairs(codes, rows, index, 31, first_new=first_new, new_index=latest)
    assert list(found) == missing


def test_pairs_do_not_depend_on_the_order_of_codes():
    codes = made_codes(40)
    rows = np.arange(40, dtype=np.int64)
    plain = list(near_copy_pairs(codes, rows, SlowIndex(codes[:, 0]), 31))
    order = np.random.default_rng(9).permutation(40)
    mixed = codes[order]
    assert list(near_copy_pairs(mixed, rows[order], SlowIndex(mixed[:, 0]), 31)) == plain


def test_a_pair_seen_from_one_side_only_is_found_and_turned_round():
    codes = np.random.default_rng(5).integers(0, 2**64, (2, 8, 4), dtype=np.uint64)
    codes[1, DIHEDRAL_VARIANTS.index("rotated-90")] = codes[0, 0]
    rows = np.arange(2, dtype=np.int64)
    (found,) = near_copy_pairs(codes, rows, SlowIndex(codes[:, 0]), 31)
    assert found == (0, 1, 0, DIHEDRAL_VARIANTS.index("rotated-270"))


def test_frames_of_one_video_make_no_pair():
    codes = np.zeros((5, 8, 4), dtype=np.uint64)
    rows = np.array([0, 0, 0, 1, 1], dtype=np.int64)
    assert list(near_copy_pairs(codes, rows, SlowIndex(codes[:, 0]), 31)) == [(0, 1, 0, 0)]


def test_no_codes_make_no_pairs():
    codes = np.zeros((0, 8, 4), dtype=np.uint64)
    assert list(near_copy_pairs(codes, np.zeros(0, np.int64), SlowIndex(codes[:, 0]), 31)) == []


@pytest.mark.parametrize(
    ("codes", "rows", "stored"),
    [
        (np.zeros((2, 4), np.uint64), np.arange(2), 2),
        (np.zeros((2, 8, 4), np.int64), np.arange(2), 2),
        (np.zeros((2, 8, 4), np.uint64), np.arange(3), 2),
        (np.zeros((2, 8, 4), np.uint64), np.arange(2), 1),
        (np.zeros((2, 8, 4), np.uint64), np.array([0, 1 << 24]), 2),
        (np.zeros((2, 8, 4), np.uint64), np.array([-1, 1]), 2),
    ],
)
def test_wrong_shapes_are_refused(codes, rows, stored):
    with pytest.raises(FingerprintShapeError):
        list(near_copy_pairs(codes, rows, SlowIndex(np.zeros((stored, 4), np.uint64)), 31))
