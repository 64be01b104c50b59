"""Leads on copies: better ones, ones that kept what others lost, versions of one shot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from firstlight.link.camera import CameraKey, serial_number
from firstlight.link.edition import (
    KEEPS_CAMERA,
    Edition,
    describe_edition,
    explain_gains,
    name_gains,
)
from firstlight.model.lead import Lead
from firstlight.triage.account import account_for_new, account_for_sources, account_for_times
from firstlight.triage.view import CaseView
from firstlight.triage.wording import (
    SHOWN_MAX,
    compose,
    counted,
    joined,
    listed,
    read_table,
    shown,
)

_Edge = tuple[int, int, str, str, str]
"""Sorts strongest first: minus the number of gains, bits, better, other, variant."""


@dataclass(slots=True)
class _Edges:
    """The edges of one stack in which one end tells more; only the strongest are kept whole."""

    count: int = 0
    farthest_bits: int = 0
    better: set[str] = field(default_factory=set)
    other: set[str] = field(default_factory=set)
    gains: dict[str, int] = field(default_factory=dict)
    strongest: list[_Edge] = field(default_factory=list)

    def add(self, edge: _Edge, gains: tuple[str, ...]) -> None:
        self.count += 1
        self.farthest_bits = max(self.farthest_bits, edge[1])
        self.better.add(edge[2])
        self.other.add(edge[3])
        for gain in gains:
            self.gains[gain] = self.gains.get(gain, 0) + 1
        self.strongest.append(edge)
        if len(self.strongest) > 20 * SHOWN_MAX:
            self.strongest = sorted(self.strongest)[:SHOWN_MAX]


def find_better_copies(view: CaseView) -> Iterator[Lead]:
    """At most three leads for each stack, each resting on edges and never on a chain.

    The kinds: a better copy of material that a list knows by a worse copy; a better copy
    among others; a copy that kept camera data which another lost.
    """
    stack_of = {i: row for row, stack in enumerate(view.stacks) for i in stack.media_ids}
    editions: dict[str, Edition] = {}
    kinds: dict[str, dict[int, _Edges]] = {
        "known-better-copy": {},
        "better-original": {},
        "stripped-copy": {},
    }
    for pair in view.pairs:
        for one in (pair.media_a, pair.media_b):
            if one not in editions:
                editions[one] = describe_edition(view.media[one])
        for better, other in ((pair.media_a, pair.media_b), (pair.media_b, pair.media_a)):
            gains = name_gains(editions[better], editions[other])
            if not gains:
                continue
            edge = (-len(gains), pair.distance_bits, better, other, pair.variant)
            row = stack_of[better]
            kind = (
                "known-better-copy"
                if other in view.known and _list_knows_worse(view, better, other)
                else "better-original"
            )
            kinds[kind].setdefault(row, _Edges()).add(edge, gains)
            if KEEPS_CAMERA in gains:
                kinds["stripped-copy"].setdefault(row, _Edges()).add(edge, gains)
    for kind, stacks in kinds.items():
        for edges in stacks.values():
            yield _edge_lead(view, kind, edges)


def find_same_shots(view: CaseView) -> Iterator[Lead]:
    """One lead for each unique image number that several contents of one device share."""
    shots: dict[tuple[str, str], list[str]] = {}
    cameras: dict[tuple[str, str], set[CameraKey]] = {}
    for media_id, camera in view.camera_of.items():
        data = view.media[media_id].metadata
        number = serial_number(data.image_unique_id) if data else ""
        if number:
            shots.setdefault((camera.device, number), []).append(media_id)
            cameras.setdefault((camera.device, number), set()).add(camera)
    for key, ids in shots.items():
        if len(ids) < 2:
            continue
        yield compose(
            "same-shot",
            case_name=view.facts.case_name,
            media_ids=ids,
            weight=float(len(ids)),
            values={
                "media": counted(len(ids)),
                "camera": listed(view.camera_labels[one] for one in cameras[key]),
            },
            evidence=[
                ("image number", shown(key[1])),
                (
                    "sizes",
                    listed(f"{view.media[i].width_px} x {view.media[i].height_px} px" for i in ids),
                ),
                ("times", account_for_times(view, ids)),
                ("on lists", account_for_new(view, ids)),
                ("seen in", account_for_sources(view, [view.media[i] for i in ids])),
            ],
        )


def _list_knows_worse(view: CaseView, better: str, other: str) -> bool:
    """Whether some list matches the worse copy and does not hold the better one itself."""
    holds = {m.list_name for m in view.known.get(better, ()) if m.is_exact}
    return any(m.list_name not in holds for m in view.known.get(other, ()))


def _edge_lead(view: CaseView, kind: str, edges: _Edges) -> Lead:
    ids = edges.better | edges.other
    lists = {m.list_name for i in edges.other for m in view.known.get(i, ())}
    evidence = []
    for _, distance_bits, better, other, variant in sorted(edges.strongest)[:SHOWN_MAX]:
        features = explain_gains(view.media[better], view.media[other])
        values = [f"{f.name}: {shown(f.left)} / {shown(f.right)}" for f in features]
        values.append(f"{distance_bits} bits apart, {variant}")
        evidence.append((f"{better[:16]} against {other[:16]}", "; ".join(values)))
    if edges.count > SHOWN_MAX:
        evidence.append(("further pairs", f"{edges.count - SHOWN_MAX:,}"))
    rows = [row for row in _gain_rows() if row["name"] in edges.gains]
    return compose(
        kind,
        case_name=view.facts.case_name,
        media_ids=ids,
        weight=float(edges.count),
        values={
            "reasons": ", ".join(sorted(edges.gains)),
            "gains": joined(
                [f"{row['says']} ({counted(edges.gains[row['name']], 'pair')})" for row in rows]
            ),
            "may": joined(list(dict.fromkeys(part for row in rows for part in row["may"]))),
            "gain_limits": " ".join(row["limit"] for row in rows),
            "list_names": listed(shown(name) for name in lists),
            "lost": counted(len(edges.other), "near-copy", "near-copies"),
            "lacks": "lacks" if len(edges.other) == 1 else "lack",
            "edge_limit": (
                f"Compared were pairs that a hash finds alike, up to {edges.farthest_bits} bits "
                "apart; a person must see that they show the same."
            ),
        },
        evidence=[
            *evidence,
            ("on lists", account_for_new(view, ids)),
            ("seen in", account_for_sources(view, [view.media[i] for i in ids])),
        ],
    )


@lru_cache(maxsize=1)
def _gain_rows() -> list[dict[str, Any]]:
    return list(read_table("gain.toml")["gain"])
