"""Named evidence: what two things share or differ in, with both values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Feature:
    """One named piece of evidence, with the two values that produced it, as found.

    Args:
        name: For people, lower case, for example "body serial".
        left, right: The two values.
    """

    name: str
    left: str
    right: str
