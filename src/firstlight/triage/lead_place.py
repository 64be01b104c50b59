"""Leads on places and times: where, when by whose clock, and how unsure that is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, timedelta
from statistics import median

from firstlight.link.camera import CameraKey
from firstlight.link.clock import satellite_time
from firstlight.model.facts import MediaFacts
from firstlight.model.fingerprint import Place
from firstlight.model.lead import Lead
from firstlight.triage.account import (
    account_for_new,
    account_for_sources,
    account_for_times,
    count_new,
    limit_of_clock,
    show_time,
)
from firstlight.triage.view import CaseView
from firstlight.triage.wording import compose, counted, listed, most_common

CELLS_PER_DEGREE = 10
"""A place is a fixed square of 0.1 degrees: fixed, so that one media more never moves it."""

_QUARTER_HOUR_S = 900
_WEIGHT_OF_SATELLITE = 1_000_000.0


def find_places(view: CaseView) -> Iterator[Lead]:
    """One lead for each square of about 11 km in which media were taken, by what they state."""
    cells: dict[tuple[int, int], list[tuple[MediaFacts, Place]]] = {}
    for media in view.media.values():
        place = media.metadata.place if media.metadata else None
        if place is not None and is_position(place):
            cell = (
                math.floor(place.latitude_deg * CELLS_PER_DEGREE),
                math.floor(place.longitude_deg * CELLS_PER_DEGREE),
            )
            cells.setdefault(cell, []).append((media, place))
    for cell, members in cells.items():
        yield _place_lead(view, cell, members)


def is_position(place: Place) -> bool:
    """Whether a place lies on the globe; 0, 0 is what devices write that know no position."""
    lat, lon = place.latitude_deg, place.longitude_deg
    return -90 <= lat <= 90 and -180 <= lon <= 180 and (lat, lon) != (0.0, 0.0)


def find_clocks(view: CaseView) -> Iterator[Lead]:
    """One lead for each camera with times: from when to when, and how far its clock was off."""
    groups: dict[CameraKey | None, list[str]] = {}
    for media_id in view.time_of:
        groups.setdefault(view.camera_of.get(media_id), []).append(media_id)
    for camera, ids in groups.items():
        yield _clock_lead(view, camera, ids)


def _place_lead(
    view: CaseView, cell: tuple[int, int], members: list[tuple[MediaFacts, Place]]
) -> Lead:
    ids = [media.media_id for media, _ in members]
    new = count_new(view, ids)
    cameras = {view.camera_labels[view.camera_of[i]] for i in ids if i in view.camera_of}
    spots = [f"{p.latitude_deg:.4f}, {p.longitude_deg:.4f}" for _, p in members]
    heights = [p.altitude_m for _, p in members if p.altitude_m is not None]
    latitude, longitude = ((part + 0.5) / CELLS_PER_DEGREE for part in cell)
    return compose(
        "place",
        case_name=view.facts.case_name,
        media_ids=ids,
        weight=float(len(ids) + new),
        values={
            "latitude": f"{latitude:.2f}",
            "longitude": f"{longitude:.2f}",
            "media": counted(len(ids)),
            "on_lists": account_for_new(view, ids),
            "clock_limit": limit_of_clock(view, ids),
        },
        evidence=[
            ("positions (latitude, longitude, WGS 84)", most_common(spots)),
            *([("height", f"{min(heights):.0f} to {max(heights):.0f} m")] if heights else []),
            ("times", account_for_times(view, ids)),
            ("cameras", listed(cameras) or "not stated"),
            ("on lists", account_for_new(view, ids)),
            ("seen in", account_for_sources(view, [media for media, _ in members])),
        ],
    )


def _clock_lead(view: CaseView, camera: CameraKey | None, ids: list[str]) -> Lead:
    times = [view.time_of[one] for one in ids]
    offsets = {t.offset for t in times}
    ahead_s = _ahead_of_satellite_s(view, ids)
    label = "a camera that is not stated" if camera is None else view.camera_labels[camera]
    evidence = [
        ("times", account_for_times(view, ids)),
        ("earliest possible, UTC", show_time(min(t.earliest_at for t in times))),
        ("latest possible, UTC", show_time(max(t.latest_at for t in times))),
        (
            "zones stated",
            most_common("none" if t.offset is None else _signed(t.offset) for t in times),
        ),
    ]
    if ahead_s:
        evidence.append(
            (
                "clock ahead of satellite time (UTC)",
                f"{_show_s(min(ahead_s))} to {_show_s(max(ahead_s))}, median "
                f"{_show_s(median(ahead_s))}, in {counted(len(ahead_s))}",
            )
        )
    return compose(
        "camera-clock",
        case_name=view.facts.case_name,
        media_ids=ids,
        weight=_WEIGHT_OF_SATELLITE * bool(ahead_s) + len(ids),
        values={
            "camera": label,
            "media": counted(len(ids)),
            "first": show_time(min(t.local for t in times)),
            "last": show_time(max(t.local for t in times)),
            "offset_finding": _offset_finding(ahead_s, offsets),
            "clock_limit": limit_of_clock(view, ids),
        },
        evidence=evidence,
    )


def _ahead_of_satellite_s(view: CaseView, ids: list[str]) -> list[float]:
    """How far the camera's own clock, read as it stands, was ahead of satellite time."""
    found = []
    for one in ids:
        satellite = satellite_time(view.media[one].metadata)
        if satellite is not None:
            local = view.time_of[one].local.replace(tzinfo=UTC)
            found.append((local - satellite).total_seconds())
    return found


def _offset_finding(ahead_s: list[float], offsets: set[timedelta | None]) -> str:
    if ahead_s:
        middle = median(ahead_s)
        text = (
            f"Where both are stated, this camera's clock ran {_show_s(middle)} against satellite "
            f"time (median of {len(ahead_s):,})."
        )
        stated = [offset for offset in offsets if offset is not None]
        if len(offsets) == 1 and stated:
            zone_s = stated[0].total_seconds()
            return (
                f"{text} Its stated zone is {_signed(stated[0])}: it was {_off(middle - zone_s)}."
            )
        zone_s = round(middle / _QUARTER_HOUR_S) * _QUARTER_HOUR_S
        return (
            f"{text} If it was set to the local time of zone {_signed(timedelta(seconds=zone_s))}, "
            f"it was {_off(middle - zone_s)}."
        )
    if None not in offsets:
        return "The zone is stated with every time, so the times can be read as UTC."
    return "No satellite time stands beside these times, so the clock's error is unknown."


def _off(seconds: float) -> str:
    if abs(seconds) < 1:
        return "right to the second"
    return f"{_show_s(abs(seconds))[1:]} {'fast' if seconds > 0 else 'slow'}"


def _show_s(seconds: float) -> str:
    whole = round(abs(seconds))
    days, rest = divmod(whole, 86_400)
    clock = f"{rest // 3600:d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return ("-" if seconds < 0 else "+") + (f"{days:,} d {clock}" if days else clock)


def _signed(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
