"""Stacks of near-copies among given media."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from firstlight.model.facts import NearPair
from firstlight.store.database import Reader
from firstlight.store.near_copy import near_copies


def near_pairs(reader: Reader, media_ids: AbstractSet[str]) -> list[NearPair]:
    """Return the near-copy pairs with both ends among the media."""
    return [
        NearPair(row.media_id_a, row.media_id_b, row.distance_bits, row.variant)
        for row in near_copies(reader)
        if row.media_id_a in media_ids and row.media_id_b in media_ids
    ]


def stacks_of(reader: Reader, media_ids: AbstractSet[str]) -> list[tuple[str, ...]]:
    """Return the stacks of two and more media, each sorted, in a stable order."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for pair in near_pairs(reader, media_ids):
        first, second = root(pair.media_a), root(pair.media_b)
        if first != second:
            parent[max(first, second)] = min(first, second)
    groups: dict[str, list[str]] = {}
    for name in parent:
        groups.setdefault(root(name), []).append(name)
    return sorted(tuple(sorted(group)) for group in groups.values())
