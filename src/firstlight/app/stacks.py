"""Stacks of near-copies among given media."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from firstlight.link.group import group_rows
from firstlight.model.facts import NearPair
from firstlight.store.database import Reader
from firstlight.store.near_copy import near_copies


def near_pairs(reader: Reader, case_id: int, media_ids: AbstractSet[str]) -> list[NearPair]:
    """Return the near-copy pairs of a case with both ends among the media."""
    return [
        NearPair(row.media_id_a, row.media_id_b, row.distance_bits, row.variant)
        for row in near_copies(reader, case_id=case_id)
        if row.media_id_a in media_ids and row.media_id_b in media_ids
    ]


def stacks_of(reader: Reader, case_id: int, media_ids: AbstractSet[str]) -> list[tuple[str, ...]]:
    """Return the stacks of two and more media, each sorted, in a stable order."""
    pairs = near_pairs(reader, case_id, media_ids)
    names = sorted({name for pair in pairs for name in (pair.media_a, pair.media_b)})
    row = {name: number for number, name in enumerate(names)}
    labels = group_rows(len(names), ((row[pair.media_a], row[pair.media_b]) for pair in pairs))
    groups: dict[int, list[str]] = {}
    for name, label in zip(names, labels, strict=True):
        groups.setdefault(label, []).append(name)
    return [tuple(group) for group in groups.values()]
