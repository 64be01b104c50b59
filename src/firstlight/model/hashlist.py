"""Hash lists: what partners and we ourselves know already."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

DEFAULT_RADIUS_BITS = 31
"""Inclusive PDQ radius of a list unless it says otherwise (PDQ, matching thresholds)."""


class ListPurpose(StrEnum):
    """What a list is for."""

    INVESTIGATION = "investigation"
    REMOVAL = "removal"
    KNOWN_GOOD = "known-good"


class HashAlgorithm(StrEnum):
    """How an entry's hash was made."""

    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha256"
    PDQ = "pdq"
    PHOTODNA = "photodna"


HASH_SIZE_BYTES = {
    HashAlgorithm.MD5: 16,
    HashAlgorithm.SHA1: 20,
    HashAlgorithm.SHA256: 32,
    HashAlgorithm.PDQ: 32,
    HashAlgorithm.PHOTODNA: 144,
}


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One entry of a list: the matching form, beside the partner's own record.

    Args:
        entry_key: The partner's identifier, or ``algorithm:hex`` of its first digest.
        hashes: Raw bytes by algorithm.
        scheme: Name of the categorisation, as it came (for VICS the envelope's profile).
        category_code: As it came; None is "no category", never 0.
        marks: Handling marks and flags as they came, name to text (series, victim
            identified, distributed, tags), nothing interpreted.
        record: The partner's whole record as JSON text; empty when it is the hash alone.
        row_number: Position in the file, from 1.
    """

    entry_key: str
    hashes: tuple[tuple[HashAlgorithm, bytes], ...]
    scheme: str | None = None
    category_code: str | None = None
    marks: tuple[tuple[str, str], ...] = field(default=())
    record: str = ""
    row_number: int = 0


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be used: listed, and skipped."""

    row_number: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class ListHeader:
    """What a list file says of itself before its first entry."""

    format_name: str
    format_version: str | None = None
    scheme: str | None = None
