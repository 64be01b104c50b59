"""Clocks: which time counts, and how unsure it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.link.made_case import taken

from firstlight.link.clock import (
    has_contradicting_times,
    parse_reading,
    satellite_time,
    taken_time,
)
from firstlight.model.fingerprint import ClockReading, Metadata


def data(*clocks):
    return Metadata("made", "1", clocks=clocks)


def camera(tag, local, offset=None):
    return ClockReading(tag, local or "", local, offset, "camera")


def test_the_moment_of_taking_is_preferred_then_the_zone_then_sub_seconds():
    chosen = taken_time(
        data(
            camera("EXIF:ModifyDate", "2020-01-01T00:00:00"),
            camera("EXIF:CreateDate", "2021-01-01T00:00:00"),
            camera("EXIF:DateTimeOriginal", "2022-01-01T00:00:00"),
            camera("Composite:SubSecDateTimeOriginal", "2022-01-01T00:00:00.5"),
        )
    )
    assert chosen is not None
    assert chosen.local == datetime(2022, 1, 1, 0, 0, 0, 500_000)  # noqa: DTZ001
    assert chosen.offset is None


def test_only_the_cameras_own_clock_counts_as_taken():
    assert taken_time(data(taken("2026-05-01T10:00:00", clock="satellite"))) is None
    assert taken_time(None) is None


def test_a_time_without_zone_is_unsure_by_fourteen_hours():
    stated = parse_reading(taken("2026-05-01T10:00:00"))
    assert stated is not None
    assert stated.earliest_at == datetime(2026, 4, 30, 20, tzinfo=UTC)
    assert stated.latest_at == datetime(2026, 5, 2, 0, tzinfo=UTC)


def test_a_time_with_zone_is_one_instant():
    stated = parse_reading(taken("2026-05-01T10:00:00", "+02:00"))
    assert stated is not None
    assert stated.earliest_at == stated.latest_at == datetime(2026, 5, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "hours"),
    [("Z", 0), ("-0330", -3.5), ("+05:45", 5.75), ("+25:00", None), ("two", None), ("", None)],
)
def test_offsets_parse_or_count_as_unknown(text, hours):
    stated = parse_reading(taken("2026-05-01T10:00:00", text))
    assert stated is not None
    assert stated.offset == (None if hours is None else timedelta(hours=hours))


@pytest.mark.parametrize("local", [None, "", "0000-00-00T00:00:00", "yesterday", "9" * 5000])
def test_what_does_not_parse_is_no_time(local):
    assert parse_reading(ClockReading("t", "t", local, None, "camera")) is None


@pytest.mark.parametrize("local", ["0001-01-01T00:00:00", "9999-12-31T23:59:59"])
def test_the_edge_of_the_calendar_is_no_error(local):
    stated = parse_reading(taken(local))
    assert stated is not None
    assert stated.earliest_at <= stated.latest_at


def test_satellite_time_is_utc():
    assert satellite_time(data(taken("2026-05-01T08:00:00", None, "satellite"))) == datetime(
        2026, 5, 1, 8, tzinfo=UTC
    )
    assert satellite_time(data(taken("2026-05-01T08:00:00"))) is None


@pytest.mark.parametrize(
    ("clocks", "contradicts"),
    [
        ((taken("2005-05-01T10:00:00"), taken("2008-05-01T10:00:00")), True),
        ((taken("2005-05-01T10:00:00"), taken("2005-05-02T10:00:00")), False),
        ((taken("2005-05-01T10:00:00"), taken("2005-05-02T15:00:00")), True),
        ((taken("2005-05-01T10:00:00", "+02:00"), taken("2005-05-01T08:00:00", "Z")), False),
        ((taken("2005-05-01T10:00:00", "+02:00"), taken("2005-05-01T10:00:00", "Z")), True),
        ((taken("2005-05-01T10:00:00"), taken("2008-05-01T10:00:00", None, "software")), False),
        ((taken("2005-05-01T10:00:00"), taken("unreadable")), False),
        ((), False),
    ],
)
def test_times_contradict_when_no_zone_can_make_them_one(clocks, contradicts):
    assert has_contradicting_times(data(*clocks)) is contradicts
    assert has_contradicting_times(None) is False
