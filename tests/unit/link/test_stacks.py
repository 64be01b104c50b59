"""Stacks and editions: what hangs together, and which copy tells more."""

from __future__ import annotations

import pytest
from tests.unit.link.made_case import BARE, camera_data, name_media, pair, picture

from firstlight.link.edition import describe_edition, explain_gains, name_gains
from firstlight.link.group import group_rows
from firstlight.link.stack import best_copy, build_stacks


def test_rows_are_labelled_by_the_smallest_they_hang_together_with():
    assert group_rows(6, [(5, 3), (3, 1), (4, 4)]) == [0, 1, 2, 1, 4, 1]


@pytest.mark.parametrize("edge", [(0, 3), (-1, 0)])
def test_an_edge_outside_the_range_is_refused(edge):
    with pytest.raises(IndexError):
        group_rows(3, [edge])


def test_a_long_chain_is_one_group():
    assert set(group_rows(200_000, ((n + 1, n) for n in range(199_999)))) == {0}


def test_each_media_is_in_one_stack_and_pairs_to_strangers_are_left_out():
    media = [picture(n) for n in (3, 1, 2)]
    stacks = build_stacks(media, [pair(3, 1), pair(2, 99)])
    assert [s.media_ids for s in stacks] == [(name_media(1), name_media(3)), (name_media(2),)]
    assert [s.pair_count for s in stacks] == [1, 0]


def test_best_copy_is_whole_then_large_then_keeps_camera_data():
    small = picture(1, camera_data(), size_px=(400, 300))
    large = picture(2, BARE)
    large_with_camera = picture(3, camera_data())
    cut = picture(4, camera_data(), size_px=(8000, 6000), is_truncated=True)
    assert best_copy([small, large, cut, large_with_camera]) is large_with_camera
    assert best_copy([small, large, cut]) is large
    assert best_copy([cut, small]) is small


def gains(better, other):
    return {f.name: (f.left, f.right) for f in explain_gains(better, other)}


def test_gains_name_both_values():
    better = picture(1, camera_data())
    other = picture(
        2,
        camera_data(maker=None, model=None, edit_history=("crop",)),
        size_px=(1000, 1000),
        is_truncated=True,
    )
    assert gains(better, other) == {
        "larger picture": ("4000 x 3000 px", "1000 x 1000 px"),
        "other proportions: crop or border": ("4000 x 3000 px", "1000 x 1000 px"),
        "keeps camera data": ("Kestrel K1", "none"),
        "whole file": ("whole", "cut short"),
        "no editing recorded": ("none", "1 step"),
    }
    assert gains(other, better) == {}


def test_a_quarter_turn_is_no_crop_and_metadata_not_read_are_not_lost():
    upright = picture(1, camera_data(), size_px=(3000, 4000))
    half = picture(2, None, size_px=(2000, 1500))
    assert set(gains(upright, half)) == {"larger picture"}


def test_equal_copies_and_unknown_sizes_gain_nothing():
    plain = describe_edition(picture(1))
    assert name_gains(plain, plain) == ()
    unknown = describe_edition(picture(2, width_px=None, height_px=None))
    assert name_gains(plain, unknown) == name_gains(unknown, plain) == ()
