"""Hamming distance, packing, and the plain exact index."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from firstlight.errors import FingerprintShapeError
from firstlight.match.hamming import distance, pack_codes, unpack_codes, within
from firstlight.match.scan import ScanIndex
from firstlight.model.ports import HashIndex


def random_codes(count: int, seed: int = 0) -> NDArray[np.uint64]:
    return np.random.default_rng(seed).integers(0, 2**64, (count, 4), dtype=np.uint64)


def test_words_are_big_endian() -> None:
    code = bytes(range(32))
    assert pack_codes([code])[0, 0] == 0x0001020304050607
    assert unpack_codes(pack_codes([code])) == [code]
    assert pack_codes([]).shape == (0, 4)
    assert unpack_codes(pack_codes([])) == []


def test_distance_counts_bits() -> None:
    assert distance(bytes(32), bytes(32)) == 0
    assert distance(bytes(32), b"\xff" * 32) == 256
    assert distance(bytes(32), bytes(31) + b"\x05") == 2


@pytest.mark.parametrize("code", [b"", bytes(31), bytes(33), b"00" * 32])
def test_codes_of_another_length_are_refused(code: bytes) -> None:
    with pytest.raises(FingerprintShapeError):
        pack_codes([code])
    with pytest.raises(FingerprintShapeError):
        distance(code, bytes(32))


def test_radius_is_inclusive() -> None:
    corpus = np.zeros((1, 4), np.uint64)
    query = np.array([[0, 0, 0, (1 << 31) - 1]], np.uint64)
    assert within(query[0], corpus, 31)[1].tolist() == [31]
    assert within(query[0], corpus, 30)[0].tolist() == []
    assert len(ScanIndex(corpus).search(query, 31)[0]) == 1
    assert len(ScanIndex(corpus).search(query, 30)[0]) == 0


def test_scan_index_is_a_hash_index() -> None:
    index: HashIndex = ScanIndex(random_codes(10))
    assert len(index) == 10
    rows = index.search(random_codes(10), 0)
    assert rows[0].tolist() == rows[1].tolist() == list(range(10))


def test_nothing_stored_and_nothing_asked() -> None:
    none = random_codes(0)
    for index, queries in ((ScanIndex(none), random_codes(3)), (ScanIndex(random_codes(3)), none)):
        found = index.search(queries, 256)
        assert [len(part) for part in found] == [0, 0, 0]
        assert [part.dtype for part in found] == [np.int64, np.int64, np.uint16]


def test_everything_matches_page_by_page() -> None:
    index = ScanIndex(random_codes(3000), page_hits=1000)
    queries = random_codes(70, seed=1)
    pages = list(index.pages(queries, 256))
    assert max(len(page[0]) for page in pages) == 1000
    pairs = np.concatenate([page[0] * 3000 + page[1] for page in pages])
    assert np.array_equal(np.sort(pairs), np.arange(70 * 3000))


def test_stored_codes_are_a_copy() -> None:
    codes = random_codes(5)
    index = ScanIndex(codes)
    queries = codes.copy()
    codes[:] = 0
    assert len(index.search(queries, 0)[0]) == 5


def test_strided_queries_and_codes_are_taken() -> None:
    codes = random_codes(40)
    found = ScanIndex(codes[::2]).search(codes[::-1][:7], 0)
    assert found[1].tolist() == [19, 18, 17]


@pytest.mark.parametrize(
    "words",
    [
        np.zeros((2, 3), np.uint64),
        np.zeros(4, np.uint64),
        np.zeros((2, 4), np.int64),
        np.zeros((2, 4), np.uint32),
        np.zeros((2, 2, 4), np.uint64),
    ],
)
def test_other_shapes_are_refused(words: NDArray[np.uint64]) -> None:
    with pytest.raises(FingerprintShapeError):
        ScanIndex(words)
    with pytest.raises(FingerprintShapeError):
        ScanIndex(random_codes(2)).search(words, 31)
    with pytest.raises(FingerprintShapeError):
        within(random_codes(1)[0], words, 31)
    with pytest.raises(FingerprintShapeError):
        unpack_codes(words)


@pytest.mark.parametrize("radius_bits", [-1, 257])
def test_impossible_radii_are_refused(radius_bits: int) -> None:
    with pytest.raises(FingerprintShapeError):
        ScanIndex(random_codes(2)).search(random_codes(1), radius_bits)
    with pytest.raises(FingerprintShapeError):
        within(random_codes(1)[0], random_codes(2), radius_bits)


def test_one_hash_is_not_a_table_of_hashes() -> None:
    with pytest.raises(FingerprintShapeError):
        within(random_codes(1), random_codes(2), 31)


def test_a_scan_lets_other_threads_run() -> None:
    index, queries = ScanIndex(random_codes(200_000)), random_codes(400, seed=1)
    ticks = []
    is_done = threading.Event()

    def tick() -> None:
        while not is_done.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.001)

    ticker = threading.Thread(target=tick)
    ticker.start()
    started_at = time.monotonic()
    index.search(queries, 20)
    ended_at = time.monotonic()
    is_done.set()
    ticker.join()
    within_scan = [at for at in ticks if started_at < at < ended_at]
    assert len(within_scan) >= 3, (ended_at - started_at, len(ticks))
