"""What one media's own data say of its origin: editing, names that say nothing, platforms."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from firstlight.link.camera import TEXT_CHARS_MAX
from firstlight.model.facts import MediaFacts
from firstlight.triage.wording import read_table

# A version alone, as cameras write it: "1.00", "Ver.2.1", "16.5.1".
_FIRMWARE = re.compile(r"(?:ver(?:sion)?\.?|v\.?|firmware)?\s*\d[\d.,_ -]*[a-z]?\d*")

_MODEL_CHARS_MIN = 3
"""A model's name shorter than this stands in other words by chance."""


@lru_cache(maxsize=4096)
def names_editor(software: str | None) -> bool:
    """Whether a software tag names a program that edits or converts."""
    folded = fold(software)
    return any(word in folded for word in _tables().editors)


def is_firmware(software: str, model: str | None) -> bool:
    """Whether a software tag reads like a camera's own version: a number, or naming its model."""
    folded, device = fold(software), fold(model)
    is_named = len(device) >= _MODEL_CHARS_MIN and device in folded
    return bool(_FIRMWARE.fullmatch(folded)) or folded == device or is_named


def is_edited(media: MediaFacts) -> bool:
    """Whether metadata record editing, or name an editor."""
    data = media.metadata
    return data is not None and (bool(data.edit_history) or names_editor(data.software))


def is_nobody(owner: str) -> bool:
    """Whether an owner field holds a word that names nobody."""
    folded = fold(owner)
    return not any(c.isalnum() for c in folded) or folded in _tables().placeholder_owners


def fold(text: str | None) -> str:
    """Bring text into the form in which names are compared: case, width, blanks."""
    return " ".join(unicodedata.normalize("NFKC", (text or "")[:TEXT_CHARS_MAX]).casefold().split())


@dataclass(frozen=True, slots=True)
class NamePattern:
    """A way in which a platform names files, and when it was last looked over."""

    platform: str
    expression: re.Pattern[str]
    reviewed: str


def platform_pattern(name: bytes) -> NamePattern | None:
    """The first pattern that a file's name fits; None when it fits none."""
    if len(name) > _NAME_BYTES_MAX:
        return None
    text = name.decode("utf-8", "replace")
    return next((p for p in _tables().patterns if p.expression.fullmatch(text)), None)


_NAME_BYTES_MAX = 255


@dataclass(frozen=True, slots=True)
class _Tables:
    editors: tuple[str, ...]
    placeholder_owners: frozenset[str]
    patterns: tuple[NamePattern, ...]


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    names = read_table("name.toml")
    return _Tables(
        tuple(names["editors"]),
        frozenset(names["placeholder_owners"]),
        tuple(
            NamePattern(
                row["platform"], re.compile(row["expression"], re.IGNORECASE), row["reviewed"]
            )
            for row in read_table("name_pattern.toml")["pattern"]
        ),
    )
