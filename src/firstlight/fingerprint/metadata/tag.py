"""One metadata tag, in the form that both readers hand to the typed view."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# The picture's own directories share one label, so that both readers name them alike; a
# thumbnail's directory (IFD1) and a sub-picture's keep their own.
_EXIF_DIRECTORIES = frozenset({"IFD0", "ExifIFD", "GPS", "InteropIFD"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_TRUNCATED_MARK = "[...]"


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag as found.

    Args:
        family: Kind of metadata: EXIF, MakerNotes, XMP, QuickTime, PNG, ...
        group: Place within it: IFD0, ExifIFD, GPS, Canon, XMP-xmpMM, ...
        name: The tag's name, spelt as exiftool does.
        text: Its value as text.
        structure: The value where it has parts (lists, records of texts); else None.
    """

    family: str
    group: str
    name: str
    text: str
    structure: Any = None

    @property
    def label(self) -> str:
        """``group:name`` as it is kept."""
        return f"{self.place}:{self.name}"

    @property
    def place(self) -> str:
        """The group under which the tag is kept."""
        if self.family == "EXIF" and self.group in _EXIF_DIRECTORIES:
            return "EXIF"
        return self.group or self.family


def keep_text(text: str, chars_max: int) -> str:
    """Make a tag's text fit to be kept: no NUL, no lone surrogate, no blank tail, bounded."""
    kept = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "").rstrip()
    if len(kept) > chars_max:
        kept = kept[: max(0, chars_max - len(_TRUNCATED_MARK))] + _TRUNCATED_MARK
    return kept


def plain_text(text: str) -> str:
    """Make a typed value of a tag's text: control characters and outer blanks taken away."""
    return _CONTROL.sub(" ", text).strip()


def kept_tags(tags: Iterable[Tag], chars_max: int) -> tuple[tuple[str, str], ...]:
    """Return the tags in the form of ``Metadata.tags``, order kept."""
    return tuple((keep_text(tag.label, chars_max), keep_text(tag.text, chars_max)) for tag in tags)
