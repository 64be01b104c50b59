"""Leads on clocks: where there is something to say of how wrong a camera's times are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from statistics import median

from firstlight.link.camera import CameraKey
from firstlight.link.clock import has_contradicting_times, satellite_time
from firstlight.model.lead import Lead
from firstlight.triage.account import account_for_times, limit_of_clock, show_time
from firstlight.triage.clock_error import (
    explain_distance,
    explain_error,
    show_distance,
    show_length,
    show_zone,
)
from firstlight.triage.view import CaseView
from firstlight.triage.wording import compose, counted, most_common, ranged

_WEIGHT_OF_SATELLITE = 1_000_000.0
_SPREAD_TOLD_S = 120


def find_clocks(view: CaseView) -> Iterator[Lead]:
    """One lead for each camera whose clock something speaks of.

    That is: satellite time beside its own, a time in the future, or times of taking in one
    file that contradict one another. Of other clocks nothing can be said, and no lead is made.
    """
    groups: dict[CameraKey | None, list[str]] = {}
    for media_id in view.time_of:
        groups.setdefault(view.camera_of.get(media_id), []).append(media_id)
    for camera, ids in groups.items():
        ahead = [one for one in ids if view.time_of[one].earliest_at > view.facts.now_at]
        torn = [one for one in ids if has_contradicting_times(view.media[one].metadata)]
        ahead_s, wrong_s = _against_satellite(view, ids)
        if ahead or torn or ahead_s:
            yield _clock_lead(view, camera, ids, (ahead_s, wrong_s), (len(ahead), len(torn)))


def _clock_lead(
    view: CaseView,
    camera: CameraKey | None,
    ids: list[str],
    satellite: tuple[list[float], list[float]],
    odd: tuple[int, int],
) -> Lead:
    times = [view.time_of[one] for one in ids]
    (ahead_s, wrong_s), (ahead, torn) = satellite, odd
    evidence = [
        ("times", account_for_times(view, ids)),
        ("earliest possible, UTC", show_time(min(t.earliest_at for t in times))),
        ("latest possible, UTC", show_time(max(t.latest_at for t in times))),
        (
            "zones stated",
            most_common(
                "none" if t.offset is None else show_zone(t.offset.total_seconds()) for t in times
            ),
        ),
    ]
    if ahead_s:
        span = ranged(*(show_distance(round(one(ahead_s))) for one in (min, max)))
        middle = f", median {show_distance(round(median(ahead_s)))}" if len(ahead_s) > 1 else ""
        evidence.append(
            (
                "clock as it stood, against satellite time (UTC)",
                f"{span}{middle}, in {counted(len(ahead_s))}",
            )
        )
    if ahead:
        evidence.append(("times that lie in the future", f"{ahead:,}"))
    if torn:
        evidence.append(("media whose own times contradict one another", f"{torn:,}"))
    return compose(
        "camera-clock",
        case_name=view.facts.case_name,
        media_ids=ids,
        weight=_WEIGHT_OF_SATELLITE * bool(ahead_s) + len(ids),
        values={
            "camera": (
                "cameras that are not stated" if camera is None else view.camera_labels[camera]
            ),
            "media": counted(len(ids)),
            "span": ranged(
                show_time(min(t.local for t in times)), show_time(max(t.local for t in times))
            ),
            "finding": " ".join(_findings(camera, (ahead_s, wrong_s), odd)),
            "clock_limit": limit_of_clock(view, ids),
            "bodies_limit": (
                ""
                if camera is not None and camera.has_serial
                else "No body serial is stated: these may be the clocks of several cameras."
            ),
        },
        evidence=evidence,
    )


def _findings(
    camera: CameraKey | None, satellite: tuple[list[float], list[float]], odd: tuple[int, int]
) -> Iterator[str]:
    (ahead_s, wrong_s), (ahead, torn) = satellite, odd
    if wrong_s:
        yield explain_error(wrong_s)
    elif ahead_s and camera is not None:
        yield explain_distance(ahead_s)
    elif ahead_s:
        yield (
            f"{counted(len(ahead_s))} {'states' if len(ahead_s) == 1 else 'state'} satellite time "
            "too: the evidence gives how far their clocks stood from it."
        )
    told_s = wrong_s or ahead_s
    spread_s = max(told_s, default=0.0) - min(told_s, default=0.0)
    if spread_s > _SPREAD_TOLD_S:
        yield (
            f"From picture to picture this differs by up to {show_length(spread_s)}: "
            "the clock was set anew, there is more than one clock, or satellite times are old."
        )
    if ahead:
        yield (
            f"{counted(ahead, 'time')} {'lies' if ahead == 1 else 'lie'} in the future, seen from "
            "when these leads were made: the clock was ahead, or the time was changed afterwards."
        )
    if torn:
        yield (
            f"{counted(torn)} {'states' if torn == 1 else 'state'} two times of taking that cannot "
            "both be right."
        )


def _against_satellite(view: CaseView, ids: list[str]) -> tuple[list[float], list[float]]:
    """How far clocks stood ahead of satellite time: as they stood, and in their stated zones."""
    ahead_s, wrong_s = [], []
    for one in ids:
        satellite = satellite_time(view.media[one].metadata)
        if satellite is None:
            continue
        stated = view.time_of[one]
        distance = stated.local.replace(tzinfo=UTC) - satellite
        ahead_s.append(distance.total_seconds())
        if stated.offset is not None:
            wrong_s.append((distance - stated.offset).total_seconds())
    return ahead_s, wrong_s
