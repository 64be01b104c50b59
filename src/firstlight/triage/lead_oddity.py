"""Leads on what does not fit: name and content, thumbnail and picture, size and content."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.model.facts import FailureFacts, MediaFacts
from firstlight.model.lead import Lead
from firstlight.model.media import Outcome, readable_path
from firstlight.triage.account import account_for_new, account_for_sources
from firstlight.triage.view import CaseView
from firstlight.triage.wording import compose, counted, listed, most_common, shown

CUT_SHORT = "truncated"
"""The code of what ends too early."""


def find_misnamed(view: CaseView) -> Iterator[Lead]:
    """One lead for each pair of claimed and true type."""
    groups: dict[tuple[str, str], list[tuple[MediaFacts, bytes]]] = {}
    for media in view.media.values():
        for sighting in media.sightings:
            if sighting.named_mime:
                key = (sighting.named_mime, media.mime)
                groups.setdefault(key, []).append((media, sighting.full_path))
    for (named, mime), members in groups.items():
        ids = {media.media_id for media, _ in members}
        yield compose(
            "content-name-disagree",
            case_name=view.facts.case_name,
            media_ids=ids,
            weight=float(len(ids)),
            values={"named": shown(named), "mime": shown(mime), "media": counted(len(ids))},
            evidence=[
                ("sightings", listed(readable_path(path) for _, path in members)),
                ("on lists", account_for_new(view, ids)),
                ("seen in", account_for_sources(view, [media for media, _ in members])),
            ],
        )


def find_thumbnails(view: CaseView) -> Iterator[Lead]:
    """One lead for each source with pictures whose thumbnail shows something else."""
    chosen = [m for m in view.media.values() if m.metadata and m.metadata.has_differing_thumbnail]
    yield from _by_source(view, "thumbnail-differs", chosen)


def find_truncated(view: CaseView) -> Iterator[Lead]:
    """One lead for each source with media that end too early, until a person has looked.

    Of what failed for that reason and is no picture any more, ``find_failures`` speaks.
    """
    told: dict[str, list[bool]] = {}
    for failure in view.facts.failures:
        if failure.code == CUT_SHORT and failure.media_id is not None:
            is_done = failure.is_looked_at or not is_cut_short(view, failure)
            told.setdefault(failure.media_id, []).append(is_done)
    chosen = [
        m for m in view.media.values() if m.is_truncated and not all(told.get(m.media_id, [False]))
    ]
    yield from _by_source(view, "truncated", chosen)


def is_cut_short(view: CaseView, failure: FailureFacts) -> bool:
    """Whether a failure only says that a media ends early which was read as far as it goes."""
    if failure.code != CUT_SHORT or failure.outcome is not Outcome.READ or not failure.media_id:
        return False
    media = view.media.get(failure.media_id)
    return media is not None and media.is_truncated


def _by_source(view: CaseView, kind: str, chosen: list[MediaFacts]) -> Iterator[Lead]:
    groups: dict[int, list[MediaFacts]] = {}
    for media in chosen:
        for source_id in {s.source_id for s in media.sightings}:
            groups.setdefault(source_id, []).append(media)
    for source_id, group in groups.items():
        ids = [media.media_id for media in group]
        cameras = {view.camera_labels[view.camera_of[i]] for i in ids if i in view.camera_of}
        programs = [shown(m.metadata.software) for m in group if m.metadata and m.metadata.software]
        yield compose(
            kind,
            case_name=view.facts.case_name,
            media_ids=ids,
            weight=float(len(ids)),
            values={"media": counted(len(ids)), "source": view.source_label(source_id)},
            evidence=[
                ("items", _items(group, source_id)),
                ("types", most_common(media.mime for media in group)),
                ("cameras", listed(cameras) or "not stated"),
                ("software", most_common(programs) or "not stated"),
                ("on lists", account_for_new(view, ids)),
            ],
        )


def _items(group: list[MediaFacts], source_id: int) -> str:
    return listed(
        readable_path(sighting.full_path)
        for media in group
        for sighting in media.sightings
        if sighting.source_id == source_id
    )
