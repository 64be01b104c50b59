"""Bursts: media taken one right after the other, by one camera or in one folder."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from firstlight.link.camera import media_camera
from firstlight.link.clock import StatedTime, taken_time
from firstlight.link.group import group_rows
from firstlight.model.facts import MediaFacts

NUMBER_STEP_MAX = 2
"""In a folder without camera data, numbers in names may leave out one."""

_DIGITS = re.compile(rb"\d+")
_NUMBER_CHARS_MAX = 18


@dataclass(frozen=True, slots=True)
class Burst:
    """Media that follow one another closely.

    Args:
        basis: ``camera`` (one camera's clock) or ``folder`` (numbered names, file times).
        key: What they share, as one text; for sorting, not for people.
        media_ids: Sorted, at least two.
        span_s: From first to last.
    """

    basis: str
    key: str
    media_ids: tuple[str, ...]
    span_s: float


def find_bursts(media: Iterable[MediaFacts], gap_s: float) -> tuple[Burst, ...]:
    """Find the bursts of pictures and videos; sorted, whatever order things come in.

    One camera: the same body serial, or without serial the same model within one source. A
    clock with a stated zone is compared as UTC; clocks without are compared only among
    themselves. Without camera data: one folder of one source, names alike but for a number
    that goes on, and file times close to one another.

    Args:
        gap_s: Longest pause inside a burst, inclusive.
    Cost: O(n log n).
    Evidence: Close in time is not same scene. File times are often those of copying.
    """
    visual = [one for one in media if one.is_visual]
    found = (*_camera_bursts(visual, gap_s), *_folder_bursts(visual, gap_s))
    return tuple(sorted(found, key=lambda b: (b.media_ids, b.basis, b.key)))


def _camera_bursts(media: list[MediaFacts], gap_s: float) -> Iterator[Burst]:
    groups: dict[tuple[str, str, int, bool], list[tuple[float, str]]] = {}
    for one in media:
        camera, stated = media_camera(one), taken_time(one.metadata)
        if camera is None or stated is None:
            continue
        when = _seconds(stated)
        # Without a serial two bodies of one model cannot be told apart: stay within a source.
        places = {0} if camera.has_serial else {s.source_id for s in one.sightings}
        for place in places:
            key = (camera.device, camera.body_serial, place, stated.offset is not None)
            groups.setdefault(key, []).append((when, one.media_id))
    for key, members in groups.items():
        yield from _cut("camera", repr(key), members, gap_s)


def _cut(basis: str, key: str, members: list[tuple[float, str]], gap_s: float) -> Iterator[Burst]:
    members.sort()
    run: list[tuple[float, str]] = []
    for member in members:
        if run and member[0] - run[-1][0] > gap_s:
            yield from _burst(basis, key, run)
            run = []
        run.append(member)
    yield from _burst(basis, key, run)


def _burst(basis: str, key: str, run: list[tuple[float, str]]) -> Iterator[Burst]:
    ids = {media_id for _, media_id in run}
    if len(ids) > 1:
        times = [when for when, _ in run]
        yield Burst(basis, key, tuple(sorted(ids)), max(times) - min(times))


def _folder_bursts(media: list[MediaFacts], gap_s: float) -> Iterator[Burst]:
    groups: dict[tuple[int, bytes, bytes], list[tuple[int, float, str]]] = {}
    for one in media:
        if media_camera(one) is not None:
            continue
        for sighting in one.sightings:
            folder, name = posixpath.split(sighting.full_path)
            number = _last_number(name)
            if number is None or sighting.mtime_ns is None:
                continue
            key = (sighting.source_id, folder, _DIGITS.sub(b"#", name))
            groups.setdefault(key, []).append((number, sighting.mtime_ns / 1e9, one.media_id))
    for key, members in groups.items():
        if len(members) > 1:
            members.sort()
            labels = group_rows(len(members), _steps(members, gap_s))
            for run in _by_label(labels, members):
                yield from _burst("folder", repr(key), run)


def _steps(members: list[tuple[int, float, str]], gap_s: float) -> Iterator[tuple[int, int]]:
    """Edges between rows whose numbers and times are both close.

    In a window of numbers all are close by number, so neighbours in time make the edges: the
    groups are those of the relation itself, and one media more never parts two.
    """
    end = 0
    for start, (number, _, _) in enumerate(members):
        if start and members[start - 1][0] == number:
            continue
        while end < len(members) and members[end][0] <= number + NUMBER_STEP_MAX:
            end += 1
        window = sorted(range(start, end), key=lambda row: members[row][1])
        for left, right in pairwise(window):
            if members[right][1] - members[left][1] <= gap_s:
                yield left, right


def _by_label(
    labels: list[int], members: list[tuple[int, float, str]]
) -> Iterable[list[tuple[float, str]]]:
    runs: dict[int, list[tuple[float, str]]] = {}
    for label, (_, when, media_id) in zip(labels, members, strict=True):
        runs.setdefault(label, []).append((when, media_id))
    return runs.values()


def _last_number(name: bytes) -> int | None:
    found = _DIGITS.findall(posixpath.splitext(name)[0])
    return int(found[-1]) if found and len(found[-1]) <= _NUMBER_CHARS_MAX else None


def _seconds(stated: StatedTime) -> float:
    local, moved_s = stated.local, (stated.offset or timedelta()).total_seconds()
    whole = (local.toordinal() * 86400) + local.hour * 3600 + local.minute * 60 + local.second
    return whole - moved_s + local.microsecond / 1e6
