"""Accounts that several kinds of lead give: lists compared with, times, sources."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from firstlight.link.clock import ZONE_UNKNOWN_H
from firstlight.model.facts import ListFacts, MediaFacts
from firstlight.model.fingerprint import MATCHABLE_QUALITY
from firstlight.triage.view import CaseView
from firstlight.triage.wording import counted, listed, ranged, shown

_LISTS_SHOWN = 20


def account_for_lists(view: CaseView, media: Collection[MediaFacts]) -> str:
    """Say what "on no list" rests on: which lists, and how much of them sees near-copies."""
    if not view.checked_lists:
        return (
            "No investigation or removal list is loaded: these media were not checked, "
            "and nothing is said of whether they are known."
        )
    parts = [_list_coverage(one) for one in view.checked_lists[:_LISTS_SHOWN]]
    if len(view.checked_lists) > _LISTS_SHOWN:
        parts.append(f"and {len(view.checked_lists) - _LISTS_SHOWN} more lists.")
    unseen = sum(not has_usable_hash(one) for one in media)
    if unseen:
        parts.append(
            f"{counted(unseen)} here cannot be compared as near-copies at all "
            "(no perceptual hash of sufficient quality)."
        )
    parts.append("On no list means on none of these lists.")
    return " ".join(parts)


def _list_coverage(one: ListFacts) -> str:
    derived = (
        f" ({one.derived_pdq_count:,} more through hashes made here from exact matches)"
        if one.derived_pdq_count
        else ""
    )
    return (
        f"{one.pdq_entry_count:,} of {one.entry_count:,} entries of {shown(one.name)} "
        f"can match near-copies{derived}."
    )


def has_usable_hash(media: MediaFacts) -> bool:
    """Whether near-copies of this media can be found."""
    return media.pdq_quality is not None and media.pdq_quality >= MATCHABLE_QUALITY


def account_for_times(view: CaseView, media_ids: Iterable[str]) -> str:
    """Say from when to when the camera's clock ran, as it showed."""
    times = [view.time_of[one] for one in media_ids if one in view.time_of]
    if not times:
        return "no time stated"
    first, last = min(t.local for t in times), max(t.local for t in times)
    span = ranged(show_time(first), show_time(last))
    return f"{span}, as the clock showed ({len(times):,} with a time)"


def limit_of_clock(view: CaseView, media_ids: Iterable[str]) -> str:
    """Say how unsure the stated times are."""
    times = [view.time_of[one] for one in media_ids if one in view.time_of]
    if not times:
        return "No camera time is stated."
    unsure = sum(t.offset is None for t in times)
    if not unsure:
        return "The zone is stated; the clock itself may have been wrong."
    which = "" if unsure == len(times) else f" for {unsure:,} of {len(times):,} times"
    return (
        f"The zone is unknown{which}: in UTC such a time may "
        f"lie up to {ZONE_UNKNOWN_H} h earlier or later (±{ZONE_UNKNOWN_H} h), and the clock "
        "itself may have been wrong."
    )


def show_time(when: datetime) -> str:
    """Write a time to the second."""
    return when.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def account_for_sources(view: CaseView, media: Iterable[MediaFacts]) -> str:
    """Name the sources in which media were seen."""
    ids = {s.source_id for one in media for s in one.sightings}
    return listed(view.source_label(source_id) for source_id in ids)


def count_new(view: CaseView, media_ids: Iterable[str]) -> int:
    """How many of these are pictures or videos on no list."""
    return sum(one not in view.known and view.media[one].is_visual for one in media_ids)


def account_for_new(view: CaseView, media_ids: Collection[str]) -> str:
    """Say how many match a list and how many do not; "not checked" without a list."""
    if not view.checked_lists:
        return "not checked: no list is loaded"
    new = count_new(view, media_ids)
    known = sum(one in view.known for one in media_ids)
    return f"{new:,} on no list, {known:,} match a list"
