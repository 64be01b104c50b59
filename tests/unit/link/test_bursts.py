"""Bursts: by one clock, or by folder, number and file time."""

from __future__ import annotations

import pytest
from tests.unit.link.made_case import BARE, camera_data, name_media, picture

from firstlight.link.burst import find_bursts
from firstlight.model.media import MediaKind

SECOND_NS = 1_000_000_000


def members(bursts):
    return [tuple(int(i, 16) for i in burst.media_ids) for burst in bursts]


def shot(number, local, **more):
    return picture(
        number,
        camera_data(more.pop("serial", "FL0001"), local, offset=more.pop("offset", None)),
        **more,
    )


def test_a_pause_longer_than_the_gap_parts_bursts_to_the_sub_second():
    media = [
        shot(1, "2026-05-01T10:00:00.250"),
        shot(2, "2026-05-01T10:00:10.250"),
        shot(3, "2026-05-01T10:00:20.251"),
        shot(4, "2026-05-01T10:00:20.900"),
    ]
    bursts = find_bursts(media, 10.0)
    assert members(bursts) == [(1, 2), (3, 4)]
    assert bursts[0].span_s == pytest.approx(10.0, abs=1e-4)


def test_each_pause_counts_and_not_the_whole_length():
    media = [shot(n, f"2026-05-01T10:00:{8 * n:02d}") for n in range(6)]
    assert members(find_bursts(media, 10)) == [(0, 1, 2, 3, 4, 5)]


def test_serials_join_sources_and_models_without_serial_do_not():
    time = "2026-05-01T10:00:00"
    with_serial = [shot(1, time), shot(2, time, source_id=2)]
    without = [shot(3, time, serial=None), shot(4, time, serial="0000", source_id=2)]
    assert members(find_bursts(with_serial + without, 5)) == [(1, 2)]


def test_clocks_with_zone_are_compared_in_utc_and_never_with_those_without():
    media = [
        shot(1, "2026-05-01T10:00:00", offset="+02:00"),
        shot(2, "2026-05-01T08:00:03", offset="+00:00"),
        shot(3, "2026-05-01T10:00:01"),
        shot(4, "2026-05-01T08:00:01"),
    ]
    assert members(find_bursts(media, 5)) == [(1, 2)]


def filed(number, name, mtime_s, folder=b"/seized/a", metadata=BARE):
    return picture(number, metadata, path=folder + b"/" + name, mtime_ns=int(mtime_s * SECOND_NS))


def test_without_camera_data_number_and_time_must_both_go_on():
    media = [
        filed(1, b"IMG_0001.jpg", 100),
        filed(2, b"IMG_0003.jpg", 104),
        filed(3, b"IMG_0009.jpg", 105),
        filed(4, b"IMG_0004.jpg", 500),
        filed(5, b"DSC_0002.jpg", 102),
        filed(6, b"IMG_0002.jpg", 102, folder=b"/seized/b"),
        filed(7, b"portrait.jpg", 102),
    ]
    (burst,) = find_bursts(media, 10)
    assert burst.basis == "folder"
    assert members([burst]) == [(1, 2)]


def test_a_file_in_between_with_another_time_parts_nothing():
    media = [filed(1, b"a1.jpg", 100), filed(2, b"a2.jpg", 9000), filed(3, b"a3.jpg", 101)]
    assert members(find_bursts(media, 10)) == [(1, 3)]


def test_camera_data_keep_a_media_out_of_folder_bursts():
    media = [filed(1, b"a1.jpg", 100), filed(2, b"a2.jpg", 101, metadata=camera_data(local=None))]
    assert find_bursts(media, 10) == ()


def test_documents_and_hostile_names_make_no_burst():
    media = [
        filed(1, b"9" * 200 + b".jpg", 1),
        filed(2, b"9" * 199 + b"8.jpg", 1),
        picture(3, camera_data(), kind=MediaKind.DOCUMENT),
        picture(4, camera_data()),
    ]
    assert find_bursts(media, 10) == ()


def test_times_at_the_edge_of_the_calendar_are_no_error():
    media = [
        shot(1, "0001-01-01T00:00:00", offset="+14:00"),
        shot(2, "0001-01-01T00:00:01", offset="+14:00"),
        shot(3, "9999-12-31T23:59:59", offset="-12:00"),
    ]
    assert members(find_bursts(media, 10)) == [(1, 2)]


def test_one_media_seen_twice_is_no_burst():
    one = shot(1, "2026-05-01T10:00:00")
    assert find_bursts([one], 10) == ()
    assert find_bursts([], 10) == ()
    assert name_media(1) == one.media_id


def test_many_files_of_one_number_stay_quick():
    media = [
        filed(n, b"a" + b"0" * (n % 10) + b"7.jpg", n, folder=b"/s/%d" % (n % 3))
        for n in range(3000)
    ]
    assert sum(len(b.media_ids) for b in find_bursts(media, 10)) == 3000
