"""The table of content types: ``content_types.json``, read once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from firstlight.model.media import ContentType, MediaKind

UNKNOWN_MIME: Final = "application/octet-stream"
EMPTY_MIME: Final = "application/x-empty"


@dataclass(frozen=True, slots=True)
class Signature:
    """Bytes at an offset; a match names a type, or a probe that looks closer."""

    at: int
    value: bytes
    mask: bytes | None
    mime: str | None
    probe: str | None

    def fits(self, head: bytes) -> bool:
        """Whether the head carries these bytes at this offset."""
        if self.mask is None:
            return head.startswith(self.value, self.at)
        part = head[self.at : self.at + len(self.value)]
        masked = bytes(a & b for a, b in zip(part, self.mask, strict=False))
        return len(part) == len(self.value) and masked == self.value


@dataclass(frozen=True, slots=True)
class TypeTable:
    """Everything that ``content_types.json`` says, indexed."""

    types: dict[str, ContentType]
    extensions: dict[bytes, str]
    opened: frozenset[str]
    not_opened: frozenset[str]
    by_first_byte: dict[int, tuple[Signature, ...]]
    elsewhere: tuple[Signature, ...]
    brands: dict[bytes, str]
    picture_brands: frozenset[bytes]
    raw_makers: tuple[tuple[bytes, str], ...]
    equivalents: tuple[frozenset[str], ...]


@cache
def type_table() -> TypeTable:
    """Read the table; the same object every time."""
    text = resources.files("firstlight.intake").joinpath("content_types.json").read_text("utf-8")
    plain: dict[str, Any] = json.loads(text)
    rows = plain["types"]
    signatures = [_signature(row) for row in plain["signatures"]]
    plain_start = [s for s in signatures if s.at == 0 and s.mask is None]
    firsts = {s.value[0] for s in plain_start}
    return TypeTable(
        types={
            row["mime"]: ContentType(MediaKind(row["kind"]), row["mime"], row["label"])
            for row in rows
        },
        extensions={name.encode(): row["mime"] for row in rows for name in row["extensions"]},
        opened=frozenset(row["mime"] for row in rows if row.get("open") == "archive"),
        not_opened=frozenset(row["mime"] for row in rows if row.get("open") == "not-opened"),
        by_first_byte={
            first: tuple(s for s in plain_start if s.value[0] == first) for first in firsts
        },
        elsewhere=tuple(s for s in signatures if s.at or s.mask is not None),
        brands={name.encode(): mime for name, mime in plain["brands"].items()},
        picture_brands=frozenset(name.encode() for name in plain["generic_picture_brands"]),
        raw_makers=tuple((name.encode(), mime) for name, mime in plain["raw_makers"].items()),
        equivalents=tuple(frozenset(group) for group in plain["equivalent"]),
    )


def _signature(row: dict[str, Any]) -> Signature:
    value = bytes.fromhex(row["hex"]) if "hex" in row else row["text"].encode("latin-1")
    mask = bytes.fromhex(row["mask"]) if "mask" in row else None
    return Signature(row.get("at", 0), value, mask, row.get("mime"), row.get("probe"))
