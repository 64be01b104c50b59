"""The typed view: the tags that lead, chosen by the places that ``typed.toml`` lists."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from firstlight.fingerprint.metadata.clock import read_clocks
from firstlight.fingerprint.metadata.history import read_history
from firstlight.fingerprint.metadata.place import read_place
from firstlight.fingerprint.metadata.tag import Tag, keep_text, kept_tags, plain_text
from firstlight.model.bounds import Bounds
from firstlight.model.fingerprint import Metadata

_UNIQUE = re.compile(r"[0-9A-Fa-f]{32}", re.ASCII)
_UNIQUE_DIGITS_MIN = 5  # a counter padded with zeros is no random number
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


@cache
def _rules() -> dict[str, Any]:
    text = files("firstlight.fingerprint.metadata").joinpath("typed.toml").read_text("utf-8")
    return tomllib.loads(text)


def typed_view(tags: Sequence[Tag], reader: str, reader_version: str, bounds: Bounds) -> Metadata:
    """Make the record of one content's metadata out of its tags.

    Args:
        tags: Every tag as a reader found it, order kept.
        reader: Which reader.
        reader_version: Its version.
        bounds: How much is kept (``tags_max``, ``tag_text_max_chars``); the typed values are
            looked for among all tags.

    Evidence: Everything here is what the file states. Anybody can write it, and a clock can be
        wrong; agreement with other files is what gives it weight.
    """
    rules = _rules()
    chars = bounds.tag_text_max_chars
    kept = kept_tags(tags[: bounds.tags_max], chars)
    by_name = _ByName(tags)

    def value(name: str, *strangers: str | None) -> str | None:
        return _field(by_name, rules["fields"][name], chars, strangers)

    maker, model, software = value("maker"), value("model"), value("software")
    relevant = by_name.relevant
    return Metadata(
        reader=reader,
        reader_version=reader_version,
        tags=kept,
        maker=maker,
        model=model,
        body_serial=value("body_serial"),
        lens=value("lens"),
        lens_serial=value("lens_serial"),
        image_unique_id=value("image_unique_id"),
        owner=value("owner", maker, model),
        software=software,
        clocks=read_clocks(
            relevant, rules["clocks"], rules["quicktime_utc_signs"]["places"], chars
        ),
        place=read_place(relevant),
        edit_history=read_history(relevant, rules["programs"]["places"], software, chars),
    )


class _ByName:
    """The tags that any rule asks for: hundreds of others need not be gone through each time."""

    def __init__(self, tags: Sequence[Tag]) -> None:
        wanted = _wanted_names()
        self.relevant = tuple(tag for tag in tags if tag.name in wanted)

    def candidates(self, place: str) -> list[str]:
        family, group, name = place.split(":")
        return [
            tag.text
            for tag in self.relevant
            if tag.name == name
            and family in {"*", tag.family}
            and group in {"*", tag.group}
            and tag.group != "IFD1"
            # What a colour profile says of its own maker is not about this picture.
            and not (family == "*" and tag.family == "ICC_Profile")
        ]


@cache
def _wanted_names() -> frozenset[str]:
    rules = _rules()
    places = [place for field in rules["fields"].values() for place in field["places"]]
    places += rules["programs"]["places"] + rules["quicktime_utc_signs"]["places"]
    names = {place.rpartition(":")[2] for place in places}
    for clock in rules["clocks"]:
        names.add(clock["place"].rpartition(":")[2])
        names.update(clock[key] for key in ("subsecond", "offset") if key in clock)
    names.update(("History", "Actions", "DerivedFrom", "GPSDateStamp", "GPSTimeStamp"))
    names.update(("GPSDateTime", "GPSLatitude", "GPSLatitudeRef", "GPSLongitude"))
    names.update(("GPSLongitudeRef", "GPSAltitude", "GPSAltitudeRef", "GPSCoordinates"))
    names.add("LocationInformation")
    return frozenset(names)


def _field(
    tags: _ByName, rule: dict[str, Any], chars_max: int, strangers: Sequence[str | None]
) -> str | None:
    for place in rule["places"]:
        for text in tags.candidates(place):
            value = keep_text(plain_text(text), chars_max)
            if value and not is_placeholder(value) and _fits(value, rule.get("kind"), strangers):
                return value
    return None


def _fits(value: str, kind: str | None, strangers: Sequence[str | None]) -> bool:
    if kind == "serial":
        return len(value) >= 2 and any(char.isalnum() for char in value) and not _is_blank(value)
    if kind == "unique":
        digits = value.replace("-", "")
        return _UNIQUE.fullmatch(digits) is not None and len(set(digits)) >= _UNIQUE_DIGITS_MIN
    if kind == "name":
        return _names_somebody(value, strangers)
    return True


def _names_somebody(value: str, strangers: Sequence[str | None]) -> bool:
    # Cameras fill the author's place with their own name, or with the words around a name.
    noise = _rules()["placeholders"]["name_noise"]
    own = {word for text in strangers if text for word in _WORD.findall(text.lower())}
    words = _WORD.findall(value.lower())
    return any(word not in noise and word not in own and not word.isdigit() for word in words)


def _is_blank(value: str) -> bool:
    # One character over and over (0000, ffff, xxxx) is what an unset field holds.
    return len(set(value.lower()) - set(" -.:_/")) <= 1


def is_placeholder(value: str) -> bool:
    """Whether a value is what cameras and programs write when they have none."""
    known = _rules()["placeholders"]
    lower = value.lower().strip()
    if lower in known["texts"] or any(lower.startswith(start) for start in known["starts"]):
        return True
    return set(lower) <= set("0 .-_?*#")
