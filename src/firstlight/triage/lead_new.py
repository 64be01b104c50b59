"""Leads on new material: what no list knows, parted by what it says of its origin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from firstlight.link.camera import CameraKey
from firstlight.model.facts import MediaFacts
from firstlight.model.lead import Lead
from firstlight.triage.account import (
    account_for_lists,
    account_for_sources,
    account_for_times,
    has_usable_hash,
)
from firstlight.triage.origin import is_edited
from firstlight.triage.view import CaseView
from firstlight.triage.wording import compose, counted, joined, listed, most_common, shown

# One strong media comes before many weak ones, and both only ever raise.
_POINT = 1_000_000.0

FEW_MEDIA_MAX = 2
"""Up to so many media of one model of camera share a lead with others, when nothing is strong."""


def find_new(view: CaseView) -> Iterator[Lead]:
    """Every new picture and video is in exactly one of three kinds of lead.

    Of those with camera data that are old, undated or edited, a camera has a lead of its own
    when it has several, or when something strong stands with one of them; the rest share one
    lead for each source.

    Evidence: "New" rests on the lists that are loaded; the limits of each lead say how much of
        them can see near-copies. Without a list the leads say "not checked".
    """
    recent: dict[CameraKey, list[MediaFacts]] = {}
    others: dict[CameraKey, list[MediaFacts]] = {}
    bare: dict[int, list[MediaFacts]] = {}
    for media in view.new_media:
        camera = view.camera_of.get(media.media_id)
        if camera is None:
            for source_id in {s.source_id for s in media.sightings}:
                bare.setdefault(source_id, []).append(media)
        elif reasons_against(view, media):
            others.setdefault(camera, []).append(media)
        else:
            recent.setdefault(camera, []).append(media)
    near_known = _near_known(view)
    for camera, group in recent.items():
        yield _camera_lead(view, "new-first-generation", camera, group, near_known)
    few: dict[int, dict[CameraKey, list[MediaFacts]]] = {}
    for camera, group in others.items():
        if len(group) > FEW_MEDIA_MAX or any(_is_strong(m, camera, near_known) for m in group):
            yield _camera_lead(view, "new-camera-data", camera, group, near_known)
            continue
        for media in group:
            for source_id in {s.source_id for s in media.sightings}:
                few.setdefault(source_id, {}).setdefault(camera, []).append(media)
    for source_id, cameras in few.items():
        yield _few_lead(view, source_id, cameras)
    for source_id, group in bare.items():
        yield _bare_lead(view, source_id, group, near_known)


def find_unchecked(view: CaseView) -> Iterator[Lead]:
    """One lead when no list is loaded that could know anything of this case."""
    waiting = view.new_media
    if waiting and not view.checked_lists:
        yield compose(
            "not-checked",
            case_name=view.facts.case_name,
            media_ids=[m.media_id for m in waiting],
            weight=float(len(waiting)),
            values={"media": counted(len(waiting))},
            evidence=[("lists loaded that know material", "none")],
        )


def reasons_against(view: CaseView, media: MediaFacts) -> list[str]:
    """Why material with camera data does not count as recent and likely first generation."""
    found = []
    stated = view.time_of.get(media.media_id)
    if stated is None:
        found.append("undated")
    elif stated.latest_at < view.facts.now_at - timedelta(days=view.facts.recent_days):
        found.append(f"older than {view.facts.recent_days:,} days by the camera's clock")
    if is_edited(media):
        found.append("marked as edited")
    if media.metadata is not None and media.metadata.has_differing_thumbnail:
        found.append("with a thumbnail that differs")
    return found


def _camera_lead(
    view: CaseView,
    kind: str,
    camera: CameraKey,
    group: list[MediaFacts],
    near_known: frozenset[str],
) -> Lead:
    ids = [m.media_id for m in group]
    data = [m.metadata for m in group if m.metadata is not None]
    age, when = _age(view, ids)
    reasons = [reasons_against(view, m) for m in group]
    evidence = [
        *_basis(view, group),
        ("camera", view.camera_labels[camera]),
        ("body serial", "stated" if camera.has_serial else "not stated: the model alone"),
        ("times", account_for_times(view, ids)),
        ("places stated", f"{sum(d.place is not None for d in data):,}"),
        ("owner named", listed(shown(d.owner) for d in data if d.owner) or "no"),
        ("software", most_common(shown(d.software) for d in data)),
        (
            "thumbnail agrees with the picture",
            f"{sum(d.has_differing_thumbnail is False for d in data):,} compared and agree",
        ),
        *_reasons(reasons),
        *_clock_ahead(view, ids),
        *_closeness(view, ids, near_known),
    ]
    return compose(
        kind,
        case_name=view.facts.case_name,
        media_ids=ids,
        weight=max(_points(m, camera) for m in group) * _POINT + len(group),
        values={
            "media": counted(len(group)),
            "age": age,
            "when": when,
            "origin": f"by {view.camera_labels[camera]}",
            "reasons": _in_short(reasons),
            "coverage": account_for_lists(view, group),
        },
        evidence=[*evidence, ("seen in", account_for_sources(view, group))],
        title="title" if view.checked_lists else "title_unchecked",
    )


def _few_lead(view: CaseView, source_id: int, cameras: dict[CameraKey, list[MediaFacts]]) -> Lead:
    """One lead for the cameras of a source that have one or two media each.

    Its weight stays 0, so that it is the last of its kind and that a camera which gets a lead of
    its own takes nothing from the others.
    """
    group = [media for one in cameras.values() for media in one]
    ids = [m.media_id for m in group]
    labels = [view.camera_labels[camera] for camera, media in cameras.items() for _ in media]
    reasons = [reasons_against(view, m) for m in group]
    models = counted(len(cameras), "model of camera", "models of camera")
    return compose(
        "new-camera-data",
        case_name=view.facts.case_name,
        media_ids=ids,
        weight=0.0,
        values={
            "media": counted(len(group)),
            "origin": (
                f"by {labels[0]}"
                if len(cameras) == 1
                else f"by {models}, one or two each, in {view.source_label(source_id)}"
            ),
            "reasons": _in_short(reasons),
            "coverage": account_for_lists(view, group),
        },
        evidence=[
            *_basis(view, group),
            ("cameras", most_common(labels)),
            ("body serial", "not stated: the models alone"),
            ("times", account_for_times(view, ids)),
            ("software", most_common(shown(m.metadata.software) for m in group if m.metadata)),
            *_reasons(reasons),
            *_clock_ahead(view, ids),
            ("seen in", view.source_label(source_id)),
        ],
        title="title" if view.checked_lists else "title_unchecked",
    )


def _bare_lead(
    view: CaseView, source_id: int, group: list[MediaFacts], near_known: frozenset[str]
) -> Lead:
    ids = [m.media_id for m in group]
    unread = sum(m.metadata is None for m in group)
    return compose(
        "new-no-camera-data",
        case_name=view.facts.case_name,
        media_ids=ids,
        weight=float(len(group)),
        values={
            "media": counted(len(group)),
            "source": view.source_label(source_id),
            "coverage": account_for_lists(view, group),
        },
        evidence=[
            *_basis(view, group),
            ("metadata not read", f"{unread:,}"),
            *_closeness(view, ids, near_known),
            ("types", most_common(m.mime for m in group)),
        ],
        title="title" if view.checked_lists else "title_unchecked",
    )


def _points(media: MediaFacts, camera: CameraKey) -> int:
    """How much a media says of its origin; more of it never counts for less."""
    data = media.metadata
    if data is None:
        return 0
    return (
        2 * camera.has_serial
        + 2 * (data.place is not None)
        + (data.has_differing_thumbnail is False)
        + bool(data.owner)
    )


def _is_strong(media: MediaFacts, camera: CameraKey, near_known: frozenset[str]) -> bool:
    """Whether one media alone is reason enough for a lead on its camera."""
    data = media.metadata
    return (
        camera.has_serial
        or media.media_id in near_known
        or (data is not None and (data.place is not None or bool(data.owner)))
        or (data is not None and data.has_differing_thumbnail is True)
    )


def _reasons(reasons: list[list[str]]) -> list[tuple[str, str]]:
    named = most_common(reason for one in reasons for reason in one)
    return [("not recent first generation because", named)] if named else []


def _in_short(reasons: list[list[str]]) -> str:
    """Say "and" only of what is true of each."""
    sets = {frozenset(one) for one in reasons}
    return joined(sorted(set().union(*sets)), "and" if len(sets) == 1 else "or")


def _age(view: CaseView, ids: list[str]) -> tuple[str, str]:
    """Say what the times of recent media are: in a word, and in a sentence."""
    days = f"the last {view.facts.recent_days:,} days before these leads were made"
    ahead = _count_ahead(view, ids)
    if not ahead:
        return "recent", f"The stated times lie within {days}, as far as the clock was right."
    if ahead == len(ids):
        return (
            "dated in the future",
            "The stated times lie in the future: the clock was ahead or the times were changed, "
            "so the media may be recent.",
        )
    return (
        "recent or dated in the future",
        f"Of {len(ids):,} stated times {len(ids) - ahead:,} lie within {days}, as far as the clock "
        f"was right, and {ahead:,} in the future, where the clock was ahead or the time was "
        "changed.",
    )


def _basis(view: CaseView, group: list[MediaFacts]) -> list[tuple[str, str]]:
    usable = sum(has_usable_hash(m) for m in group)
    lists = listed(shown(one.name) for one in view.checked_lists)
    return [
        ("media", f"{len(group):,}"),
        ("compared with", lists or "not checked: no list is loaded"),
        ("comparable as near-copies", f"{usable:,} of {len(group):,}"),
    ]


def _clock_ahead(view: CaseView, ids: list[str]) -> list[tuple[str, str]]:
    ahead = _count_ahead(view, ids)
    return [("times that lie in the future", f"{ahead:,}")] if ahead else []


def _count_ahead(view: CaseView, ids: list[str]) -> int:
    return sum(view.time_of[i].earliest_at > view.facts.now_at for i in ids if i in view.time_of)


def _near_known(view: CaseView) -> frozenset[str]:
    near: set[str] = set()
    for pair in view.pairs:
        if pair.media_a in view.known:
            near.add(pair.media_b)
        if pair.media_b in view.known:
            near.add(pair.media_a)
    return frozenset(near)


def _closeness(view: CaseView, ids: list[str], near_known: frozenset[str]) -> list[tuple[str, str]]:
    if not view.checked_lists:
        return []
    return [("near-copies of media that match a list", f"{sum(i in near_known for i in ids):,}")]
