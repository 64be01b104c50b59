"""Groups are a pure function of the set of edges."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.link.made_case import BARE, camera_data, pair, picture

from firstlight.link.burst import find_bursts
from firstlight.link.group import group_rows
from firstlight.link.stack import build_stacks

ROWS = 9
EDGES = st.lists(st.tuples(st.integers(0, ROWS - 1), st.integers(0, ROWS - 1)), max_size=14)


def slow_groups(row_count, edges):
    """Spread the smallest row along the edges until nothing changes."""
    labels = list(range(row_count))
    changed = True
    while changed:
        changed = False
        for left, right in edges:
            low = min(labels[left], labels[right])
            for row in (left, right):
                if labels[row] != low:
                    labels[row], changed = low, True
    return labels


@given(EDGES)
def test_groups_equal_the_slow_reference(edges):
    assert group_rows(ROWS, iter(edges)) == slow_groups(ROWS, edges)


@given(EDGES, st.randoms())
def test_groups_do_not_depend_on_order_or_direction(edges, random):
    mixed = [edge[::-1] if random.random() < 0.5 else edge for edge in edges * 2]
    random.shuffle(mixed)
    assert group_rows(ROWS, mixed) == group_rows(ROWS, edges)


@given(EDGES, st.randoms())
def test_stacks_do_not_depend_on_order(edges, random):
    media = [picture(n, size_px=(100 * (n % 3 + 1), 100)) for n in range(ROWS)]
    pairs = [pair(a, b) for a, b in {tuple(sorted(edge)) for edge in edges} if a != b]
    plain = build_stacks(media, pairs)
    random.shuffle(media)
    random.shuffle(pairs)
    assert build_stacks(media, pairs) == plain
    assert sorted(i for s in plain for i in s.media_ids) == sorted(m.media_id for m in media)
    for stack in plain:
        assert stack.representative_id in stack.media_ids


def made_shots(seed):
    random = Random(seed)
    shots = []
    for number in range(random.randint(2, 14)):
        time, source_id = random.randrange(40), random.choice([1, 1, 2])
        serial = random.choice(["FL0001", "FL0001", None])
        shots.append(
            picture(
                number,
                random.choice([BARE, camera_data(serial, f"2026-05-01T10:00:{time:02d}")]),
                source_id=source_id,
                path=b"/seized/%d/IMG_%d.jpg" % (source_id, number),
                mtime_ns=time * 1_000_000_000,
            )
        )
    random.shuffle(shots)
    return shots


@given(st.integers(0, 2**32).map(made_shots), st.integers(0, 8), st.randoms())
def test_one_media_more_never_parts_a_burst(media, gap_s, random):
    whole = find_bursts(media, gap_s)
    mixed = list(media)
    random.shuffle(mixed)
    assert find_bursts(mixed, gap_s) == whole
    for burst in find_bursts(media[1:], gap_s):
        assert any(set(burst.media_ids) <= set(b.media_ids) and b.key == burst.key for b in whole)
