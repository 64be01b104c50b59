"""Leads on places: where media say that they were taken, and how far that spreads."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median

from firstlight.model.facts import MediaFacts
from firstlight.model.fingerprint import Place
from firstlight.model.lead import Lead
from firstlight.triage.account import (
    account_for_new,
    account_for_sources,
    account_for_times,
    count_new,
    limit_of_clock,
)
from firstlight.triage.view import CaseView
from firstlight.triage.wording import compose, counted, listed, most_common, ranged

CELLS_PER_DEGREE = 10
"""A place is a fixed square of 0.1 degrees: fixed, so that one media more never moves it."""

_METRES_PER_DEGREE = 111_320


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
    for members in cells.values():
        yield _place_lead(view, members)


def is_position(place: Place) -> bool:
    """Whether a place lies on the globe; 0, 0 is what devices write that know no position."""
    lat, lon = place.latitude_deg, place.longitude_deg
    return -90 <= lat <= 90 and -180 <= lon <= 180 and (lat, lon) != (0.0, 0.0)


def _place_lead(view: CaseView, members: list[tuple[MediaFacts, Place]]) -> Lead:
    ids = [media.media_id for media, _ in members]
    new = count_new(view, ids)
    cameras = {view.camera_labels[view.camera_of[i]] for i in ids if i in view.camera_of}
    latitudes = [p.latitude_deg for _, p in members]
    longitudes = [p.longitude_deg for _, p in members]
    spots = [f"{_degrees(p.latitude_deg)}, {_degrees(p.longitude_deg)}" for _, p in members]
    heights = [p.altitude_m for _, p in members if p.altitude_m is not None]
    return compose(
        "place",
        case_name=view.facts.case_name,
        media_ids=ids,
        weight=float(len(ids) + new),
        values={
            "latitude": _degrees(median(latitudes)),
            "longitude": _degrees(median(longitudes)),
            "media": counted(len(ids)),
            "on_lists": account_for_new(view, ids),
            "clock_limit": limit_of_clock(view, ids),
        },
        evidence=[
            ("positions (latitude, longitude, WGS 84)", most_common(spots)),
            ("spread of the positions", _spread(latitudes, longitudes)),
            *([("height", f"{_heights(heights)} m")] if heights else []),
            ("times", account_for_times(view, ids)),
            ("cameras", listed(cameras) or "not stated"),
            ("on lists", account_for_new(view, ids)),
            ("seen in", account_for_sources(view, [media for media, _ in members])),
        ],
    )


def _spread(latitudes: list[float], longitudes: list[float]) -> str:
    """Say how far positions of one square lie apart, in metres on the ground."""
    south_m = (max(latitudes) - min(latitudes)) * _METRES_PER_DEGREE
    east_m = (max(longitudes) - min(longitudes)) * _METRES_PER_DEGREE
    east_m *= math.cos(math.radians(median(latitudes)))
    if max(south_m, east_m) < 1:
        return "one position" if len(latitudes) == 1 else "all at one position"
    return f"over {south_m:,.0f} m from south to north and {east_m:,.0f} m from west to east"


def _heights(heights: list[float]) -> str:
    return ranged(f"{min(heights) + 0.0:.0f}", f"{max(heights) + 0.0:.0f}")


def _degrees(value: float) -> str:
    # Adding zero takes the sign off a minus nought.
    return f"{round(value, 4) + 0.0:.4f}"
