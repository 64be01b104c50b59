"""Leads: lines of enquiry, each with its evidence and its limits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lead:
    """One line of enquiry.

    Args:
        kind: Stable name, for example ``new-first-generation``.
        rank: Place in the order of kinds; smaller comes first.
        weight: Order within a kind; larger comes first.
        title: What was found, one line.
        why: Why it matters.
        evidence: Named facts it rests on, name to value.
        next_step: What a person can do next.
        limits: What it does not prove.
        media_ids: The media concerned, sorted.
        case_names: Cases concerned, sorted; the asking case first.
    """

    kind: str
    rank: int
    weight: float
    title: str
    why: str
    evidence: tuple[tuple[str, str], ...]
    next_step: str
    limits: str
    media_ids: tuple[str, ...]
    case_names: tuple[str, ...] = ()
