"""Profiles: what a home may keep besides hashes and sealed records."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ProfileKind(StrEnum):
    """What a unit may hold by law."""

    HASH_ONLY = "hash-only"
    HOLDER = "holder"


@dataclass(frozen=True, slots=True)
class Profile:
    """What a home keeps.

    Args:
        kind: ``hash-only``: no decoded pixel reaches the disk. ``holder``: derivatives (grey,
            blurred, small), made as material comes in, sealed under the key of the case.
        keeps_originals: A holder keeps sealed copies of pictures and clips, too.
        legal_basis: Why the unit may hold material; a holder must state one.
    """

    kind: ProfileKind = ProfileKind.HASH_ONLY
    keeps_originals: bool = False
    legal_basis: str | None = None

    def row(self) -> dict[str, Any]:
        """Give the columns of its record."""
        return {
            "profile": str(self.kind),
            "keeps_originals": self.keeps_originals,
            "legal_basis": self.legal_basis,
        }
