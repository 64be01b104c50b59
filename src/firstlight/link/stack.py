"""Stacks: media that hang together as near-copies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from firstlight.link.camera import media_camera
from firstlight.link.group import group_rows
from firstlight.model.facts import MediaFacts, NearPair


@dataclass(frozen=True, slots=True)
class Stack:
    """Media that hang together by edges; one media alone is a stack too.

    Args:
        media_ids: Sorted.
        representative_id: The copy to look at first.
        pair_count: Edges inside.
    """

    media_ids: tuple[str, ...]
    representative_id: str
    pair_count: int


def build_stacks(media: Sequence[MediaFacts], pairs: Sequence[NearPair]) -> tuple[Stack, ...]:
    """Stack media by their near-copy pairs; sorted, whatever order things come in.

    Args:
        pairs: Each once; those that name a media outside ``media`` are left out.
    Evidence: A stack saves people from looking twice. It says nothing of two members between
        which there is no edge: chains may lead from one scene to another.
    """
    ordered = sorted(media, key=lambda one: one.media_id)
    row_of = {one.media_id: row for row, one in enumerate(ordered)}
    labels = group_rows(len(ordered), _edges(row_of, pairs))
    pair_counts: dict[int, int] = {}
    for left, _ in _edges(row_of, pairs):
        pair_counts[labels[left]] = pair_counts.get(labels[left], 0) + 1
    members: dict[int, list[MediaFacts]] = {}
    for row, label in enumerate(labels):
        members.setdefault(label, []).append(ordered[row])
    return tuple(
        Stack(
            media_ids=tuple(one.media_id for one in group),
            representative_id=best_copy(group).media_id,
            pair_count=pair_counts.get(label, 0),
        )
        for label, group in members.items()
    )


def _edges(row_of: Mapping[str, int], pairs: Iterable[NearPair]) -> Iterator[tuple[int, int]]:
    for pair in pairs:
        left, right = row_of.get(pair.media_a), row_of.get(pair.media_b)
        if left is not None and right is not None:
            yield left, right


def best_copy(group: Sequence[MediaFacts]) -> MediaFacts:
    """Choose the copy to look at first: whole, largest, keeps camera data, most bytes."""
    return min(
        group,
        key=lambda one: (
            one.is_truncated,
            -one.pixels,
            not keeps_camera_data(one),
            -one.size_bytes,
            one.media_id,
        ),
    )


def keeps_camera_data(media: MediaFacts) -> bool:
    """Whether its metadata names a camera."""
    return media_camera(media) is not None
