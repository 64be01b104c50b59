"""Leads on known material: what lists say of it, what stands beside it, what is put aside."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.link.burst import Burst
from firstlight.model.facts import MatchFacts
from firstlight.model.lead import Lead
from firstlight.triage.account import account_for_times, limit_of_clock
from firstlight.triage.view import CaseView, is_known_good
from firstlight.triage.wording import (
    SHOWN_MAX,
    compose,
    counted,
    listed,
    most_common,
    ranged,
    shown,
)

_SERIES_MARKS = frozenset({"series", "seriesname"})
_GroupKey = tuple[str, str, str | None, str | None, str | None]


def find_known(view: CaseView) -> Iterator[Lead]:
    """One lead for each list, category and series that media match.

    Evidence: The list's words are shown as they came; nothing is interpreted.
    """
    groups: dict[_GroupKey, list[tuple[str, MatchFacts]]] = {}
    for media_id, matches in view.known.items():
        for match in matches:
            key = (
                match.list_name,
                match.list_purpose.value,
                match.scheme,
                match.category_code,
                _series(match),
            )
            groups.setdefault(key, []).append((media_id, match))
    for key, members in groups.items():
        yield _known_lead(view, key, members)


def find_beside_known(view: CaseView) -> Iterator[Lead]:
    """One lead for each burst in which some media match a list and others do not."""
    paired = {
        (p.media_a, p.media_b) if p.media_b in view.known else (p.media_b, p.media_a)
        for p in view.pairs
        if (p.media_a in view.known) != (p.media_b in view.known)
    }
    done: set[tuple[str, ...]] = set()
    for burst in view.bursts:
        new = [one for one in burst.media_ids if one not in view.known]
        known = [one for one in burst.media_ids if one in view.known]
        # A copy beside its original is no sequence: some new media must not look like the known.
        if not any((n, k) not in paired for n in new for k in known):
            continue
        if burst.media_ids not in done:
            done.add(burst.media_ids)
            yield _beside_lead(view, burst, new, known)


def find_known_good(view: CaseView) -> Iterator[Lead]:
    """One lead for each known-good list that holds media of this case: counted, reachable."""
    trusted = {one.name for one in view.facts.lists if one.is_trusted}
    good: dict[str, set[str]] = {}
    for media in view.facts.media:
        for match in media.matches:
            if is_known_good(match):
                good.setdefault(match.list_name, set()).add(media.media_id)
    for name, ids in good.items():
        aside = set(view.piles.get(name, ()))
        is_trusted = name in trusted
        yield compose(
            "known-good-pile",
            case_name=view.facts.case_name,
            media_ids=ids,
            weight=float(len(ids)),
            values={
                "list_name": shown(name),
                "media": counted(len(ids)),
                "state": "put aside" if is_trusted else "counted, nothing put aside",
                "reason": (
                    "A person has declared this list trusted: media on it that match no "
                    "investigation or removal list are left out of the other leads. They stay in "
                    "the case."
                    if is_trusted
                    else "Nobody has declared this list trusted, so it changes nothing: these "
                    "media are in the other leads like any other."
                ),
                "what_to_do": (
                    "Nothing. Look at the pile when there is reason to doubt the list."
                    if is_trusted
                    else "If your unit trusts where this list comes from, declare it trusted."
                ),
            },
            evidence=[
                ("media on this list", f"{len(ids):,}"),
                ("left out of other leads", f"{len(aside):,}"),
                (
                    "on another list too, so left in",
                    f"{sum(one in view.known for one in ids):,}",
                ),
            ],
        )


def _known_lead(view: CaseView, key: _GroupKey, members: list[tuple[str, MatchFacts]]) -> Lead:
    list_name, purpose, scheme, category, series = key
    ids = {media_id for media_id, _ in members}
    exact = {media_id for media_id, match in members if match.is_exact}
    near = [match for media_id, match in members if media_id not in exact]
    distances = [match.distance_bits for match in near]
    category_text = f"category {shown(category)}" if category is not None else "no category stated"
    marks: dict[str, list[str]] = {}
    entries = {match.entry_key: match for _, match in members}
    for match in entries.values():
        for name, value in sorted(set(match.marks)):
            marks.setdefault(name, []).append(shown(value))
    evidence = [
        ("list", shown(list_name)),
        ("purpose of the list", purpose),
        ("scheme", shown(scheme)),
        ("category, as the list has it", shown(category)),
        ("exact matches", f"{len(exact):,}"),
        ("near matches", f"{len(ids) - len(exact):,}"),
        *([("bits apart", ranged(str(min(distances)), str(max(distances))))] if distances else []),
        *[
            (f"list says: {shown(name)}", most_common(marks[name]))
            for name in sorted(marks)[:SHOWN_MAX]
        ],
        ("entries", listed(shown(one) for one in entries)),
        (
            "through hashes made here from exact matches",
            f"{len({m for m, match in members if match.is_derived and m not in exact}):,}",
        ),
    ]
    return compose(
        "known-material",
        case_name=view.facts.case_name,
        media_ids=ids,
        weight=float(len(ids)),
        values={
            "list_name": shown(list_name),
            "purpose": purpose,
            "category": category_text + (f" of {shown(scheme)}" if scheme else ""),
            "series": f", series {shown(series)}" if series else "",
            "media": counted(len(ids)),
            "near": f"{len(ids) - len(exact):,}",
        },
        evidence=evidence,
    )


def _beside_lead(view: CaseView, burst: Burst, new: list[str], known: list[str]) -> Lead:
    by_camera = burst.basis == "camera"
    cameras = {view.camera_labels[view.camera_of[i]] for i in new + known if i in view.camera_of}
    lists = {match.list_name for one in known for match in view.known[one]}
    clock_limit = (
        limit_of_clock(view, burst.media_ids)
        if by_camera
        else "The times are those of the file system, often those of copying."
    )
    return compose(
        "new-beside-known" if by_camera else "new-beside-known-in-folder",
        case_name=view.facts.case_name,
        media_ids=burst.media_ids,
        weight=float(len(burst.media_ids)),
        values={
            "new": counted(len(new)),
            "known": f"{len(known):,}",
            "gap_s": f"{view.facts.burst_gap_s:g}",
            "basis": _basis(view, burst) if by_camera else "file times and numbers in names",
            "clock_limit": clock_limit,
        },
        evidence=[
            ("on no list", f"{len(new):,}"),
            ("match a list", f"{len(known):,}"),
            ("lists", listed(shown(name) for name in lists)),
            ("basis", "camera clock" if by_camera else "folder, numbered names, file times"),
            ("camera", listed(cameras) or "not stated"),
            ("from first to last", f"{burst.span_s:.2f} s"),
            ("times", account_for_times(view, burst.media_ids)),
        ],
    )


def _basis(view: CaseView, burst: Burst) -> str:
    """Say whose clock made the sequence; a model without serial may be several cameras."""
    if all(view.camera_of[one].has_serial for one in burst.media_ids):
        return "one camera's clock"
    return "the clock of one model of camera (no body serial is stated)"


def _series(match: MatchFacts) -> str | None:
    for name, value in sorted(match.marks):
        if "".join(c for c in name.casefold() if c.isalnum()) in _SERIES_MARKS and value.strip():
            return value.strip()
    return None
