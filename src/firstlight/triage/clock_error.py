"""What the distance between a camera's clock and satellite time can mean, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from statistics import median

from firstlight.triage.wording import counted, read_table

DAYS_WRONG_MAX = 7
"""Beyond a week, whole days and a zone fit nearly any distance: then no zone is named."""

ZONE_FITS_S = 300
"""How near to a zone a clock must be for whole days beside that zone to be the simple reading."""

_DAY_S = 86_400


def explain_distance(ahead_s: Sequence[float]) -> str:
    """Say what a clock without zone can have been set to, given how far it was ahead of UTC.

    Args:
        ahead_s: For each media, its camera's clock less satellite time; at least one.
    Evidence: A clock that is wrong by whole hours reads like a clock of another zone.
    """
    middle_s = round(median(ahead_s))
    text = (
        "Measured against satellite time, which is UTC, the camera's clock stood "
        f"{show_distance(middle_s)} (median of {len(ahead_s):,})."
    )
    if _zones_s()[0] - ZONE_FITS_S <= middle_s <= _zones_s()[-1] + ZONE_FITS_S:
        zone_s = _nearest_zone_s(middle_s)
        return (
            f"{text} If it was set to the local time of zone {show_zone(zone_s)}, it was "
            f"{show_error(middle_s - zone_s)}; a clock wrong by whole hours would look the same."
        )
    for days in _whole_days(middle_s):
        zone_s = _nearest_zone_s(middle_s - days * _DAY_S)
        rest_s = middle_s - days * _DAY_S - zone_s
        if abs(rest_s) <= ZONE_FITS_S:
            date = f"{counted(abs(days), 'day')} too {'late' if days > 0 else 'early'}"
            return (
                f"{text} No time zone lies that far from UTC, so the clock was wrong. The simplest "
                f"reading is the local time of zone {show_zone(zone_s)} with the date set {date}; "
                f"beside that it was {show_error(rest_s)}."
            )
    least_s, most_s = sorted(abs(middle_s - one) for one in (_zones_s()[0], _zones_s()[-1]))
    return (
        f"{text} No time zone lies that far from UTC, so the clock was wrong: "
        f"{'fast' if middle_s > 0 else 'slow'} by {_show_rough(least_s // 3600)} to "
        f"{_show_rough(-(-most_s // 3600))}, depending on the zone it was set to."
    )


def explain_error(wrong_s: Sequence[float]) -> str:
    """Say how far clocks were wrong by the zones stated with their times.

    Args:
        wrong_s: For each media, its stated instant less satellite time; at least one.
    """
    return (
        "Measured against satellite time, the camera's clock, read in its stated zone, was "
        f"{show_error(round(median(wrong_s)))} (median of {len(wrong_s):,})."
    )


def show_error(seconds: int) -> str:
    """Write how far a clock was wrong."""
    if seconds == 0:
        return "right to the second"
    return f"{show_length(seconds)} {'fast' if seconds > 0 else 'slow'}"


def show_distance(seconds: int) -> str:
    """Write where a clock stood against another."""
    if seconds == 0:
        return "level"
    return f"{show_length(seconds)} {'ahead' if seconds > 0 else 'behind'}"


def show_length(seconds: float) -> str:
    """Write a length of time without its sign: ``0:00:40``, ``3 d 2:00:00``."""
    days, rest = divmod(round(abs(seconds)), _DAY_S)
    clock = f"{rest // 3600:d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{days:,} d {clock}" if days else clock


def show_zone(seconds: float) -> str:
    """Write a zone's distance from UTC: ``+02:00``."""
    minutes = round(seconds / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _show_rough(hours: int) -> str:
    days, hours = divmod(hours, 24)
    parts = [counted(number, noun) for number, noun in ((days, "day"), (hours, "hour")) if number]
    return " ".join(parts) or "less than an hour"


def _whole_days(seconds: int) -> list[int]:
    sign = 1 if seconds > 0 else -1
    return [sign * days for days in range(1, DAYS_WRONG_MAX + 1)]


def _nearest_zone_s(seconds: int) -> int:
    return min(_zones_s(), key=lambda zone_s: (abs(zone_s - seconds), abs(zone_s)))


@lru_cache(maxsize=1)
def _zones_s() -> tuple[int, ...]:
    """Zones that are or were in use, in seconds from UTC, sorted."""
    found = []
    for text in read_table("zone.toml")["zones"]:
        hours, minutes = (int(part) for part in text[1:].split(":"))
        length = timedelta(hours=hours, minutes=minutes).total_seconds()
        found.append(int(length if text[0] == "+" else -length))
    return tuple(sorted(found))
