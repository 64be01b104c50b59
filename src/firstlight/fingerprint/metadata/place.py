"""Finding a tag by its place, and the position on Earth that metadata states."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from firstlight.fingerprint.metadata.tag import Tag, plain_text
from firstlight.model.fingerprint import Place

_NUMBER = re.compile(r"[+\-]?\d{1,12}(?:\.\d{0,30})?(?=[\s,;]|$)", re.ASCII)
_ALTITUDE_MAX_M = 100_000.0


def find_place_tag(tags: Sequence[Tag], place: str) -> Tag | None:
    """Find the first tag with text at a place (``family:group:name``, ``*`` matches any)."""
    family, group, name = place.split(":")
    for tag in tags:
        if (
            tag.name == name
            and family in {"*", tag.family}
            and (group in {"*", tag.group})
            and tag.text.strip()
            # IFD1 describes the thumbnail: it answers only where it is named.
            and (tag.group != "IFD1" or group == "IFD1")
        ):
            return tag
    return None


def read_place(tags: Sequence[Tag]) -> Place | None:
    """Read the position: Exif, then XMP, then what a video states.

    A latitude without a hemisphere, or a value off the Earth, is no position. Latitude and
    longitude 0 are kept as stated: that it is a likely default is for whoever reads it.
    """
    for family, group in (("EXIF", "GPS"), ("XMP", "XMP-exif"), ("MakerNotes", "*")):
        found = _from_pair(tags, family, group)
        if found is not None:
            return found
    for name in ("GPSCoordinates", "LocationInformation"):
        tag = find_place_tag(tags, f"QuickTime:*:{name}")
        if tag is not None:
            found = _from_coordinates(tag.text)
            if found is not None:
                return found
    return _from_pair(tags, "*", "*")


def _from_pair(tags: Sequence[Tag], family: str, group: str) -> Place | None:
    latitude = find_place_tag(tags, f"{family}:{group}:GPSLatitude")
    longitude = find_place_tag(tags, f"{family}:{group}:GPSLongitude")
    if latitude is None or longitude is None:
        return None
    is_signed = latitude.family != "EXIF"
    north = _signed(latitude.text, _text(tags, latitude, "GPSLatitudeRef"), "NS", is_signed)
    east = _signed(longitude.text, _text(tags, longitude, "GPSLongitudeRef"), "EW", is_signed)
    height = _number(_text(tags, latitude, "GPSAltitude"))
    if height is not None:
        reference = _text(tags, latitude, "GPSAltitudeRef").lower()
        if reference.startswith("below") or reference == "1":
            height = -abs(height)
    return make_place(north, east, height)


def _from_coordinates(text: str) -> Place | None:
    numbers = [float(part) for part in _NUMBER.findall(text)[:3]]
    if len(numbers) < 2:
        return None
    height = numbers[2] if len(numbers) > 2 else None
    if height is not None and "below" in text.lower():
        height = -abs(height)
    return make_place(numbers[0], numbers[1], height)


def make_place(
    latitude_deg: float | None, longitude_deg: float | None, altitude_m: float | None
) -> Place | None:
    """Make a position of numbers that lie on the Earth; None when they do not."""
    if latitude_deg is None or longitude_deg is None:
        return None
    if not (math.isfinite(latitude_deg) and math.isfinite(longitude_deg)):
        return None
    if abs(latitude_deg) > 90 or abs(longitude_deg) > 180:
        return None
    if altitude_m is not None and not abs(altitude_m) <= _ALTITUDE_MAX_M:
        altitude_m = None
    return Place(round(latitude_deg, 8), round(longitude_deg, 8), altitude_m)


def _signed(text: str, reference: str, ends: str, is_signed: bool) -> float | None:
    number = _number(text)
    if number is None:
        return None
    first = reference[:1].upper()
    if first == ends[0]:
        return abs(number)
    if first == ends[1]:
        return -abs(number)
    return number if is_signed else None


def _number(text: str) -> float | None:
    found = _NUMBER.match(plain_text(text))
    return float(found.group()) if found else None


def _text(tags: Sequence[Tag], beside: Tag, name: str) -> str:
    tag = find_place_tag(tags, f"{beside.family}:{beside.group}:{name}")
    return plain_text(tag.text) if tag is not None else ""
