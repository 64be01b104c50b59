"""The times that metadata states: whose clock, which zone, and what does not parse."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from firstlight.fingerprint.metadata.place import find_place_tag
from firstlight.fingerprint.metadata.tag import Tag, keep_text, plain_text
from firstlight.model.fingerprint import ClockReading

_CLOCKS_MAX = 32
_STAMP = re.compile(
    r"(?P<year>\d{4})[:\-/](?P<month>\d{1,2})[:\-/](?P<day>\d{1,2})"
    r"(?:[ T]{1,3}(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:\.(?P<part>\d{1,12}))?)?)?"
    r"\s{0,2}(?P<zone>Z|UTC|[+\-]\d{1,2}:?\d{2})?",
    re.ASCII,
)
_OFFSET = re.compile(r"(?P<sign>[+\-])(?P<hours>\d{1,2}):?(?P<minutes>\d{2})", re.ASCII)
_UNIVERSAL = "+00:00"


def parse_stamp(text: str) -> tuple[str | None, str | None]:
    """Read a time as metadata writes it.

    Returns:
        ISO 8601 without zone (the date alone where no time of day stands), None when it is no
        possible time; and the offset, None when none is stated.
    """
    found = _STAMP.fullmatch(plain_text(text))
    if found is None:
        return None, None
    year, month, day = (int(found[name]) for name in ("year", "month", "day"))
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59))  # noqa: DTZ001
    except ValueError:
        return None, None
    if second > 60:
        return None, None
    if found["hour"] is None:
        return moment.date().isoformat(), None
    part = (found["part"] or "")[:6].rstrip("0")
    local = moment.isoformat() + (f".{part:0<3}" if part else "")
    return local, parse_offset(found["zone"] or "")


def parse_offset(text: str) -> str | None:
    """Read a zone as ``+02:00``; None when it is none that exists on Earth."""
    text = plain_text(text)
    if text in {"Z", "UTC"}:
        return _UNIVERSAL
    found = _OFFSET.fullmatch(text)
    if found is None:
        return None
    hours, minutes = int(found["hours"]), int(found["minutes"])
    if hours * 60 + minutes > 14 * 60 or minutes > 59:
        return None
    return f"{found['sign']}{hours:02d}:{minutes:02d}"


def read_clocks(
    tags: Sequence[Tag], rules: Sequence[Any], utc_signs: Sequence[str], chars_max: int
) -> tuple[ClockReading, ...]:
    """Collect every time that the tags state, the camera's first, then satellite and software.

    Args:
        tags: Of one content.
        rules: The ``clocks`` of ``typed.toml``.
        utc_signs: Places whose presence shows that QuickTime times are universal.
        chars_max: Longest text that is kept.
    """
    captured = {
        plain_text(tag.text)
        for tag in tags
        if tag.family in {"EXIF", "QuickTime"} and tag.name in {"DateTimeOriginal", "CreateDate"}
    }
    is_universal = any(find_place_tag(tags, place) for place in utc_signs)
    found: list[ClockReading] = []
    for rule in rules:
        tag = find_place_tag(tags, rule["place"])
        if tag is not None:
            reading = _reading(tags, tag, rule, is_quicktime_universal=is_universal)
            if rule.get("camera_if_equal") and plain_text(tag.text) in captured:
                reading = [replace(one, clock="camera") for one in reading]
            found += reading
    found += _satellite(tags)
    order = {"camera": 0, "satellite": 1, "software": 2}
    found.sort(key=lambda reading: order[reading.clock])
    return tuple(
        replace(reading, text=keep_text(reading.text, chars_max)) for reading in found[:_CLOCKS_MAX]
    )


def _reading(
    tags: Sequence[Tag], tag: Tag, rule: Any, *, is_quicktime_universal: bool
) -> list[ClockReading]:
    text = plain_text(tag.text)
    if not any(char in "123456789" for char in text):
        return []
    local, offset = parse_stamp(text)
    if local is not None:
        local = _with_subsecond(local, _sibling(tags, tag, rule.get("subsecond")))
        offset = offset or parse_offset(_sibling(tags, tag, rule.get("offset")))
        if rule.get("universal") or (rule.get("quicktime") and is_quicktime_universal):
            offset = offset or _UNIVERSAL
    return [ClockReading(tag.label, tag.text, local, offset, rule["clock"])]


def _with_subsecond(local: str, subsecond: str) -> str:
    digits = plain_text(subsecond)
    if len(local) != 19 or not (digits.isascii() and digits.isdigit()):
        return local
    part = digits[:6].rstrip("0")
    return f"{local}.{part:0<3}" if part else local


def _sibling(tags: Sequence[Tag], tag: Tag, name: str | None) -> str:
    if name is None:
        return ""
    for other in tags:
        if other.name == name and other.family == tag.family and other.group != "IFD1":
            return other.text
    return ""


def _satellite(tags: Sequence[Tag]) -> list[ClockReading]:
    date = find_place_tag(tags, "EXIF:GPS:GPSDateStamp")
    time = find_place_tag(tags, "EXIF:GPS:GPSTimeStamp")
    if date is not None and time is not None:
        text = f"{plain_text(date.text)} {plain_text(time.text)}"
        label = f"{date.label}+{time.name}"
    else:
        one = find_place_tag(tags, "*:*:GPSDateTime") or find_place_tag(
            tags, "XMP:XMP-exif:GPSTimeStamp"
        )
        if one is None:
            return []
        text, label = plain_text(one.text), one.label
    local, _ = parse_stamp(text)
    if local is None or len(local) < 19:
        return []
    return [ClockReading(label, text, local, _UNIVERSAL, "satellite")]
