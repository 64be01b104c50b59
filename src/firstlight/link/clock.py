"""Clocks: which time a media states, whose clock it was, and how far it can be trusted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from firstlight.model.fingerprint import ClockReading, Metadata

ZONE_UNKNOWN_H = 14
"""Local times of the world lie at most this far from UTC; a time without zone is that unsure."""

# Best first; the part after the group's colon decides.
_TAG_ORDER = (
    ("subsecdatetimeoriginal", "datetimeoriginal"),
    ("subseccreatedate", "createdate", "datetimedigitized", "mediacreatedate", "trackcreatedate"),
)
_SAME_MOMENT = timedelta(minutes=1)
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")


@dataclass(frozen=True, slots=True)
class StatedTime:
    """A time that a media states.

    Args:
        local: As the clock showed it, without zone.
        offset: Of the zone, when stated; else None.
        tag: Where it stood.
    """

    local: datetime
    offset: timedelta | None
    tag: str

    @property
    def earliest_at(self) -> datetime:
        """Earliest instant it can mean, if the clock was right (aware UTC)."""
        return self._instant(-1)

    @property
    def latest_at(self) -> datetime:
        """Latest instant it can mean, if the clock was right (aware UTC)."""
        return self._instant(1)

    def _instant(self, sign: int) -> datetime:
        moved = -self.offset if self.offset is not None else timedelta(hours=sign * ZONE_UNKNOWN_H)
        try:
            return (self.local + moved).replace(tzinfo=UTC)
        except OverflowError:
            return self.local.replace(tzinfo=UTC)


def taken_time(metadata: Metadata | None) -> StatedTime | None:
    """Choose the time of taking by the camera's clock; None when none parses.

    Args:
        metadata: Readings in any order; the one made at the moment of taking is preferred,
            with sub-seconds and zone where two say the same.
    """
    readings = [] if metadata is None else [r for r in metadata.clocks if r.clock == "camera"]
    best: tuple[tuple[int, bool, bool, str, datetime], StatedTime] | None = None
    for reading in readings:
        stated = parse_reading(reading)
        if stated is None:
            continue
        order = (
            _tag_rank(stated.tag),
            stated.offset is None,
            not stated.local.microsecond,
            stated.tag,
            stated.local,
        )
        if best is None or order < best[0]:
            best = (order, stated)
    return None if best is None else best[1]


def satellite_time(metadata: Metadata | None) -> datetime | None:
    """The time by a positioning satellite's clock (aware UTC); None when none is stated."""
    found = []
    for reading in metadata.clocks if metadata is not None else ():
        if reading.clock == "satellite":
            stated = parse_reading(reading)
            if stated is not None:
                found.append(StatedTime(stated.local, stated.offset or timedelta(), "").earliest_at)
    return min(found, default=None)


def has_contradicting_times(metadata: Metadata | None) -> bool:
    """Whether two times of taking by the camera's clock cannot both be right.

    Evidence: Only times that no zone can reconcile count. A scan states when it was made and
        when its original was: that too is a contradiction for whoever asks when this was taken.
    """
    readings = [] if metadata is None else [r for r in metadata.clocks if r.clock == "camera"]
    # Most files say the same time several times over: then there is nothing to parse.
    if len({(r.local, r.offset) for r in readings}) < 2:
        return False
    stated = [time for r in readings if (time := parse_reading(r)) is not None]
    if len(stated) < 2:
        return False
    return max(t.earliest_at for t in stated) - min(t.latest_at for t in stated) > _SAME_MOMENT


def parse_reading(reading: ClockReading) -> StatedTime | None:
    """Turn a reading into times; None when it does not parse."""
    if not reading.local:
        return None
    try:
        local = datetime.fromisoformat(reading.local)
    except ValueError:
        return None
    return StatedTime(local.replace(tzinfo=None), _offset(reading.offset), reading.tag)


def _offset(text: str | None) -> timedelta | None:
    if not text:
        return None
    if text in ("Z", "z"):
        return timedelta()
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    value = timedelta(hours=int(match[2]), minutes=int(match[3]))
    if value > timedelta(hours=ZONE_UNKNOWN_H):
        return None
    return -value if match[1] == "-" else value


def _tag_rank(tag: str) -> int:
    name = tag.rpartition(":")[2].casefold()
    for rank, names in enumerate(_TAG_ORDER):
        if name in names:
            return rank
    return len(_TAG_ORDER)
