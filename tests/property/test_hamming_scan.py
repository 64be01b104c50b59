"""Kernel, numpy twin and reference find the same pairs on random, near and hostile codes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from firstlight.match.hamming import distance, pack_codes, unpack_codes, within
from firstlight.match.scan import ScanIndex
from firstlight.native.hamming import pages_by_numpy
from firstlight.native.library import Route


def make_codes(kind: str, count: int, generator: np.random.Generator) -> NDArray[np.uint64]:
    """Make codes: unrelated, in clusters, or all differing only where a prefix cannot see it."""
    codes = generator.integers(0, 2**64, (count, 4), dtype=np.uint64)
    if kind == "clusters" and count:
        codes = codes[generator.integers(0, max(1, count // 40), count)]
        for _ in range(12):
            codes[np.arange(count), generator.integers(0, 4, count)] ^= np.uint64(
                1
            ) << generator.integers(0, 64, count, dtype=np.uint64)
    elif kind == "equal prefixes":
        codes[:, :2] = codes[:1, :2]
    elif kind == "equal suffixes":
        codes[:, 2:] = codes[:1, 2:]
    elif kind == "extremes":
        codes[:] = np.where(generator.random((count, 4)) < 0.5, 0, 2**64 - 1)
    return codes


def expected_pairs(
    queries: NDArray[np.uint64], corpus: NDArray[np.uint64], radius_bits: int
) -> list[tuple[int, int, int]]:
    return [
        (at, int(row), int(bits))
        for at, query in enumerate(queries)
        for row, bits in zip(*within(query, corpus, radius_bits), strict=True)
    ]


KINDS = ["random", "clusters", "equal prefixes", "equal suffixes", "extremes"]


@settings(max_examples=80, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    count=st.sampled_from([0, 1, 3, 4, 7, 8, 9, 100, 1023, 1024, 1025, 2300]),
    query_count=st.sampled_from([0, 1, 2, 63, 64, 65, 130]),
    radius_bits=st.one_of(st.sampled_from([0, 31, 64, 128, 256]), st.integers(0, 256)),
    page_hits=st.sampled_from([1, 7, 1000, 1 << 18]),
    route=st.sampled_from(list(Route)),
    seed=st.integers(0, 2**32 - 1),
)
def test_scan_equals_reference(
    kind: str,
    count: int,
    query_count: int,
    radius_bits: int,
    page_hits: int,
    route: Route,
    seed: int,
) -> None:
    generator = np.random.default_rng(seed)
    corpus = make_codes(kind, count, generator)
    queries = make_codes(kind, query_count, generator)
    shared = min(count, query_count) // 2
    queries[:shared] = corpus[:shared]
    if page_hits < 1000:
        queries = queries[:3]
    expected = expected_pairs(queries, corpus, radius_bits)

    index = ScanIndex(corpus, page_hits=page_hits, route_max=route)
    found = index.search(queries, radius_bits)
    assert list(zip(*(part.tolist() for part in found), strict=True)) == expected
    assert [part.dtype for part in found] == [np.int64, np.int64, np.uint16]
    assert all(len(page[0]) <= page_hits for page in index.pages(queries, radius_bits))

    columns = np.ascontiguousarray(corpus.T)
    twin = list(pages_by_numpy(columns, queries, radius_bits, page_hits))
    pairs = [pair for page in twin for pair in zip(*(p.tolist() for p in page), strict=True)]
    assert pairs == expected


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=20))
def test_packing_round_trips_and_distance_is_the_words_distance(codes: list[bytes]) -> None:
    words = pack_codes(codes)
    assert unpack_codes(words) == codes
    for code in codes[:3]:
        rows, bits = within(pack_codes([code])[0], words, 256)
        assert rows.tolist() == list(range(len(codes)))
        assert bits.tolist() == [distance(code, other) for other in codes]
