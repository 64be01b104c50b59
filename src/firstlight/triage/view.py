"""A case as the lead finders see it: what is known, what links, worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from firstlight.link.burst import Burst, find_bursts
from firstlight.link.camera import Camera, CameraKey, find_cameras, media_camera
from firstlight.link.clock import StatedTime, taken_time
from firstlight.link.stack import Stack, build_stacks
from firstlight.model.facts import CaseFacts, ListFacts, MatchFacts, MediaFacts, NearPair
from firstlight.model.hashlist import HashAlgorithm, ListPurpose
from firstlight.triage.wording import shown


@dataclass(frozen=True, slots=True)
class CaseView:
    """Facts of a case, with what follows from them; sorted unless said otherwise.

    Args:
        media: By id; without the piles of trusted known-good lists.
        piles: Media left out of the leads by a trusted known-good list, by list name.
        known: What matches an investigation or removal list: media id to those matches.
        pairs: Near-copy pairs between ``media``, in no order.
        camera_of, time_of: By media id; only media that state one.
        camera_labels: Cameras in words.
        checked_lists: The investigation and removal lists that were compared with.
    """

    facts: CaseFacts
    media: Mapping[str, MediaFacts]
    piles: Mapping[str, tuple[str, ...]]
    known: Mapping[str, tuple[MatchFacts, ...]]
    pairs: tuple[NearPair, ...]
    stacks: tuple[Stack, ...]
    cameras: tuple[Camera, ...]
    bursts: tuple[Burst, ...]
    camera_of: Mapping[str, CameraKey]
    time_of: Mapping[str, StatedTime]
    camera_labels: Mapping[CameraKey, str]
    checked_lists: tuple[ListFacts, ...]

    @property
    def new_media(self) -> list[MediaFacts]:
        """Pictures and videos that match no investigation and no removal list."""
        return [m for m in self.media.values() if m.is_visual and m.media_id not in self.known]

    def source_label(self, source_id: int) -> str:
        """Name a source for people."""
        for source in self.facts.sources:
            if source.source_id == source_id:
                exhibit = f" (exhibit {shown(source.exhibit)})" if source.exhibit else ""
                return f"{shown(source.label)}{exhibit}"
        return f"source {source_id}"


def view_case(facts: CaseFacts) -> CaseView:
    """Work out what the lead finders share.

    Cost: O(n log n) in media and pairs.
    """
    trusted = {
        one.name for one in facts.lists if one.is_trusted and one.purpose is ListPurpose.KNOWN_GOOD
    }
    known: dict[str, tuple[MatchFacts, ...]] = {}
    media: dict[str, MediaFacts] = {}
    piles: dict[str, list[str]] = {}
    for one in sorted(facts.media, key=lambda m: m.media_id):
        hits = tuple(m for m in one.matches if m.list_purpose is not ListPurpose.KNOWN_GOOD)
        good = {m.list_name for m in one.matches if m.list_name in trusted and is_known_good(m)}
        if hits:
            known[one.media_id] = tuple(sorted(hits, key=_match_order))
        elif good:
            for name in good:
                piles.setdefault(name, []).append(one.media_id)
            continue
        media[one.media_id] = one
    pairs = tuple(_visible_pairs(facts, media))
    everything = tuple(media.values())
    cameras = find_cameras(everything, facts.cameras_elsewhere)
    return CaseView(
        facts=facts,
        media=media,
        piles={name: tuple(piles[name]) for name in sorted(piles)},
        known=known,
        pairs=pairs,
        stacks=build_stacks(everything, pairs),
        cameras=cameras,
        camera_labels={camera.key: shown(camera.label) for camera in cameras},
        bursts=find_bursts(everything, facts.burst_gap_s),
        camera_of={m.media_id: k for m in everything if (k := media_camera(m)) is not None},
        time_of={m.media_id: t for m in everything if (t := taken_time(m.metadata)) is not None},
        checked_lists=tuple(
            sorted(
                (one for one in facts.lists if one.purpose is not ListPurpose.KNOWN_GOOD),
                key=lambda one: one.name,
            )
        ),
    )


def is_known_good(match: MatchFacts) -> bool:
    """Whether a match says known-good; MD5 can be forged, so it must not put anything aside."""
    return match.list_purpose is ListPurpose.KNOWN_GOOD and match.algorithm in (
        HashAlgorithm.SHA1,
        HashAlgorithm.SHA256,
    )


def _visible_pairs(facts: CaseFacts, media: Mapping[str, MediaFacts]) -> list[NearPair]:
    return [
        p
        for p in facts.near_pairs
        if p.media_a != p.media_b and p.media_a in media and p.media_b in media
    ]


def _match_order(match: MatchFacts) -> tuple[str, int, str, str, str]:
    return (
        match.list_name,
        match.distance_bits,
        match.algorithm.value,
        match.entry_key,
        match.category_code or "",
    )
